#!/usr/bin/env python3
"""The segmenter: bare ONNX Runtime and Tator over HTTP, on the same model, pictures and prompts, in one run.

    segment.py COCO [--model DIR]... [--images 20] [--threads 2] [--program TATOR --work DIR | --url URL?token=…]

COCO is a folder with instances_val2017.json and images/val2017/. Every object of at least 64 x 64 pixels in the first
pictures that have polygons is asked for twice: by its box, and by one click at its innermost point. Answers are compared with the official
polygons. With --program that Tator imports the pictures into a workspace in DIR and serves them; with --url (the line
that `tator serve` prints) a running one is asked, whose dataset must hold the same pictures. Bare and HTTP take turns,
object by object, so that both meet the same machine. Prints Markdown tables.
Needs the packages of requirements.txt.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import tomllib
import urllib.parse

import numpy
import onnxruntime
from PIL import Image, ImageOps
from pycocotools import mask as masks
from pycocotools.coco import COCO

MEAN, STD = numpy.array([123.675, 116.28, 103.53], "float32"), numpy.array([58.395, 57.12, 57.375], "float32")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tator" / "models"


def timed(call, *arguments):
    begun = time.perf_counter()
    answer = call(*arguments)
    return answer, (time.perf_counter() - begun) * 1000


class Bare:
    """A SAM1 pair in ONNX Runtime with nothing around it."""

    def __init__(self, folder, threads):
        manifest = tomllib.loads((folder / "model.toml").read_text())
        self.name = manifest["name"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        (self.encoder, self.decoder), self.load_ms = timed(lambda: [
            onnxruntime.InferenceSession(str(folder / manifest["files"][role]["path"]), options, providers=["CPUExecutionProvider"])
            for role in ("encoder", "decoder")])
        self.image_input = self.encoder.get_inputs()[0].name

    def frame(self, picture):
        """The picture as the encoder takes it."""
        scale = 1024 / max(picture.size)
        self.size = picture.size
        self.seen = tuple(int(side * scale + 0.5) for side in picture.size)
        pixels = (numpy.asarray(picture.resize(self.seen, Image.BILINEAR), "float32") - MEAN) / STD
        frame = numpy.zeros((1, 3, 1024, 1024), "float32")
        frame[0, :, :self.seen[1], :self.seen[0]] = pixels.transpose(2, 0, 1)
        return frame

    def encode(self, frame):
        return self.encoder.run(None, {self.image_input: frame})[0]

    def decode(self, embedding, points):
        """Points are (x, y, label) in pixels of the picture. The mask in its size, as booleans."""
        scale = numpy.array(self.seen, "float32") / numpy.array(self.size, "float32")
        coords = numpy.array([[point[:2] for point in points]], "float32") * scale
        labels = numpy.array([[point[2] for point in points]], "float32")
        feeds = {"image_embeddings": embedding, "point_coords": coords, "point_labels": labels, "mask_input": numpy.zeros((1, 1, 256, 256), "float32"),
                 "has_mask_input": numpy.zeros(1, "float32"), "orig_im_size": numpy.array(self.size[::-1], "float32")}
        return self.decoder.run(["masks"], feeds)[0][0, 0] > 0


class Tator:
    def __init__(self, url, dataset, model):
        parts = urllib.parse.urlsplit(url)
        self.token = urllib.parse.parse_qs(parts.query)["token"][0]
        self.connection = http.client.HTTPConnection(parts.netloc)
        self.base, self.model, self.asked = f"/api/v1/datasets/{dataset}", model, time.monotonic()
        self.images = {name: each for each in self.all_images() for name in [each["path"].rsplit("/", 1)[-1]]}

    def ask(self, method, path, body=None):
        if time.monotonic() - self.asked > 3:  # the server closes connections that rest
            self.connection.close()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.connection.request(method, path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        content, self.asked = answer.read(), time.monotonic()
        return answer.status, json.loads(content)

    def all_images(self):
        after = ""
        while after is not None:
            status, page = self.ask("GET", f"{self.base}/images?limit=500&after={after}")
            if status != 200:
                sys.exit(f"{self.base}/images: {page}")
            yield from page["images"]
            after = page.get("next")

    def segment(self, name, prompt):
        """The server's answer, or None where it found nothing."""
        body = dict(prompt, **({"model": self.model} if self.model else {}))
        status, answer = self.ask("POST", f"{self.base}/images/{self.images[name]['image_id']}/segment", body)
        if status == 422 and answer["error"]["code"] == "no_mask":
            return None
        if status != 200:
            sys.exit(f"segment {name}: {status} {answer}")
        return answer


def serve(program, work, coco, dataset):
    """Imports the pictures where they are not yet, and serves them: the process and its launch URL."""
    home = work / "workspace-segment"
    if not (home / "datasets" / dataset).exists():
        command = [program, "import", coco / "instances_val2017.json", "--images", coco / "images/val2017", "--dataset", dataset,
                   "--format", "coco", "--link", "--workspace", home]
        if subprocess.run(command, stdout=sys.stderr).returncode not in (0, 4):
            sys.exit("the import failed")
    server = subprocess.Popen([program, "serve", "--workspace", home, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                              stderr=open(work / "segment-server.log", "w"), text=True)
    return server, server.stdout.readline().strip()


# --- prompts and truth ---------------------------------------------------------------------------------------------
def innermost(mask):
    """The point farthest from the mask's edge (exact Euclidean distance), at the centre of its pixel."""
    rows, columns = numpy.nonzero(mask)
    top, left = rows.min(), columns.min()
    cut = numpy.pad(mask[top:rows.max() + 1, left:columns.max() + 1], 1).astype(bool)
    height, width = cut.shape
    ahead = numpy.where(cut, height, 0)
    for row in range(1, height):
        ahead[row] = numpy.minimum(ahead[row], ahead[row - 1] + 1)
    for row in range(height - 2, -1, -1):
        ahead[row] = numpy.minimum(ahead[row], ahead[row + 1] + 1)
    apart = (numpy.arange(width)[:, None] - numpy.arange(width)) ** 2
    distance = numpy.stack([(apart + line[None, :].astype("int64") ** 2).min(axis=1) for line in ahead])
    row, column = numpy.unravel_index(distance.argmax(), distance.shape)
    return float(left + column - 1 + 0.5), float(top + row - 1 + 0.5)


def polygon_mask(rings, height, width):
    """Even and odd: a ring inside another is a hole. A ring is a list of points, or of their numbers."""
    out = numpy.zeros((height, width), bool)
    for ring in (numpy.ravel(ring).tolist() for ring in rings):
        if len(ring) >= 6:
            out ^= masks.decode(masks.merge(masks.frPyObjects([ring], height, width))).astype(bool)
    return out


def overlap(one, other):
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 0.0


def prompts(annotation, truth):
    x, y, w, h = annotation["bbox"]
    px, py = innermost(truth)
    return {"box": ([(x, y, 2), (x + w, y + h, 3)], {"points": [], "box": [x, y, w, h]}),
            "point": ([(px, py, 1), (0, 0, -1)], {"points": [[px, py, 1]]})}


def chosen(coco, count, least):
    """The first pictures that have polygons, each with its objects of `least` x `least` pixels and more."""
    kept = {}
    for each in coco.dataset["annotations"]:
        if each["segmentation"] and not each["iscrowd"]:
            kept.setdefault(each["image_id"], []).append(each)
    for image_id in sorted(kept)[:count]:
        yield coco.imgs[image_id], [each for each in kept[image_id] if each["area"] >= least * least]


# --- the run -------------------------------------------------------------------------------------------------------
class Figures(dict):
    def add(self, name, value):
        self.setdefault(name, []).append(value)


def measure_image(bares, tator, picture, name, objects, coco, figures):
    embeddings = {}
    for bare in bares:
        frame, took = timed(bare.frame, picture)
        figures[bare.name].add("prepare", took)
        embeddings[bare.name], took = timed(bare.encode, frame)
        figures[bare.name].add("encode", took)
        bare.decode(embeddings[bare.name], [(1, 1, 1), (0, 0, -1)])
    if tator:
        answer, took = timed(tator.segment, name, {"points": [[1, 1, 1]]})
        figures["HTTP"].add("cold click", took)
        if answer and not answer["cached"]:
            figures["HTTP"].add("encode", answer["ms"]["encode"])
    for annotation in objects:
        truth = coco.annToMask(annotation).astype(bool)
        for kind, (points, body) in prompts(annotation, truth).items():
            measure_object(bares, tator, embeddings, name, truth, kind, points, body, figures)


def measure_object(bares, tator, embeddings, name, truth, kind, points, body, figures):
    found = {}
    for bare in bares:
        found[bare.name], took = timed(bare.decode, embeddings[bare.name], points)
        figures[bare.name].add("decode", took)
        figures[bare.name].add(f"iou {kind}", overlap(found[bare.name], truth))
    for bare in bares[1:]:
        figures[bare.name].add(f"same {kind}", overlap(found[bare.name], found[bares[0].name]))
    if not tator:
        return
    answer, took = timed(tator.segment, name, body)
    mask = polygon_mask(answer["polygon"], *truth.shape) if answer else numpy.zeros_like(truth)
    same = next((bare.name for bare in bares if answer and bare.name == answer["model"]), bares[0].name)
    figures["HTTP"].add("click", took)
    figures["HTTP"].add("over bare", took - figures[same]["decode"][-1])
    if answer:
        figures["HTTP"].add("model", f"{answer['model']}, {answer['provider']}")
        figures["HTTP"].add("decode", answer["ms"]["decode"])
        figures["HTTP"].add("over decode", took - answer["ms"]["decode"])
    figures["HTTP"].add("uncached", 0.0 if answer and answer["cached"] else 1.0)
    figures["HTTP"].add(f"iou {kind}", overlap(mask, truth))
    figures["HTTP"].add(f"same {kind}", overlap(mask, found[same]))


def middle(values, digits=0):
    return f"{statistics.median(values):.{digits}f}" if values else "–"


def spread(values):
    if not values:
        return "–"
    ordered = sorted(values)
    return f"{ordered[0]:.0f} / {statistics.median(ordered):.0f} / {ordered[int(0.95 * (len(ordered) - 1))]:.0f}"


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def mean(values, digits=3):
    return f"{statistics.mean(values):.{digits}f}" if values else "–"


def report(bares, figures, images, objects, threads):
    print(f"{objects} objects in {images} pictures, ONNX Runtime {onnxruntime.__version__}, {threads} threads.",
          "Milliseconds as least / median / p95.\n")
    rows = []
    for bare in bares:
        mine = figures[bare.name]
        rows.append([bare.name, f"{bare.load_ms:.0f}", middle(mine["encode"][:1]), spread(mine["encode"][1:]), spread(mine["prepare"]),
                     spread(mine["decode"]), *overlaps(mine)])
    table(["bare ONNX Runtime", "load", "encode, first", "encode", "prepare", "decode", "IoU, box", "IoU, point",
           "same mask as the first, box", "point"], rows)
    if "HTTP" in figures:
        mine = figures["HTTP"]
        times = [spread(mine.get(name, [])) for name in ("cold click", "encode", "click", "decode", "over decode", "over bare")]
        table(["Tator over HTTP", "cold click", "encode, its own figure", "click, embedding kept", "decode, its own figure",
               "click over its own decode", "click over bare decode", "not from the cache", "IoU, box", "IoU, point",
               "same mask as bare, box", "point"],
              [[" and ".join(sorted(set(mine.get("model", [])))), *times, f"{sum(mine['uncached']):.0f}", *overlaps(mine)]])


def overlaps(mine):
    return [mean(mine.get(name, [])) for name in ("iou box", "iou point", "same box", "same point")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("coco", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, action="append",
                        help="folder with model.toml, any number of them; HTTP is compared with the one of the same name")
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--least", type=int, default=64, help="objects of that many pixels squared and more")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", type=pathlib.Path, help="the tator to import the pictures and serve them")
    parser.add_argument("--work", type=pathlib.Path, default=CACHE.parent / "bench", help="where its workspace is kept between runs")
    parser.add_argument("--url", help="the launch URL that `tator serve` prints")
    parser.add_argument("--dataset", default="coco")
    parser.add_argument("--tator-model", help="name of the model to ask Tator for, instead of its default")
    return parser.parse_args()


def run(asked, url):
    coco = COCO()
    coco.dataset = json.loads((asked.coco / "instances_val2017.json").read_text())
    with contextlib.redirect_stdout(sys.stderr):
        coco.createIndex()
    bares = [Bare(folder, asked.threads) for folder in asked.model or [CACHE / "mobilesam-int8", CACHE / "mobilesam"]]
    tator = Tator(url, asked.dataset, asked.tator_model) if url else None
    figures = {name: Figures() for name in [*(bare.name for bare in bares), *(["HTTP"] if tator else [])]}
    every = list(chosen(coco, asked.images, asked.least))
    for image, objects in every:
        picture = ImageOps.exif_transpose(Image.open(asked.coco / "images/val2017" / image["file_name"])).convert("RGB")
        measure_image(bares, tator, picture, image["file_name"], objects, coco, figures)
    report(bares, figures, len(every), sum(len(objects) for _, objects in every), asked.threads)


def main():
    asked = arguments()
    if not asked.program:
        return run(asked, asked.url)
    asked.work.mkdir(parents=True, exist_ok=True)
    server, url = serve(asked.program, asked.work, asked.coco, asked.dataset)
    try:
        run(asked, url)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
