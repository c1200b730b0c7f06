#!/usr/bin/env python3
"""Detectors: Tator's adapters beside bare ONNX Runtime and the authors' own pre- and post-processing, in one run.

    detectors.py COCO MODEL... [--images 128] [--threads 2] [--rounds 3] [--work DIR]

COCO is a folder with instances_val2017.json and images/val2017/, a MODEL a folder with a model.toml (scripts/models/
describe.py writes one) of the family yolox, picodet, nanodet or fastestdet, with COCO's classes. Quality is mAP by
pycocotools over the first pictures: of Tator, and of the reference below, which is written in numpy after the authors'
demos and shares no line with Tator. Speed is pictures a second of Tator (from decoded pictures to boxes) and of bare ONNX
Runtime (the network alone, inputs ready), round by round in turn; the best round counts. Prints a Markdown table.
Needs the packages of requirements.txt, and cargo. Of 12,000 rows a picture no more than 300 are kept.
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import tomllib

import numpy
import onnxruntime
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEAN, STD = numpy.array([123.675, 116.28, 103.53], "float32"), numpy.array([58.395, 57.12, 57.375], "float32")
OVERLAP = {"yolox": 0.45, "picodet": 0.5, "nanodet": 0.6, "fastestdet": 0.45}
FLOOR = 0.02


def resize(image, width, height):
    """Bilinear between pixel centres, not smoothed: OpenCV's INTER_LINEAR."""
    def axis(old, new):
        at = numpy.clip((numpy.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        low = numpy.floor(at).astype(int)
        return low, numpy.minimum(low + 1, old - 1), (at - low).astype("float32")
    (y0, y1, sy), (x0, x1, sx) = axis(image.shape[0], height), axis(image.shape[1], width)
    image = image.astype("float32")
    rows = image[y0] + (image[y1] - image[y0]) * sy[:, None, None]
    return numpy.rint(rows[:, x0] + (rows[:, x1] - rows[:, x0]) * sx[None, :, None])


def prepare(family, image, side):
    """The network's input and how many of its pixels one of the picture is, across and down."""
    height, width = image.shape[:2]
    if family == "yolox":
        ratio = min(side / width, side / height)
        new = int(width * ratio), int(height * ratio)
        frame = numpy.full((side, side, 3), 114, "float32")
        frame[:new[1], :new[0]] = resize(image, *new)
        frame, scale = frame[..., ::-1], (ratio, ratio)
    else:
        frame, scale = resize(image, side, side), (side / width, side / height)
        if family == "fastestdet":
            frame = frame[..., ::-1] / 255
        else:
            frame = (frame - MEAN) / STD
            frame = frame[..., ::-1] if family == "nanodet" else frame
    return numpy.ascontiguousarray(frame.transpose(2, 0, 1)[None], dtype="float32"), scale


def grid(side, stride):
    cells = -(-side // stride)
    y, x = numpy.divmod(numpy.arange(cells * cells), cells)
    return numpy.stack([x, y], 1).astype("float32")


def decode(family, outputs, side):
    """Corners in the frame [n,4] and scores [n,80]."""
    if family == "yolox":
        rows = outputs[0][0]
        cells = numpy.concatenate([grid(side, stride) for stride in (8, 16, 32)])
        strides = numpy.concatenate([numpy.full((len(grid(side, s)), 1), s) for s in (8, 16, 32)])
        centre, size = (rows[:, :2] + cells) * strides, numpy.exp(rows[:, 2:4]) * strides
        return numpy.concatenate([centre - size / 2, centre + size / 2], 1), rows[:, 4:5] * rows[:, 5:]
    if family == "fastestdet":
        table = outputs[0][0]
        cells = grid(side, 16).T.reshape(2, *table.shape[1:])
        centre = (cells + numpy.tanh(table[1:3])) / table.shape[1]
        size = 1 / (1 + numpy.exp(-table[3:5]))
        corners = numpy.concatenate([centre - size / 2, centre + size / 2]) * side
        scores = table[:1] ** 0.6 * table[5:] ** 0.4
        return corners.reshape(4, -1).T, scores.reshape(80, -1).T
    corners, scores, half = [], [], len(outputs) // 2
    for index in range(half):
        stride = 8 << index
        centre = (grid(side, stride) + 0.5) * stride
        bins = outputs[half + index][0].reshape(-1, 4, 8)
        weights = numpy.exp(bins - bins.max(-1, keepdims=True))
        away = (weights / weights.sum(-1, keepdims=True)) @ numpy.arange(8) * stride
        corners.append(numpy.concatenate([centre - away[:, :2], centre + away[:, 2:]], 1))
        scores.append(outputs[index][0])
    return numpy.concatenate(corners), numpy.concatenate(scores)


def suppress(boxes, scores, limit):
    order, kept = numpy.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        low, high = numpy.maximum(boxes[best, :2], boxes[rest, :2]), numpy.minimum(boxes[best, 2:], boxes[rest, 2:])
        both = numpy.prod(numpy.clip(high - low, 0, None), 1)
        area = numpy.prod(boxes[:, 2:] - boxes[:, :2], 1)
        order = rest[both / (area[best] + area[rest] - both) <= limit]
    return kept


def reference(family, outputs, side, scale, size):
    """Rows of class, score, x, y, w, h in the picture."""
    corners, scores = decode(family, outputs, side)
    best, score = scores.argmax(1), scores.max(1)
    good = score > FLOOR
    corners, best, score = corners[good], best[good], score[good]
    rows = []
    for each in numpy.unique(best):
        of_class = numpy.flatnonzero(best == each)
        kept = of_class[suppress(corners[of_class], score[of_class], OVERLAP[family])]
        boxes = numpy.clip(corners[kept] / numpy.tile(scale, 2), 0, numpy.tile(size, 2))
        rows += [[int(each), float(s), b[0], b[1], b[2] - b[0], b[3] - b[1]] for s, b in zip(score[kept], boxes)]
    return sorted(rows, key=lambda row: -row[1])[:300]


def quality(coco, ids, rows):
    """mAP and AP50 of rows of picture, class, score, x, y, w, h."""
    categories = sorted(coco.getCatIds())
    results = [{"image_id": ids[row[0]], "category_id": categories[row[1]], "score": row[2], "bbox": list(map(float, row[3:]))} for row in rows]
    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCOeval(coco, coco.loadRes(results), "bbox")
        judge.params.imgIds = ids
        judge.evaluate(), judge.accumulate(), judge.summarize()
    return judge.stats[0], judge.stats[1]


class Bare:
    """The network alone."""

    def __init__(self, folder, pictures, threads):
        self.manifest = tomllib.loads((folder / "model.toml").read_text())
        self.family, self.folder, self.side = self.manifest["family"], folder, self.manifest["input_size"][0]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        path = folder / self.manifest["files"]["model"]["path"]
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.prepared = [prepare(self.family, picture, self.side) for picture in pictures]
        self.sizes = [(picture.shape[1], picture.shape[0]) for picture in pictures]
        self.run(self.prepared[0][0])

    def run(self, tensor):
        return self.session.run(None, {self.input: tensor})

    def round(self):
        begun = time.perf_counter()
        for tensor, _ in self.prepared:
            self.run(tensor)
        return time.perf_counter() - begun

    def rows(self):
        for number, ((tensor, scale), size) in enumerate(zip(self.prepared, self.sizes)):
            for row in reference(self.family, self.run(tensor), self.side, scale, size):
                yield [number, *row]


def test_program():
    """The tests of the room `vision`, built."""
    build = subprocess.run(["cargo", "test", "-p", "tator-vision", "--lib", "--no-run"], cwd=ROOT, check=True, text=True, stderr=subprocess.PIPE)
    return pathlib.Path(re.search(r"\(([^()]*tator_vision-[^()]*)\)", build.stderr).group(1))


def tator(program, folder, work, threads):
    asked = {"TATOR_BENCH_MODELS": str(folder), "TATOR_BENCH_LIST": str(work / "list.txt"), "TATOR_BENCH_OUT": str(work), "TATOR_BENCH_THREADS": str(threads)}
    library = re.search(r'ORT_DYLIB_PATH = "(.*)"', (ROOT / ".cargo" / "config.toml").read_text())
    environment = {"ORT_DYLIB_PATH": library.group(1) if library else "", **os.environ, **asked}
    subprocess.run([ROOT / program, "--ignored", "dump_detections"], check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    name = tomllib.loads((folder / "model.toml").read_text())["name"]
    return json.loads((work / f"{name}.json").read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("coco", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path, nargs="+")
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
    asked = parser.parse_args()
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(asked.coco / "instances_val2017.json")
    ids = sorted(coco.getImgIds())[:asked.images]
    paths = [asked.coco / "images" / "val2017" / coco.imgs[each]["file_name"] for each in ids]
    (asked.work / "list.txt").write_text("".join(f"{path.resolve()}\n" for path in paths))
    pictures = [numpy.asarray(Image.open(path).convert("RGB")) for path in paths]
    program = test_program()
    print("| model | mAP / AP50, Tator | mAP / AP50, reference | pictures/s, Tator | pictures/s, bare | Tator of bare |\n|---|---|---|---|---|---|")
    for folder in asked.model:
        bare = Bare(folder, pictures, asked.threads)
        ours, theirs = [], []
        for _ in range(asked.rounds):
            theirs.append(bare.round())
            answer = tator(program, folder, asked.work, asked.threads)
            ours.append(answer["seconds"])
        own, other = quality(coco, ids, answer["rows"]), quality(coco, ids, list(bare.rows()))
        rates = [len(ids) / min(seconds) for seconds in (ours, theirs)]
        print(f"| {bare.manifest['name']} | {own[0]:.4f} / {own[1]:.4f} | {other[0]:.4f} / {other[1]:.4f} | {rates[0]:.1f} | {rates[1]:.1f} | {rates[0] / rates[1]:.0%} |", flush=True)


if __name__ == "__main__":
    main()
