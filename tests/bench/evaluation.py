#!/usr/bin/env python3
"""Times the COCO evaluation of boxes: Tator's evaluator beside pycocotools and faster-coco-eval, on the same rows.

    evaluation.py PROGRAM [--images 4952] [--boxes 36335] [--per-image 100] [--repeat 5] [--seed 1] [--only TOOL]

PROGRAM is `target/release/examples/evaluate_coco` (`cargo build --release -p tator-learning --example evaluate_coco`).
The set is synthesised at the size of val2017: 80 classes of uneven frequency, 1 % crowds, detections around the truths,
doubles of them and noise, scores of four digits so that many are equal. Prints one JSON line per tool: `figures`, and
`seconds` of the evaluation alone, everything in memory (median of the repetitions, each on fresh copies), then the
largest difference of any figure and the ratios. Packages: pycocotools and faster-coco-eval.
"""

import argparse
import contextlib
import copy
import importlib.metadata
import io
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy

NAMES = "AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl".split()


def synthesise(args):
    rng = numpy.random.default_rng(args.seed)
    weights = 1 / numpy.arange(1, 81)
    weights /= weights.sum()
    images = rng.choice(numpy.arange(1, 600_000), args.images, replace=False)
    image = rng.choice(images, args.boxes)
    classes = rng.choice(numpy.arange(1, 81), args.boxes, p=weights)
    side = numpy.exp(rng.normal(4.0, 1.0, (args.boxes, 2))).clip(4, 500)
    corner = rng.uniform(0, 500, (args.boxes, 2))
    boxes = numpy.round(numpy.hstack([corner, side]), 2)
    crowd = rng.random(args.boxes) < 0.01
    areas = numpy.round(boxes[:, 2] * boxes[:, 3] * rng.uniform(0.4, 1, args.boxes), 2)
    annotations = [
        {"id": i + 1, "image_id": int(image[i]), "category_id": int(classes[i]), "bbox": boxes[i].tolist(),
         "area": float(areas[i]), "iscrowd": int(crowd[i])}
        for i in range(args.boxes)
    ]
    n = args.images * args.per_image
    source = rng.integers(0, args.boxes, n)
    near = rng.random(n) < 0.4
    found = boxes[source] + rng.normal(0, 0.12, (n, 4)) * boxes[source][:, [2, 3, 2, 3]]
    noise = numpy.hstack([rng.uniform(0, 500, (n, 2)), numpy.exp(rng.normal(4.0, 1.0, (n, 2))).clip(4, 500)])
    found = numpy.where(near[:, None], found, noise).round(2)
    found[:, 2:] = found[:, 2:].clip(1)
    where = numpy.where(near, image[source], rng.choice(images, n))
    label = numpy.where(near & (rng.random(n) < 0.9), classes[source], rng.choice(numpy.arange(1, 81), n, p=weights))
    score = numpy.where(near, rng.beta(4, 3, n), rng.beta(1, 5, n)).round(4)
    results = [
        {"image_id": int(where[i]), "category_id": int(label[i]), "bbox": found[i].tolist(), "score": float(score[i])}
        for i in range(n)
    ]
    truths = {
        "info": {},
        "images": [{"id": int(i), "width": 640, "height": 640} for i in images],
        "categories": [{"id": c, "name": str(c)} for c in range(1, 81)],
        "annotations": annotations,
    }
    return truths, results


def reference(tool, truths, results, repeat):
    if tool == "pycocotools":
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval as Evaluation
    else:
        from faster_coco_eval import COCO
        from faster_coco_eval import COCOeval_faster as Evaluation
    seconds = []
    for _ in range(repeat):
        with contextlib.redirect_stdout(io.StringIO()):
            dataset = COCO()
            dataset.dataset = copy.deepcopy(truths)
            dataset.createIndex()
            found = dataset.loadRes(copy.deepcopy(results))
            evaluation = Evaluation(dataset, found, iouType="bbox")
            begun = time.perf_counter()
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            seconds.append(time.perf_counter() - begun)
    figures = dict(zip(NAMES, map(float, evaluation.stats[:12])))
    version = importlib.metadata.version(tool)
    return {"tool": tool, "version": version, "figures": figures, "seconds": {"evaluate": statistics.median(seconds)}}


def tator(program, truths, results, repeat):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("truths.json", "results.json")]
        for path, rows in zip(paths, (truths, results)):
            with open(path, "w") as file:
                json.dump(rows, file)
        printed = subprocess.run([program, *paths, str(repeat)], check=True, capture_output=True, text=True).stdout
    return json.loads(printed)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--images", type=int, default=4952)
    arguments.add_argument("--boxes", type=int, default=36335)
    arguments.add_argument("--per-image", type=int, default=100)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", choices=["tator", "faster-coco-eval", "pycocotools"])
    args = arguments.parse_args()
    truths, results = synthesise(args)
    answers = {}
    for tool in ["tator", "faster-coco-eval", "pycocotools"]:
        if args.only in (None, tool):
            run = (lambda: tator(args.program, truths, results, args.repeat)) if tool == "tator" else (
                lambda: reference(tool, truths, results, args.repeat if tool != "pycocotools" else 1))
            answers[tool] = run()
            print(json.dumps(answers[tool]), flush=True)
    ours = answers.get("tator")
    for tool, theirs in answers.items():
        if ours and tool != "tator":
            apart = max(abs(ours["figures"][name] - theirs["figures"][name]) for name in NAMES)
            times = theirs["seconds"]["evaluate"] / ours["seconds"]["evaluate"]
            print(json.dumps({"beside": tool, "largest_difference": apart, "times_faster": round(times, 1)}))


if __name__ == "__main__":
    main()
