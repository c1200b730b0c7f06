#!/usr/bin/env python3
"""Writes calibration.json: small cases with the answers of scikit-learn, for src/learning/calibration.

    calibration.py > calibration.json

`rows` are [score, right] or [score, right, weight]. The best thresholds are found by trying all.
"""

import json
import random

import numpy
from sklearn.calibration import _sigmoid_calibration, calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, brier_score_loss, precision_recall_curve


def rows(seed, n, digits):
    rng = random.Random(seed)
    scores = [round(rng.random(), digits) for _ in range(n)]
    return [[score, int(rng.random() < score**2 * 0.9 + 0.05)] for score in scores]


def isotonic(seed, n, digits):
    rng = random.Random(seed + 100)
    made = [[score, right, rng.choice([0.5, 1, 2])] for score, right in rows(seed, n, digits)]
    x, y, weight = numpy.array(made).T
    asked = [-1.0, 0.0, *(round(rng.random(), 3) for _ in range(12)), 1.0, 2.0]
    fitted = IsotonicRegression(out_of_bounds="clip").fit(x, y, weight)
    return {"kind": "isotonic", "rows": made, "asked": asked, "answers": fitted.predict(asked).tolist()}


def platt(seed, n):
    made = rows(seed, n, 3)
    x, y = numpy.array(made).T
    return {"kind": "platt", "rows": made, "answers": list(map(float, _sigmoid_calibration(x, y)))}


def reliability(seed, n, digits, strategy):
    made = rows(seed, n, digits)
    x, y = numpy.array(made).T
    right, mean = calibration_curve(y, x, n_bins=10, strategy=strategy)
    brier = float(brier_score_loss(y, x))
    case = {"kind": "reliability", "strategy": strategy, "rows": made, "brier": brier}
    return {**case, "right": right.tolist(), "mean": mean.tolist()}


def curve(seed, n, digits):
    made = rows(seed, n, digits)
    x, y = numpy.array(made).T
    precision, recall, thresholds = precision_recall_curve(y, x)
    points = [list(map(float, point)) for point in zip(thresholds, precision, recall)][::-1]
    return {"kind": "curve", "rows": made, "points": points, "ap": float(average_precision_score(y, x))}


def threshold(seed, n, unreached, floor, cap):
    made = rows(seed, n, 2)
    truths = sum(right for _, right in made) + unreached

    def counts(least):
        right = sum(r for s, r in made if s >= least)
        return right, sum(1 - r for s, r in made if s >= least), truths - right

    def f1(least):
        right, wrong, missed = counts(least)
        return 2 * right / (2 * right + wrong + missed), right

    tried = sorted({score for score, _ in made})
    allowed = [t for t in tried if counts(t)[1] <= cap * counts(t)[0] and counts(t)[0] >= floor * truths]
    kind, pool = "all", allowed
    if not allowed:
        kind, pool = "cap", [t for t in tried if counts(t)[1] <= cap * counts(t)[0] and counts(t)[0]]
    if not pool:
        kind, pool = "nothing", tried
    best = max(pool, key=f1)
    return {"kind": "threshold", "rows": made, "truths": truths, "floor": floor, "cap": cap, "fulfilled": kind,
            "least": best, "counts": counts(best)}


def cases():
    yield from (isotonic(1, 40, 3), isotonic(2, 60, 1), isotonic(3, 1, 1))
    yield from (platt(1, 60), platt(2, 200), platt(3, 8))
    yield from (reliability(1, 120, 3, "uniform"), reliability(2, 80, 1, "uniform"), reliability(3, 90, 3, "quantile"))
    yield from (curve(1, 50, 3), curve(2, 60, 1))
    for seed, floor, cap in ((1, 0.6, 0.2), (2, 0.2, 0.5), (3, 0.0, 0.2), (4, 0.3, 1.0), (5, 0.9, 0.4), (6, 0.5, 0.01)):
        yield threshold(seed, 60, 4 * seed, floor, cap)
    sample = [round(random.Random(9).random(), 4) for _ in range(1)] + [0.3, 0.1, 0.7, 0.25]
    shares = [0, 0.025, 0.1, 0.5, 0.6, 0.975, 1]
    yield {"kind": "percentile", "rows": sample, "shares": shares,
           "answers": numpy.percentile(sample, [100 * s for s in shares]).tolist()}


if __name__ == "__main__":
    print("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases()) + "\n]")
