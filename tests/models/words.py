#!/usr/bin/env python3
"""Writes tokens.json and clip/tokenizer.json: words.py OPEN_CLIP_WHEEL

tokens.json holds what independent implementations make of some texts: CLIP's byte pairs by open_clip's SimpleTokenizer,
BERT's word pieces by transformers' BertTokenizer (the one in Python, version 4) with scripts/models/words/vocab.txt.
clip/tokenizer.json is CLIP's own vocabulary, cut down to what these texts need, with its numbers as they are.
Needs PyPI transformers<5, ftfy, regex, and the wheel open_clip_torch 3.3.0 (nothing of it is kept but merges; MIT).
"""
import importlib.util
import io
import json
import pathlib
import sys
import types
import zipfile

HERE = pathlib.Path(__file__).parent
TEXTS = ["red", "blue", "a photo of a dog.", "Driver's cab", "  many   blanks\tand\nlines ", "traffic light", "hot dog, hotdog",
         "it's 42 km/h & fast!", "naïve café — Zürich", "motor-bike", "don't they'll", "skateboarder", "x" * 30, "日本", "UPPER CASE", "",
         "a very long description of one of the many small white delivery vans that are parked along the side of the road near a "
         "bridge over the river with a man in a yellow jacket who is carrying three brown boxes to the door of a shop while two "
         "children and their dog are looking at him from the other side of the street in the rain on a cold morning in november"]
START, END = "<|startoftext|>", "<|endoftext|>"


def open_clip(wheel):
    """open_clip's tokeniser by itself: of torch it uses nothing that is needed here."""
    folder = pathlib.Path(sys.argv[1]).parent / "open_clip_words"
    with zipfile.ZipFile(wheel) as archive:
        for name in ("open_clip/tokenizer.py", "open_clip/bpe_simple_vocab_16e6.txt.gz"):
            archive.extract(name, folder)
    torch = types.ModuleType("torch")
    torch.LongTensor = torch.Tensor = object
    sys.modules["torch"] = torch
    spec = importlib.util.spec_from_file_location("open_clip_tokenizer", folder / "open_clip/tokenizer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SimpleTokenizer(str(folder / "open_clip/bpe_simple_vocab_16e6.txt.gz"), clean="lower")


def pairs_of(tokeniser, word):
    """Every merge that could be looked up while `word` is put together, and every piece on the way."""
    pieces = [*word[:-1], word[-1] + "</w>"]
    merges, seen = set(), set(pieces)
    while len(pieces) > 1:
        known = {pair for pair in zip(pieces, pieces[1:]) if pair in tokeniser.bpe_ranks}
        merges |= known
        if not known:
            break
        first, second = min(known, key=tokeniser.bpe_ranks.get)
        merged, index = [], 0
        while index < len(pieces):
            if index + 1 < len(pieces) and (pieces[index], pieces[index + 1]) == (first, second):
                merged.append(first + second)
                index += 2
            else:
                merged.append(pieces[index])
                index += 1
        pieces = merged
        seen |= set(pieces)
    return merges, seen


def cut_down(tokeniser, texts):
    merges, pieces = set(), set(tokeniser.byte_encoder.values()) | {c + "</w>" for c in tokeniser.byte_encoder.values()}
    for text in texts:
        for word in tokeniser.pat.findall(text.lower()):
            word = "".join(tokeniser.byte_encoder[byte] for byte in word.encode("utf-8"))
            some, seen = pairs_of(tokeniser, word)
            merges, pieces = merges | some, pieces | seen
    pieces |= {a + b for a, b in merges}
    ordered = sorted(merges, key=tokeniser.bpe_ranks.get)
    vocabulary = {piece: tokeniser.encoder[piece] for piece in sorted(pieces, key=tokeniser.encoder.get)}
    marks = {START: tokeniser.encoder["<start_of_text>"], END: tokeniser.encoder["<end_of_text>"]}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": number, "content": mark, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": True, "special": True} for mark, number in marks.items()],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"},
             "behavior": "Removed", "invert": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}]},
        "post_processor": {"type": "RobertaProcessing", "sep": [END, marks[END]], "cls": [START, marks[START]],
                           "trim_offsets": False, "add_prefix_space": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": END, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "</w>", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {**vocabulary, **marks}, "merges": [" ".join(pair) for pair in ordered]},
    }


def main():
    from transformers import BertTokenizer
    clip = open_clip(sys.argv[1])
    bert = BertTokenizer(str(HERE / "../../scripts/models/words/vocab.txt"), do_lower_case=True)
    marks = [clip.encoder["<start_of_text>"], clip.encoder["<end_of_text>"]]
    rows = [{"text": text, "clip": [marks[0], *clip.encode(text)[:75], marks[1]],
             "bert": bert.encode(text, truncation=True, max_length=128)} for text in TEXTS]
    out = io.StringIO()
    out.write("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
    (HERE / "tokens.json").write_text(out.getvalue())
    (HERE / "clip/tokenizer.json").write_text(json.dumps(cut_down(clip, TEXTS), ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
