"""Stand-ins for the embedder families: see README.md for what they compute."""
import io
import json

import numpy

from graph import I64, Graph


def region(g, image, rows, columns):
    """Mean colour of a part of the picture: `rows` and `columns` are halves (2) or all of it (1). [batch,3]"""
    tall, wide = g.Div(g.size(image, 2), [rows]), g.Div(g.size(image, 3), [columns])
    part = g.Slice(image, [0, 0], g.Concat(tall, wide, axis=0), [2, 3])
    return g.ReduceMean(part, axes=[2, 3], keepdims=0)


def colour_vector(g, image, length):
    """Mean colour of the whole, of its left half, of its upper half, then 1, then zeros: [batch,length]."""
    means = g.Concat(*(region(g, image, *halves) for halves in ((1, 1), (1, 2), (2, 1))), axis=1)
    return g.Pad(g.Pad(means, [0, 0, 0, 1], 1.0), [0, 0, 0, length - 10])


def vision(name, image_input, output, side, length, batch="batch"):
    g = Graph(name)
    image = g.input(image_input, [batch, 3, side, side])
    g.output(output, colour_vector(g, image, length), [batch, length])
    return g


def text_vector(g, ids, length, place):
    """[place of the text's end, mean id / 1000, number of ids, first id, 0 …, 1 at 9, 0 …]: [batch,length]."""
    values = g.floats(ids)
    count = g.Expand(g.floats(g.size(ids, 1)), g.Shape(place))
    mean = g.Div(g.ReduceMean(values, axes=[1], keepdims=1), 1000.0)
    parts = g.Concat(place, mean, count, g.Slice(values, [0], [1], [1]), axis=1)
    return g.Pad(g.Pad(g.Pad(parts, [0, 0, 0, 5]), [0, 0, 0, 1], 1.0), [0, 0, 0, length - 10])


def clip_text(name, ids_input, output, length, tokens):
    g = Graph(name)
    ids = g.input(ids_input, ["batch", tokens], I64)
    end = g.floats(g.ArgMax(ids, axis=1, keepdims=1, select_last_index=0))  # the first of the largest ids: the end of text
    g.output(output, text_vector(g, ids, length, end), ["batch", length])
    return g


def siglip_vision():
    g = Graph("siglip_vision")
    image = g.input("pixel_values", ["batch", 3, 224, 224])
    g.output("last_hidden_state", patches(g, image, 16, 768), ["batch", 196, 768])
    g.output("pooler_output", colour_vector(g, image, 768), ["batch", 768])
    return g


def siglip_text():
    """Pools the last of 64 places: a text that is not padded to its length is told from one that is."""
    g = Graph("siglip_text")
    ids = g.input("input_ids", ["batch", "tokens"], I64)
    last = g.floats(g.Slice(ids, [-1], [2**31], [1]))
    hidden = g.Expand(g.Unsqueeze(g.floats(ids), [2]), [1, 1, 768])
    g.output("last_hidden_state", hidden, ["batch", "tokens", 768])
    g.output("pooler_output", text_vector(g, ids, 768, last), ["batch", 768])
    return g


def patches(g, image, patch, length):
    """One token a patch, row by row: its mean colour, then zeros. [batch,patches,length]"""
    mean = g.AveragePool(image, kernel_shape=[patch, patch], strides=[patch, patch])
    tokens = g.Transpose(g.Reshape(mean, [0, 3, -1]), perm=[0, 2, 1])
    return g.Pad(tokens, [0, 0, 0, 0, 0, length - 3])


def dino(name, patch, length, registers, pooled):
    """The class token is the colour vector; register tokens, if any, are sevens; then the patches."""
    g = Graph(name)
    image = g.input("pixel_values", ["batch", 3, "height", "width"])
    vector = colour_vector(g, image, length)
    head = g.Unsqueeze(vector, [1])
    if registers:
        shape = g.Concat(g.size(image, 0), [registers, length], axis=0)
        head = g.Concat(head, g.Expand(7.0, shape), axis=1)
    g.output("last_hidden_state", g.Concat(head, patches(g, image, patch, length), axis=1), ["batch", "tokens", length])
    if pooled:
        g.output("pooler_output", vector, ["batch", length])
    return g


def efficientnet():
    g = Graph("efficientnet")
    image = g.input("image", ["batch", 3, 224, 224])
    vector = colour_vector(g, image, 1280)
    g.output("logits", g.Slice(vector, [0], [1000], [1]), ["batch", 1000])
    g.output("embedding", vector, ["batch", 1280])
    return g


def sentence_text(length=10):
    """A vector for each token: [number / 1000, 0 …, 1 at 9]; padding holds sevens, which must not count."""
    g = Graph("sentence_text")
    ids, mask, kinds = (g.input(name, ["batch", "tokens"], I64) for name in ("input_ids", "attention_mask", "token_type_ids"))
    value = g.Unsqueeze(g.Div(g.Add(g.floats(ids), g.floats(kinds)), 1000.0), [2])
    tokens = g.Pad(g.Pad(value, [0, 0, 0, 0, 0, length - 2]), [0, 0, 0, 0, 0, 1], 1.0)
    counts = g.Equal(g.Unsqueeze(mask, [2]), 1)
    g.output("last_hidden_state", g.Where(counts, tokens, 7.0), ["batch", "tokens", length])
    return g


class Raw:
    """A file that is no graph."""

    def __init__(self, raw):
        self.raw = raw

    def bytes(self):
        return self.raw


def stretch_map(rows=10, columns=1280):
    """Value i goes to place i, twice as large."""
    out = io.BytesIO()
    numpy.save(out, 2 * numpy.eye(rows, columns, dtype="float16"))
    return Raw(out.getvalue())


def small_vocabulary():
    return Raw("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "blue", "car", "##s", "a", "dog"]).encode() + b"\n")


def small_pieces():
    """SentencePiece as SigLIP has it: 0 nothing, 1 the end, 2 unknown, then words that begin with a mark of a blank."""
    words = ["<pad>", "</s>", "<unk>", "▁a", "▁red", "▁blue", "▁car", "s", "▁photo", "▁of"]
    ends = {"type_id": 0, "id": "</s>"}
    return Raw(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None,
        "added_tokens": [{"id": 1, "content": "</s>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}],
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": ends}],
                           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": ends}],
                           "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
        "decoder": None, "model": {"type": "Unigram", "unk_id": 2, "byte_fallback": False, "vocab": [[word, -float(at)] for at, word in enumerate(words)]},
    }, ensure_ascii=False).encode() + b"\n")
