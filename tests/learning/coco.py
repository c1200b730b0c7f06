#!/usr/bin/env python3
"""Writes coco.json: small cases with the answers of pycocotools, for src/learning/coco_evaluation.

    coco.py > coco.json

A truth is [image, class, x, y, w, h, area, crowd], a detection [image, class, x, y, w, h, score]; in a case of masks the
four numbers of the box are replaced by {"size": [h, w], "counts": [...]}, uncompressed. `stats` are the twelve figures,
-1 where there was nothing to find; `classes` the same per class; `points` are [iou, score, right, wrong, missed].
"""

import contextlib
import io
import json
import random

import numpy
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def dataset(images, classes, annotations):
    with contextlib.redirect_stdout(io.StringIO()):
        made = COCO()
        made.dataset = {
            "info": {},
            "images": [{"id": i, "height": 64, "width": 64} for i in images],
            "categories": [{"id": c} for c in classes],
            "annotations": annotations,
        }
        made.createIndex()
    return made


def shape(values):
    if isinstance(values[2], dict):
        size, counts = values[2]["size"], values[2]["counts"]
        rle = masks.frPyObjects({"size": size, "counts": counts}, *size)
        return {"segmentation": rle, "bbox": list(map(float, masks.toBbox(rle)))}, float(masks.area(rle)), values[3:]
    x, y, w, h = values[2:6]
    return {"bbox": [x, y, w, h]}, w * h, values[6:]


def both(case):
    """Truths and results as COCO objects, as COCO.loadRes would make them (which refuses an empty list)."""
    rows = case["truths"] + case["detections"]
    images = case.get("images") or sorted({row[0] for row in rows})
    classes = sorted({row[1] for row in rows})
    truths, found = [], []
    for i, row in enumerate(case["truths"]):
        what, _, (area, crowd) = shape(row)
        truths.append({"id": i + 1, "image_id": row[0], "category_id": row[1], "area": area, "iscrowd": crowd, **what})
        if case.get("ignore"):
            truths[-1]["ignore"] = 1
    for i, row in enumerate(case["detections"]):
        what, area, (score,) = shape(row)
        found.append(
            {"id": i + 1, "image_id": row[0], "category_id": row[1], "area": area, "iscrowd": 0, "score": score, **what}
        )
    return dataset(images, classes, truths), dataset(images, classes, found)


def run(case, change=lambda params: None):
    kind = "segm" if case.get("masks") else "bbox"
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(*both(case), kind)
        evaluation.params.useCats = 0 if case.get("pooled") else 1
        change(evaluation.params)
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def twelve(evaluation, k):
    """summarize() restricted to some classes."""

    def mean(values):
        values = values[values > -1]
        return float(numpy.mean(values)) if len(values) else -1.0

    precision, recall = evaluation.eval["precision"][:, :, k], evaluation.eval["recall"][:, k]
    return [
        mean(precision[..., 0, 2]),
        mean(precision[0, ..., 0, 2]),
        mean(precision[5, ..., 0, 2]),
        *[mean(precision[..., area, 2]) for area in (1, 2, 3)],
        *[mean(recall[..., 0, limit]) for limit in (0, 1, 2)],
        *[mean(recall[..., area, 2]) for area in (1, 2, 3)],
    ]


def point(case, iou, least):
    """Counts at one IoU and score out of the matches of evaluateImg."""

    def change(params):
        params.iouThrs = numpy.array([iou])
        params.maxDets = [100000]
        params.areaRng, params.areaRngLbl = [[0, 1e10]], ["all"]

    kept = [row for row in case["detections"] if row[-1] >= least]
    evaluation = run({**case, "detections": kept, "pooled": False}, change)
    images = [image for image in evaluation.evalImgs if image is not None]
    right = sum(int(((i["dtMatches"] > 0) & ~i["dtIgnore"]).sum()) for i in images)
    wrong = sum(int(((i["dtMatches"] == 0) & ~i["dtIgnore"]).sum()) for i in images)
    truths = sum(int((i["gtIgnore"] == 0).sum()) for i in images)
    return [iou, least, right, wrong, truths - right]


def answered(name, **case):
    case["name"] = name
    evaluation = run(case)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.summarize()
    case["stats"] = [float(value) for value in evaluation.stats]
    classes = [-1] if case.get("pooled") else evaluation.params.catIds
    case["classes"] = [[int(c), twelve(evaluation, [k])] for k, c in enumerate(classes)]
    if not case.get("pooled") and not case.get("masks"):
        case["points"] = [point(case, iou, least) for iou in (0.5, 0.75) for least in (0.0, 0.5)]
    return case


def random_case(seed, n_images=6, n_classes=4, most=6, step=0.1, crowds=0.12, area=None, size=260):
    """Truths at random, detections near them and elsewhere; scores of few digits, so that many are equal."""
    rng = random.Random(seed)
    number = lambda low, high: round(rng.uniform(low, high), 1)
    images = rng.sample(range(1, 1000), n_images)
    truths, found = [], []
    for image in images:
        for _ in range(rng.randint(0, most)):
            side = rng.choice([25, 70, 180])
            box = [number(0, size), number(0, size), number(side / 2, side), number(side / 2, side)]
            crowd = int(rng.random() < crowds)
            own = round(box[2] * box[3] * (area or rng.choice([0.6, 1, 1])), 2)
            truths.append([image, rng.randint(1, n_classes), *box, own, crowd])
            for _ in range(rng.choice([0, 1, 1, 2])):
                x, y, w, h = [round(v + rng.gauss(0, side / 14), 1) for v in box]
                name = truths[-1][1] if rng.random() < 0.85 else rng.randint(1, n_classes + 1)
                score = round(rng.random() / step) * step
                found.append([image, name, x, y, max(w, 0), max(h, 0), round(score, 4)])
        for _ in range(rng.randint(0, 3)):
            box = [number(0, size), number(0, size), number(0, 80), number(0, 80)]
            found.append([image, rng.randint(1, n_classes + 1), *box, round(round(rng.random() / step) * step, 4)])
    rng.shuffle(found)
    rng.shuffle(truths)
    return {"truths": truths, "detections": found}


def blob(rng, x, y, w, h):
    yy, xx = numpy.mgrid[0:64, 0:64]
    inside = ((xx - x - w / 2) / (w / 2)) ** 2 + ((yy - y - h / 2) / (h / 2)) ** 2 <= 1
    flat = inside.flatten(order="F").astype(int)
    edges = numpy.flatnonzero(numpy.diff(flat)) + 1
    counts = numpy.diff(numpy.concatenate([[0], edges, [flat.size]])).tolist()
    return {"size": [64, 64], "counts": ([0] if flat[0] else []) + counts}


def mask_case(seed):
    rng = random.Random(seed)
    truths, found = [], []
    for image in (3, 1, 2):
        for _ in range(rng.randint(1, 3)):
            box = [rng.randint(0, 40), rng.randint(0, 40), rng.randint(8, 40), rng.randint(8, 40)]
            mask = blob(rng, *box)
            area = sum(mask["counts"][1::2])
            truths.append([image, rng.randint(1, 2), mask, area, int(rng.random() < 0.2)])
            moved = [value + rng.choice([-2, -1, 0, 1, 2]) for value in box]
            found.append([image, truths[-1][1], blob(rng, *moved), round(rng.random(), 1)])
    found.append([1, 1, {"size": [64, 64], "counts": [4096]}, 0.5])
    return {"truths": truths, "detections": found, "masks": True}


def cases():
    for seed in range(6):
        yield answered(f"random {seed}", **random_case(seed))
    yield answered("random, scores nearly all equal", **random_case(10, step=0.5))
    yield answered("random, scores all different", **random_case(11, step=0.0001))
    yield answered("random, whole pixels", **random_case(12, size=40, most=9))
    yield answered("random, classes pooled", **random_case(13), pooled=True)
    yield answered("random, all crowds", **random_case(14, crowds=1.0))
    yield answered("random, area field contradicts the box", **random_case(15, area=0.05))
    yield answered("a stored ignore is lost", **random_case(16, n_images=2), ignore=True)
    for seed in (20, 21):
        yield answered(f"masks {seed}", **mask_case(seed))

    box = [10, 10, 40, 40]
    one = [[1, 1, *box, 1600, 0]]
    yield answered("no detections", truths=one, detections=[])
    yield answered("no truths", truths=[], detections=[[1, 1, *box, 0.9]])
    yield answered("a class without truths", truths=one, detections=[[1, 1, *box, 0.9], [1, 2, *box, 0.9]])
    yield answered("a class without detections", truths=one + [[1, 2, *box, 1600, 0]], detections=[[1, 1, *box, 0.9]])
    yield answered("only a crowd", truths=[[1, 1, 0, 0, 100, 100, 10000, 1]], detections=[[1, 1, *box, 0.9]])
    crowd = [[1, 1, 0, 0, 100, 100, 10000, 1]]
    on_crowd = [[1, 1, 60, 60, 9, 9, 0.95], [1, 1, 70, 70, 9, 9, 0.94], [1, 1, *box, 0.9], [1, 1, 300, 1, 9, 9, 0.8]]
    yield answered("several on a crowd, one beside", truths=crowd + one, detections=on_crowd)
    yield answered("two detections of one truth", truths=one, detections=[[1, 1, *box, 0.8], [1, 1, 11, 10, 40, 40, 0.9]])
    two = one + [[2, 1, *box, 1600, 0]]
    away = [300, 300, 40, 40]
    ties = [[2, 1, *box, 0.5], [1, 1, *away, 0.5], [1, 1, *box, 0.5], [2, 1, *away, 0.5]]
    yield answered("equal scores within and across images", truths=two, detections=ties)
    yield answered("the same in another order", truths=two, detections=ties[::-1])
    yield answered("IoU exactly one half", truths=one, detections=[[1, 1, 10, 10, 40, 20, 0.9]])
    yield answered("IoU exactly three quarters", truths=one, detections=[[1, 1, 10, 10, 40, 30, 0.9]])
    yield answered("IoU nine tenths", truths=[[1, 1, 0, 0, 10, 10, 100, 0]], detections=[[1, 1, 0, 0, 10, 9, 0.9]])
    many = [[1, 1, i % 30 * 50, i // 30 * 50, 40, 40] for i in range(130)]
    truths = [[*row, 1600, 0] for row in many[::3]]
    yield answered("more than a hundred", truths=truths, detections=[[*r, 0.9 - i // 4 / 100] for i, r in enumerate(many)])
    areas = [(1, 32, 32), (1, 96, 96), (2, 32, 32.001), (2, 31.999, 32), (3, 96, 96.001), (3, 95.999, 96)]
    truths = [[i, 1, 100 * n, 0, w, h, w * h, 0] for n, (i, w, h) in enumerate(areas)]
    found = [[i, 1, 100 * n + 3, 0, w, h, 0.9 - n / 10] for n, (i, w, h) in enumerate(areas)]
    stray = [[i, 1, 100 * n, 500, w, h, 0.95 - n / 10] for n, (i, w, h) in enumerate(areas)]
    yield answered("areas on the edges", truths=truths, detections=found + stray)
    flat = [[1, 1, 5, 5, 0, 0, 0, 0], [1, 1, 10, 10, 40, 40, 1600, 0]]
    yield answered("boxes without size", truths=flat, detections=[[1, 1, 5, 5, 0, 0, 0.9], [1, 1, 10, 10, 40, 0, 0.8]])
    yield answered("images without entries", truths=one, detections=[[1, 1, *box, 0.9]], images=[7, 1, 5])
    later = [[1, 1, 0, 0, 10, 10, 100, 0], [1, 1, 0, 0, 10, 10, 100, 0], [1, 1, 2, 0, 10, 10, 100, 0]]
    yield answered("equal overlaps", truths=later, detections=[[1, 1, 1, 0, 10, 10, 0.9], [1, 1, 0, 0, 10, 10, 0.8]])


if __name__ == "__main__":
    print("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases()) + "\n]")
