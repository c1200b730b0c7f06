#!/usr/bin/env python3
"""Words over regions: how well an encoder's text tower ranks real crops, and how long each proposal takes in the labeller.

    words.py retrieval COCO [--model DIR]
    words.py latency COCO --program TATOR --work DIR [--images 12]

COCO is a folder with instances_val2017.json and images/val2017/. `retrieval` embeds every object of at least 32 x 32
pixels (square crop with 15 % margin, as Tator cuts it) and the names of COCO's eighty classes with bare ONNX Runtime, and
prints mean average precision of name → crops over the classes, and top-1 and top-5 of crop → name; MODEL is a folder with
encoder, text, vocab and map (EfficientNet-Lite0 with MiniLM's words unless said). `latency` imports pictures into a
workspace in DIR, serves it, and asks for proposals in every way: first look, second question, region.
Needs the packages of requirements.txt, and tokenizers.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time
import tomllib
import urllib.parse

import numpy
from PIL import Image, ImageOps

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tator" / "models"
MARGIN, SMALLEST = 0.15, 32


def unit(rows):
    return rows / numpy.linalg.norm(rows, axis=-1, keepdims=True)


def objects(coco):
    told = json.loads((coco / "instances_val2017.json").read_text())
    names = {each["id"]: each["name"] for each in told["categories"]}
    files = {each["id"]: coco / "images/val2017" / pathlib.Path(each["file_name"]).name for each in told["images"]}
    by_image = {}
    for each in told["annotations"]:
        if not each.get("iscrowd") and min(each["bbox"][2:]) >= SMALLEST and files[each["image_id"]].exists():
            by_image.setdefault(each["image_id"], []).append((each["bbox"], each["category_id"]))
    return names, [(files[image], boxes) for image, boxes in sorted(by_image.items())]


def square(picture, box):
    """As `Picture::square_around`: inside the picture, as square as it goes."""
    side = max(1, numpy.ceil(max(box[2:]) * (1 + 2 * MARGIN)))
    edges = []
    for start, length, whole in ((box[0], box[2], picture.width), (box[1], box[3], picture.height)):
        size = min(side, whole)
        low = min(max(round(start + length / 2 - size / 2), 0), whole - size)
        edges.append((int(low), int(size)))
    (left, width), (top, height) = edges
    return picture.crop((left, top, left + width, top + height))


def retrieval(asked):
    import onnxruntime
    from tokenizers import BertWordPieceTokenizer
    manifest = tomllib.loads((asked.model / "model.toml").read_text())
    path = {role: str(asked.model / each["path"]) for role, each in manifest["files"].items()}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    image, text = (onnxruntime.InferenceSession(path[role], options, providers=["CPUExecutionProvider"]) for role in ("encoder", "text"))
    tokens, matrix = BertWordPieceTokenizer(path["vocab"], lowercase=True), numpy.load(path["map"]).astype("float32")
    names, pictures = objects(asked.coco)
    vectors, labels = [], []
    for file, boxes in pictures:
        picture = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
        for box, category in boxes:
            crop = square(picture, box)
            scale = 256 / min(crop.size)
            crop = crop.resize([max(256, int(side * scale)) for side in crop.size], Image.BICUBIC)
            left, top = (crop.width - 224) // 2, (crop.height - 224) // 2
            values = (numpy.asarray(crop.crop((left, top, left + 224, top + 224)), "float32") - 127) / 128
            vectors.append(image.run(["embedding"], {"image": values.transpose(2, 0, 1)[None]})[0][0])
            labels.append(category)
    words = []
    for name in names.values():
        ids = numpy.array([tokens.encode(name).ids], "int64")
        hidden = text.run(None, {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)})[0]
        words.append(unit(unit(hidden[0].mean(0)) @ matrix))
    scores, labels, ids = unit(numpy.array(vectors)) @ numpy.array(words).T, numpy.array(labels), numpy.array(list(names))
    precisions = []
    for column, category in enumerate(ids):
        hits = (labels == category)[numpy.argsort(-scores[:, column])]
        if hits.any():
            precisions.append((numpy.cumsum(hits) / numpy.arange(1, len(hits) + 1))[hits].mean())
    chance = numpy.mean([(labels == category).mean() for category in ids if (labels == category).any()])
    order = ids[numpy.argsort(-scores, axis=1)]
    first, among = order[:, 0] == labels, (order[:, :5] == labels[:, None]).any(1)
    known = labels != 1
    print("| crops | classes | mAP name → crops | chance | top-1 | top-5 | top-1 without persons |\n|--:|--:|--:|--:|--:|--:|--:|")
    print(f"| {len(labels)} | {len(precisions)} | {numpy.mean(precisions):.3f} | {chance:.3f} | {first.mean():.3f} | {among.mean():.3f} | {first[known].mean():.3f} |")


class Server:
    def __init__(self, program, work):
        self.process = subprocess.Popen([program, "serve", "--workspace", work / "w", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        url = urllib.parse.urlsplit(self.process.stdout.readline().strip())
        self.connection = http.client.HTTPConnection(url.netloc, timeout=120)
        self.token = urllib.parse.parse_qs(url.query)["token"][0]

    def ask(self, method, path, body=None):
        begun = time.perf_counter()
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        told = json.loads(answer.read())
        assert answer.status < 300, told
        return told, (time.perf_counter() - begun) * 1000


def latency(asked):
    work = asked.work
    shutil.rmtree(work, ignore_errors=True)
    (work / "source").mkdir(parents=True)
    _, pictures = objects(asked.coco)
    for file, _ in pictures[:asked.images]:
        shutil.copy(file, work / "source" / file.name)
    subprocess.run([asked.program, "import", work / "source", "--dataset", "words", "--workspace", work / "w"], check=True, stderr=subprocess.DEVNULL)
    server = Server(asked.program, work)
    try:
        rows = server.ask("GET", "/api/v1/datasets/words/images?limit=1000")[0]["images"]
        door = "/api/v1/datasets/words/images/{}/propose".format
        box = [20, 20, 90, 90]
        acts = {
            "detector, whole picture": {"how": "detect"}, "detector, a part of 200 × 200": {"how": "detect", "region": [10, 10, 200, 200]},
            "words, first question": {"how": "text", "text": "dog, red car"}, "words, another question": {"how": "text", "text": "bicycle, chair"},
            "more like this box, after words": {"how": "like", "box": box}, "words, a part of 200 × 200": {"how": "text", "text": "dog", "region": [10, 10, 200, 200]},
        }
        for body in acts.values():  # models are opened once
            server.ask("POST", door(rows[0]["image_id"]), body)
        times = {name: [] for name in acts}
        for row in rows[1:]:
            for name, body in acts.items():
                times[name].append(server.ask("POST", door(row["image_id"]), body)[1])
        print("| act | p50 ms | p95 ms |\n|---|--:|--:|")
        for name, list_ in times.items():
            print(f"| {name} | {statistics.median(list_):.0f} | {sorted(list_)[int(len(list_) * .95)]:.0f} |")
    finally:
        server.process.terminate()
        server.process.wait()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["retrieval", "latency"])
parser.add_argument("coco", type=pathlib.Path)
parser.add_argument("--model", type=pathlib.Path, default=CACHE / "efficientnet-lite0")
parser.add_argument("--program", type=pathlib.Path)
parser.add_argument("--work", type=pathlib.Path)
parser.add_argument("--images", type=int, default=12)
asked = parser.parse_args()
{"retrieval": retrieval, "latency": latency}[asked.what](asked)
