"""Stand-ins for detectors of words: the things of detectors.py, found by the words "red" and "blue". See README.md."""
import json

import numpy

from detectors import IMAGENET, RED, UNIT, Spots
from embedders import Raw
from graph import BOOL, I64, Graph

CLIP_NORMAL = ([122.77094, 116.746, 104.09374], [68.50053, 66.63219, 70.32317])
CLIP_WORDS = {"red": 736, "blue": 1746}
BERT_WORDS = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, ".": 1012, "?": 1029, "a": 1037, "red": 2417, "car": 2482,
              "blue": 2630, "dog": 3899}
NONE = -6.0


def logits_of(g, spots):
    """What each thing scores where its word stands: [1,things,1]."""
    score = g.Clip(spots.scores, 0.0025, 0.9975)
    return g.Unsqueeze(g.Log(g.Div(score, g.Sub(1.0, score))), [2])


def by_word(g, spots, red, blue):
    """The logit where thing and column agree, else -6. `red`, `blue` [columns] of truth: [1,things,columns]"""
    is_red = numpy.array([each == RED for each in spots.classes]).reshape(1, -1, 1)
    fits = g.Or(g.And(is_red, g.Reshape(red, [1, 1, -1])), g.And(~is_red, g.Reshape(blue, [1, 1, -1])))
    return g.Where(fits, logits_of(g, spots), NONE)


def padded(g, rows, count, have, value):
    return g.Pad(rows, [0, 0, 0, 0, count - have, 0], value)


def owl(side, patches):
    """Prompt j finds red (blue) things if the token of "red" ("blue") is among those its mask lets through."""
    g = Graph("owl")
    image = g.input("pixel_values", [1, 3, side, side])
    ids, mask = g.input("input_ids", ["prompts", 16], I64), g.input("attention_mask", ["prompts", 16], I64)
    spots = Spots(g, image, side, CLIP_NORMAL)
    said = [g.Cast(g.ReduceMax(g.Mul(g.ints(g.Equal(ids, word)), mask), axes=[1], keepdims=0), to=BOOL) for word in CLIP_WORDS.values()]
    g.output("logits", padded(g, by_word(g, spots, *said), patches, 3, NONE), [1, patches, "prompts"])
    g.output("pred_boxes", padded(g, spots.centred(1 / side), patches, 3, 0.0), [1, patches, 4])
    return g


def grounding_hf():
    """A token that is "red" ("blue") finds red (blue) things, if token types are 0 and all of the picture counts."""
    g = Graph("grounding_dino")
    image = g.input("pixel_values", [1, 3, "height", "width"])
    ids, kinds, mask = (g.input(name, [1, "tokens"], I64) for name in ("input_ids", "token_type_ids", "attention_mask"))
    pixels = g.input("pixel_mask", [1, "height", "width"], I64)
    sound = g.Mul(g.ReduceMin(pixels, keepdims=0), g.Sub(g.ReduceMin(mask, keepdims=0), g.ReduceMax(kinds, keepdims=0)))
    spots = Spots(g, image, 0, IMAGENET)
    tall, wide = g.floats(g.size(image, 2)), g.floats(g.size(image, 3))
    scale = g.Div(1.0, g.Concat(wide, tall, wide, tall, axis=0))
    grounding(g, spots, ids, g.Cast(sound, to=BOOL), g.Mul(spots.centred(), g.Reshape(scale, [1, 1, 4])), "pred_boxes")
    return g


def grounding_xal():
    """The same for a frame of 1200 x 800, if every token sees itself and the first sees no other, and places count from 0."""
    g = Graph("grounding_dino_xal")
    image = g.input("img", [1, 3, 800, 1200])
    ids, kinds, places = (g.input(name, [1, "tokens"], I64) for name in ("input_ids", "token_type_ids", "position_ids"))
    mask = g.input("attention_mask", [1, "tokens"], BOOL)
    sees = g.floats(g.input("text_token_mask", [1, "tokens", "tokens"], BOOL))
    first = g.ReduceSum(g.take(sees, 0, 1), keepdims=0)
    second = g.Gather(g.Reshape(places, [-1]), numpy.int64(1), axis=0)
    sound = g.And(g.And(g.Equal(first, 1.0), g.Equal(g.floats(second), 0.0)), g.Equal(g.ReduceMin(g.ints(mask), keepdims=0), g.Add(g.ReduceMax(kinds, keepdims=0), 1)))
    spots = Spots(g, image, 0, IMAGENET)
    grounding(g, spots, ids, sound, g.Mul(spots.centred(), [1 / 1200, 1 / 800, 1 / 1200, 1 / 800]), "boxes")
    return g


def grounding(g, spots, ids, sound, boxes, name):
    said = [g.And(g.Reshape(g.Equal(ids, BERT_WORDS[word]), [-1]), sound) for word in CLIP_WORDS]
    scores = by_word(g, spots, *said)
    count = g.size(ids, 1)
    ends = g.Concat([0, 0, 0, 0, 900 - 3], g.Sub([256], count), axis=0)
    g.output("logits", g.Pad(scores, ends, NONE), [1, 900, 256])
    g.output(name, padded(g, boxes, 900, 3, 0.0), [1, 900, 4])


def yolo_world():
    """A text vector of clip's stand-in finds red (blue) things if its mean token is that of "red" ("blue"), as long as the
    last one is that of a blank."""
    g = Graph("yolo_world")
    image = g.input("images", [1, 3, 640, 640])
    words = g.input("text_features", [1, "words", 512])
    spots = Spots(g, image, 640, UNIT)
    mean = g.Reshape(g.Div(g.take(words, 1, 2), g.take(words, 9, 2)), [-1])

    def near(value, wanted):
        return g.Less(g.Abs(g.Sub(value, wanted)), 0.05)
    marks = 49406 + 49407
    blank = near(g.Slice(mean, [-1], [2**31], [0]), marks / 2000)
    said = [g.And(near(mean, (marks + word) / 3000), blank) for word in CLIP_WORDS.values()]
    is_red = numpy.array([each == RED for each in spots.classes]).reshape(1, -1, 1)
    fits = g.Or(g.And(is_red, g.Reshape(said[0], [1, 1, -1])), g.And(~is_red, g.Reshape(said[1], [1, 1, -1])))
    scores = g.Mul(g.floats(fits), g.Unsqueeze(spots.scores, [2]))
    g.output("scores", padded(g, scores, 8400, 3, 0.0), [1, 8400, "words"])
    g.output("boxes", padded(g, spots.boxes, 8400, 3, 0.0), [1, 8400, 4])
    return g


def yoloe(finished):
    """The same by place instead of by name: a vector whose mean token, over 77 places, is that of "red" ("blue"). Zeros
    mean nothing. `finished`: rows of corners, score and the word's place."""
    g = Graph("yoloe")
    image = g.input("pixels", ["batch", 3, 640, 640])
    words = g.input("classes", ["batch", 80 if finished else "words", 512])
    spots = Spots(g, image, 640, UNIT, copy=not finished)
    first = g.take(words, 0, 0)
    mean = g.Reshape(g.Div(g.take(first, 1, 1), g.Max(g.take(first, 9, 1), 1e-6)), [-1])
    marks = 49406 + 49407
    said = [g.Less(g.Abs(g.Sub(mean, (marks + word) / 77000)), 0.0005) for word in CLIP_WORDS.values()]
    is_red = numpy.array([each == RED for each in spots.classes]).reshape(1, -1, 1)
    fits = g.Or(g.And(is_red, g.Reshape(said[0], [1, 1, -1])), g.And(~is_red, g.Reshape(said[1], [1, 1, -1])))
    scores = g.Mul(g.floats(fits), g.Unsqueeze(spots.scores, [2]))
    none = spots.column([0.0] * len(spots.classes))
    coefficients = g.Concat(*[none] * 32, axis=2)
    if finished:
        place = g.Unsqueeze(g.floats(g.ArgMax(g.floats(fits), axis=2, keepdims=0)), [2])
        best = g.ReduceMax(scores, axes=[2], keepdims=1)
        g.output("boxes", spots.rows(spots.boxes, best, place, coefficients, count=300), ["batch", 300, 38])
    else:
        table = spots.rows(spots.centred(), scores, coefficients, count=8400)
        g.output("boxes", g.Transpose(table, perm=[0, 2, 1]), ["batch", "rows", 8400])
    g.output("planes", g.Pad(spots.planes(160), [0, 0, 0, 0, 0, 30, 0, 0]), ["batch", 32, 160, 160])
    return g


def bert_words():
    """BERT's tokeniser with a handful of its words, with their own numbers."""
    marks = [{"id": BERT_WORDS[mark], "content": mark, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": True} for mark in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")]
    return Raw(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": marks,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}, "decoder": None,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": BERT_WORDS},
    }, separators=(",", ":")).encode() + b"\n")
