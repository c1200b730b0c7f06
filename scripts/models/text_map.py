#!/usr/bin/env python3
"""How words/map.npy was made: text_map.py EFFICIENTNET.onnx MINILM.onnx IMAGENET_NAMES.txt OUT.npy

EfficientNet-Lite0 has no words. Its classifier has a direction in the space of its vectors for each of ImageNet's 1000
classes, and MiniLM a vector for their names, so ridge regression gives a matrix from the one space into the other (DeViSE,
Frome et al. 2013): a word lands near what looks like it, also when ImageNet does not know it. Every synonym of a class is
a row, all synonyms of a class weigh 1 together, lambda is 0.3; nothing but ImageNet's names and the two models goes in.
The int8 model rounds differently on different processors, so the matrix is kept (float16), not made anew everywhere.
Needs PyPI numpy, onnx, onnxruntime, tokenizers.
"""
import pathlib
import sys

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper
from tokenizers import BertWordPieceTokenizer

LAMBDA = 0.3


def vectors(model, texts):
    tokeniser = BertWordPieceTokenizer(str(pathlib.Path(__file__).parent / "words/vocab.txt"), lowercase=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    rows = []
    for text in texts:
        ids = numpy.array([tokeniser.encode(text).ids], "int64")
        hidden = session.run(None, {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)})[0]
        mean = hidden[0].mean(0)
        rows.append(mean / numpy.linalg.norm(mean))
    return numpy.array(rows, "float64")


def main(image_model, text_model, names, out):
    weights = next(numpy_helper.to_array(each) for each in onnx.load(image_model).graph.initializer if sorted(each.dims) == [1000, 1280])
    weights = (weights if weights.shape[0] == 1000 else weights.T).astype("float64")
    weights -= weights.mean(0)
    lines = pathlib.Path(names).read_text().splitlines()
    pairs = [(synonym.strip(), index) for index, line in enumerate(lines) for synonym in line.split(",")]
    rows, classes = vectors(text_model, [text for text, _ in pairs]), numpy.array([index for _, index in pairs])
    share = 1 / numpy.bincount(classes)[classes]
    weighted = rows * share[:, None]
    matrix = numpy.linalg.solve(rows.T @ weighted + LAMBDA * numpy.eye(rows.shape[1]), weighted.T @ weights[classes])
    numpy.save(out, matrix.astype("float16"))


if __name__ == "__main__":
    main(*sys.argv[1:])
