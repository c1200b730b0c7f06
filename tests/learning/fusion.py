#!/usr/bin/env python3
"""Writes fusion.json: small cases with the answers of SAHI and ensemble_boxes, for src/learning/fusion.

    fusion.py > fusion.json

A candidate is [x1, y1, x2, y2, score, class, source], best first. Places are shares of an image, as ensemble_boxes wants
them, times 1000 for SAHI, so that no box is too small to compare. torchvision's nms and soft-NMS are written out below, from
their definitions.
"""

import json
import random
import warnings

import ensemble_boxes
import numpy
from sahi.annotation import BoundingBox, Category
from sahi.postprocess.combine import GreedyNMMPostprocess, NMMPostprocess, NMSPostprocess
from sahi.prediction import ObjectPrediction

warnings.simplefilter("ignore")


def candidates(seed, n, n_classes=2, n_sources=3, tied=False):
    rng = random.Random(seed)
    centres = [(rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.3)) for _ in range(max(2, n // 5))]
    rows = []
    for i in range(n):
        x, y, side = rng.choice(centres)
        x, y = x + rng.gauss(0, side / 8), y + rng.gauss(0, side / 8)
        w, h = side * rng.uniform(0.6, 1.1), side * rng.uniform(0.6, 1.1)
        corners = [max(x - w / 2, 0), max(y - h / 2, 0), min(x + w / 2, 1), min(y + h / 2, 1)]
        score = rng.choice([0.25, 0.5, 0.75]) if tied else rng.uniform(0.05, 0.99)
        rows.append([*(round(c, 4) for c in corners), round(score, 4), rng.randrange(n_classes), rng.randrange(n_sources)])
    return sorted(rows, key=lambda r: (-r[4], *r[:4], *r[5:]))


def sahi(kind, rows, metric, threshold, agnostic):
    predictions = [
        ObjectPrediction(bbox=[1000 * v for v in r[:4]], score=r[4], category_id=r[5], category_name=str(r[5]))
        for r in rows
    ]
    made = kind(threshold, metric, agnostic)(predictions)
    return sorted([*p.bbox.to_xyxy(), p.score.value, p.category.id] for p in made)


def iou(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def torchvision_nms(rows, threshold):
    """Indices kept by torchvision.ops.batched_nms: strictly greater overlaps of the same class go."""
    kept = []
    for i, row in enumerate(rows):
        if all(rows[k][5] != row[5] or iou(rows[k], row) <= threshold for k in kept):
            kept.append(i)
    return kept


def soft(rows, method, threshold, sigma, least):
    """The algorithm of arXiv:1704.04503, figure 3. ensemble_boxes keeps the same boxes, but gives back their old scores."""
    left, done = [list(row) for row in rows], []
    while left:
        best = max(left, key=lambda row: row[4])
        left.remove(best)
        done.append([*best[:6]])
        for row in left:
            if row[5] == best[5]:
                overlap = iou(best, row)
                linear = 1 - overlap if overlap > threshold else 1
                row[4] *= linear if method == 1 else numpy.exp(-overlap * overlap / sigma)
    made = sorted([float(value) for value in row] for row in done if row[4] > least)
    boxes, scores, labels = [r[:4] for r in rows], [r[4] for r in rows], [r[5] for r in rows]
    rule = {"method": method, "iou_thr": threshold, "sigma": sigma, "thresh": least}
    theirs, _, _ = ensemble_boxes.soft_nms([boxes], [scores], [labels], **rule)
    assert numpy.allclose(sorted(map(list, theirs)), sorted(row[:4] for row in made), atol=1e-6)
    return made


def fused(rows, weights, threshold, least, confidence):
    by_source = [[r for r in rows if r[6] == source] for source in range(len(weights))]
    parts = (lambda r: r[:4], lambda r: r[4], lambda r: r[5])
    columns = [[[part(r) for r in of_one] for of_one in by_source] for part in parts]
    found = ensemble_boxes.weighted_boxes_fusion(*columns, weights, threshold, least, confidence)
    return sorted([*map(float, box), float(score), float(label)] for box, score, label in zip(*found))


def cases():
    kinds = {"nms": NMSPostprocess, "greedy": GreedyNMMPostprocess, "transitive": NMMPostprocess}
    for seed, n in enumerate([1, 12, 20, 30]):
        rows = candidates(seed, n, tied=seed == 2)
        for metric in ("IOU", "IOS"):
            for agnostic in (False, True):
                for name, kind in kinds.items():
                    rule = {"metric": metric, "threshold": 0.5, "agnostic": agnostic}
                    yield {"kind": name, "rows": rows, **rule, "made": sahi(kind, rows, metric, 0.5, agnostic)}
    for seed in (10, 11, 12):
        rows = candidates(seed, 18)
        yield {"kind": "torchvision", "rows": rows, "threshold": 0.45, "kept": torchvision_nms(rows, 0.45)}
        for method, threshold, sigma in ((1, 0.3, 0.5), (2, 0.3, 0.5)):
            rule = {"method": method, "threshold": threshold, "sigma": sigma, "least": 0.2}
            yield {"kind": "soft", "rows": rows, **rule, "made": soft(rows, *rule.values())}
        for confidence in ("avg", "max", "box_and_model_avg", "absent_model_aware_avg"):
            rule = {"weights": [2, 1, 1.5], "threshold": 0.55, "least": 0.1, "confidence": confidence}
            yield {"kind": "weighted", "rows": rows, **rule, "made": fused(rows, *rule.values())}


def rounded(value):
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return round(value, 7) if isinstance(value, float) else value


if __name__ == "__main__":
    made = [{key: rounded(value) for key, value in case.items()} for case in cases()]
    print("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in made) + "\n]")
