#!/usr/bin/env python3
"""Faults planted in real sets, and how many of them a look at the quality finds, beside cleanlab and a perceptual hash.

    quality.py TATOR DATASETS [--model DIR] [--sets bccd,coco,clothing] [--seeds 3] [--only labels|duplicates] [--work DIR]

TATOR is the program, DATASETS a folder with bccd, coco_bench and clothing_small, DIR a folder with an image encoder for
`tator models add`; without it the encoder that `make setup` brings is used. Labels: one box in twenty gets another class; precision and recall are of the boxes that come first
when one in twenty is looked at. Tator ranks by `suspicion`; cleanlab 2.9 ranks by self-confidence with out-of-fold
probabilities of scikit-learn's logistic regression on the same vectors, folds by image, as its tutorial does.
Duplicates: one image in ten is copied: as it is, recompressed (JPEG 40), at 60 % of its size, brightened by 30 %, and cut at
each edge by 5 %. Precision is of all pairs that are told; pairs that are alike in the set itself count as wrong for all.
The rivals are imagehash's phash and dhash at the distance that their own users take (10 and 6 of 64 bits).
A set is imported, embedded and looked at once; each seed works on a copy of that workspace: wrong labels are edits through
a server, copies a second import.
Needs the packages of requirements.txt. Prints Markdown tables.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree as ElementTree

import numpy
from PIL import Image, ImageEnhance

SHARE = 0.05


def bccd(root):
    folder = root / "bccd/BCCD"
    names = ["RBC", "WBC", "Platelets"]
    for path in sorted(folder.glob("Annotations/*.xml")):
        tree = ElementTree.parse(path)
        image = folder / "JPEGImages" / (path.stem + ".jpg")
        width, height = Image.open(image).size
        boxes = []
        for found in tree.iter("object"):
            left, top, right, bottom = (float(found.find("bndbox/" + side).text) for side in ("xmin", "ymin", "xmax", "ymax"))
            left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
            if right - left > 2 and bottom - top > 2:
                boxes.append((names.index(found.find("name").text), (left + right) / 2 / width, (top + bottom) / 2 / height,
                              (right - left) / width, (bottom - top) / height))
        yield image, boxes


def coco(root):
    told = json.loads((root / "coco_bench/instances_val2017.json").read_text())
    classes = sorted(told["categories"], key=lambda c: c["id"])
    place = {c["id"]: at for at, c in enumerate(classes)}
    by_image = {}
    for box in told["annotations"]:
        if not box.get("iscrowd") and min(box["bbox"][2:]) > 6:
            by_image.setdefault(box["image_id"], []).append(box)
    for image in sorted(told["images"], key=lambda i: i["id"]):
        path = next((p for p in (root / "coco_bench/images").rglob(image["file_name"])), None)
        if path is None:
            continue
        w, h = image["width"], image["height"]
        yield path, [(place[b["category_id"]], (b["bbox"][0] + b["bbox"][2] / 2) / w, (b["bbox"][1] + b["bbox"][3] / 2) / h,
                      b["bbox"][2] / w, b["bbox"][3] / h) for b in by_image.get(image["id"], [])]


def clothing(root):
    folders = sorted(p for p in (root / "clothing_small/validation").iterdir() if p.is_dir())
    for at, folder in enumerate(folders):
        for path in sorted(folder.iterdir()):
            yield path, [(at, 0.5, 0.5, 1.0, 1.0)]


SETS = {"bccd": bccd, "coco": coco, "clothing": clothing}


class Workspace:
    def __init__(self, tator, folder, model=None):
        self.tator, self.folder = tator, folder
        if model:
            self.run("models", "add", str(model))

    def run(self, *arguments):
        command = [self.tator, *arguments, "--workspace", str(self.folder)]
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode not in (0, 4):
            sys.exit(" ".join(command) + "\n" + answer.stderr)
        return answer.stdout

    def sql(self, statement):
        return json.loads(self.run("sql", statement, "--format", "json"))["rows"]

    def copy(self, folder):
        shutil.copytree(self.folder, folder, symlinks=True)
        return Workspace(self.tator, folder)

    def take(self, folder):
        self.run("import", str(folder), "--dataset", "d")

    def embed(self, of):
        self.run("embed", "--dataset", "d", "--of", of)

    def relabel(self, changes):
        """Gives boxes other classes, `(image, box, class)`, as a person would: by edits through a server."""
        serve = subprocess.Popen([self.tator, "serve", "--listen", "127.0.0.1:0", "--workspace", str(self.folder)],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address, token = serve.stdout.readline().split()[-1].split("/?token=")
            door = f"{address}/api/v1/datasets/d/images/"
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            ask = lambda path, body=None: json.load(urllib.request.urlopen(urllib.request.Request(door + path, body, headers)))
            by_image = {}
            for image, box, label in changes:
                by_image.setdefault(image, []).append({"op": "update", "box_id": box, "class_id": label})
            for image, edits in by_image.items():
                body = {"base_revision": ask(str(image))["revision"], "client_id": f"planted-{image}", "edits": edits}
                ask(f"{image}/edits", json.dumps(body).encode())
        finally:
            serve.terminate()
            serve.wait()

    def look(self):
        begun = time.time()
        self.run("quality", "--dataset", "d", "--json")
        return time.time() - begun


def yolo(folder, items, classes):
    """Writes a YOLO folder; `items` are (name, how to write the picture, boxes)."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for name, write, boxes in items:
        write(folder / "images" / name)
        lines = "".join(f"{c} {x:.9f} {y:.9f} {w:.9f} {h:.9f}\n" for c, x, y, w, h in boxes)
        (folder / "labels" / (pathlib.Path(name).stem + ".txt")).write_text(lines)
    names = ", ".join(f"c{at}" for at in range(classes))
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames: [{names}]\n")


def copied(path):
    return lambda to: shutil.copyfile(path, to)


def at_budget(order, wrong):
    """Precision and recall of the first twentieth, and the average precision of the whole order."""
    first = order[:max(1, round(SHARE * len(order)))]
    hits = numpy.isin(order, list(wrong))
    precision = numpy.cumsum(hits) / (numpy.arange(len(order)) + 1)
    found = len(set(first) & wrong)
    return found / len(first), found / len(wrong), float((precision * hits).sum() / max(len(wrong), 1))


def cleanlab_order(vectors, labels, images, seed):
    from cleanlab.rank import get_label_quality_scores
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    known = sorted(set(labels))
    place = {label: at for at, label in enumerate(known)}
    y = numpy.array([place[label] for label in labels])
    told = numpy.full((len(y), len(known)), 1e-9)
    for train, test in GroupKFold(5, shuffle=True, random_state=seed).split(vectors, y, images):
        head = LogisticRegression(max_iter=1000).fit(vectors[train], y[train])
        told[numpy.ix_(test, head.classes_)] = head.predict_proba(vectors[test])
    told /= told.sum(1, keepdims=True)
    return numpy.argsort(get_label_quality_scores(y, told), kind="stable")


def vectors_of(workspace, of):
    import pyarrow.parquet
    out, key = workspace.folder / "vectors.parquet", "box_id" if of == "boxes" else "image_id"
    workspace.run("sql", f"SELECT {key}, vector FROM embeddings('d.{of}')", "--format", "parquet", "--out", str(out))
    table = pyarrow.parquet.read_table(out)
    return dict(zip(table[key].to_pylist(), numpy.array(table["vector"].to_pylist(), "float32")))


def base(tator, model, items, folder, of_boxes):
    """The set as it is, with vectors of its boxes where they are wanted, looked at once, so that each picture is measured."""
    named = [(f"{at:05}{path.suffix.lower()}", copied(path), boxes) for at, (path, boxes) in enumerate(items)]
    yolo(folder / "yolo", named, 1 + max(box[0] for _, boxes in items for box in boxes))
    workspace = Workspace(tator, folder / "w", model)
    workspace.take(folder / "yolo")
    if of_boxes:
        workspace.embed("boxes")
    workspace.look()
    return workspace


def wrong_labels(begun_with, seed, folder):
    chance = random.Random(seed)
    workspace = begun_with.copy(folder)
    boxes = workspace.sql("SELECT i.image_id, b.box_id, b.class_id FROM d.boxes b JOIN d.images i USING (image_id) "
                          "ORDER BY i.path, b.box_id LIMIT 1000000")
    present = sorted({box[2] for box in boxes})
    planted = [(image, box, chance.choice([c for c in present if c != label]))
               for image, box, label in chance.sample(boxes, round(SHARE * len(boxes)))]
    workspace.relabel(planted)
    seconds = workspace.look()
    rows = workspace.sql("SELECT b.box_id, b.class_id, b.image_id, q.suspicion FROM d.boxes b LEFT JOIN d.quality_boxes q USING (box_id) "
                         "ORDER BY b.box_id LIMIT 1000000")
    wrong = {box for _, box, _ in planted}
    known = [row for row in rows if row[3] is not None]
    ours = [row[0] for row in sorted(known, key=lambda row: (-row[3], row[0]))]
    vectors = vectors_of(workspace, "boxes")
    matrix = numpy.stack([vectors[row[0]] for row in known])
    begun = time.time()
    order = cleanlab_order(matrix, [row[1] for row in known], [row[2] for row in known], seed)
    theirs = [known[at][0] for at in order]
    wrong &= {row[0] for row in known}
    return at_budget(ours, wrong), at_budget(theirs, wrong), seconds, time.time() - begun, len(known)


CHANGES = {
    "the same bytes": None,
    "JPEG 40": lambda image: image,
    "60 % size": lambda image: image.resize((round(image.width * 0.6), round(image.height * 0.6)), Image.LANCZOS),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "cut by 5 %": lambda image: image.crop((round(image.width * 0.05), round(image.height * 0.05), round(image.width * 0.95), round(image.height * 0.95))),
}


def duplicates(begun_with, embedded, items, seed, folder):
    chance = random.Random(seed)
    written, planted = [], {}
    for n, at in enumerate(chance.sample(range(len(items)), len(items) // 10)):
        kind = list(CHANGES)[n % len(CHANGES)]
        path, boxes = items[at]

        def write(to, path=path, kind=kind):
            if CHANGES[kind] is None:
                shutil.copyfile(path, to)
            else:
                CHANGES[kind](Image.open(path).convert("RGB")).save(to, quality=40 if kind == "JPEG 40" else 90)
        written.append((f"{len(items) + n:05}" + (path.suffix.lower() if CHANGES[kind] is None else ".jpg"), write, boxes))
        planted[(at, len(items) + n)] = kind
    yolo(folder / "yolo", written, 1 + max(box[0] for _, boxes in items for box in boxes))
    results = {}
    for way, beginning in (("fingerprints", begun_with), ("with embeddings", embedded)):
        workspace = beginning.copy(folder / way.replace(" ", "-"))
        workspace.take(folder / "yolo")
        if beginning is embedded:
            workspace.embed("images")
        workspace.look()
        rows = workspace.sql("SELECT a.path, b.path FROM d.duplicates p JOIN d.images a ON a.image_id = first_image_id "
                             "JOIN d.images b ON b.image_id = second_image_id LIMIT 1000000")
        results[f"Tator, {way}"] = {tuple(sorted(int(pathlib.Path(p).stem) for p in row)) for row in rows}
    import imagehash
    for name, hashed, most in (("imagehash phash ≤ 10", imagehash.phash, 10), ("imagehash dhash ≤ 6", imagehash.dhash, 6)):
        paths = [path for path, _ in items] + sorted((folder / "yolo/images").iterdir())
        bits = numpy.stack([hashed(Image.open(p)).hash.ravel() for p in paths]).astype("uint8")
        differ = (bits[:, None, :] ^ bits[None, :, :]).sum(-1)
        results[name] = {(a, b) for a, b in zip(*numpy.nonzero(numpy.triu(differ <= most, 1)))}
    return results, planted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tator")
    parser.add_argument("datasets", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--sets", default="bccd,coco,clothing")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=("labels", "duplicates"))
    parser.add_argument("--work", type=pathlib.Path)
    asked = parser.parse_args()
    os.environ.setdefault("RUST_LOG", "error")
    items = {name: [item for item in SETS[name](asked.datasets)] for name in asked.sets.split(",")}
    labels, copies = [], []
    with tempfile.TemporaryDirectory(dir=asked.work) as work:
        for name, of_set in items.items():
            with_boxes, folder = [item for item in of_set if item[1]], pathlib.Path(work) / name
            begun_with = base(asked.tator, asked.model, with_boxes, folder, asked.only != "duplicates")
            if asked.only != "duplicates":
                labels.append(labels_row(name, [wrong_labels(begun_with, seed, folder / f"labels-{seed}") for seed in range(asked.seeds)]))
                print(labels[-1], file=sys.stderr, flush=True)
            if asked.only != "labels":
                embedded = begun_with.copy(folder / "embedded")
                embedded.embed("images")
                embedded.look()
                runs = [duplicates(begun_with, embedded, with_boxes, seed, folder / f"copies-{seed}") for seed in range(asked.seeds)]
                copies += duplicate_rows(name, len(with_boxes), runs)
                print("\n".join(copies), file=sys.stderr, flush=True)
            shutil.rmtree(folder)
    if labels:
        print("| set | boxes | Tator: precision / recall / AP | cleanlab: precision / recall / AP | s Tator | s cleanlab |\n|---|--:|---|---|--:|--:|")
        print("\n".join(labels))
    if copies:
        print("\n| set | images | way | precision | recall | " + " | ".join(CHANGES) + " |\n|---|--:|---|--:|--:|" + "--:|" * len(CHANGES))
        print("\n".join(copies))


def labels_row(name, runs):
    figure = lambda at, part: [run[at][part] for run in runs]
    cells = [" / ".join(f"{numpy.mean(figure(at, part)):.3f} ± {numpy.std(figure(at, part)):.3f}" for part in range(3)) for at in (0, 1)]
    return f"| {name} | {runs[0][4]:,} | {cells[0]} | {cells[1]} | {numpy.mean([r[2] for r in runs]):.1f} | {numpy.mean([r[3] for r in runs]):.1f} |"


def duplicate_rows(name, images, runs):
    told = {}
    for results, planted in runs:
        for way, pairs in results.items():
            found = set(planted) & pairs
            by_kind = [sum(planted[p] == kind for p in found) / max(1, sum(k == kind for k in planted.values())) for kind in CHANGES]
            told.setdefault(way, []).append([len(found) / max(1, len(pairs)), len(found) / len(planted), *by_kind])
    return [f"| {name} | {images} | {way} | " + " | ".join(f"{value:.2f}" for value in numpy.mean(rows, axis=0)) + " |" for way, rows in told.items()]


if __name__ == "__main__":
    main()
