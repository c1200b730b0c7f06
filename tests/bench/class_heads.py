#!/usr/bin/env python3
"""`tator train head` beside scikit-learn: the same vectors, the same images held out, in one run.

    class_heads.py TATOR WORKSPACE DATASET... [--encoder efficientnet-lite0] [--seeds 5]

Each DATASET lies in WORKSPACE with the vectors of its boxes (`tator embed --dataset D --of boxes`). For each seed Tator
trains (no background, no validation part, so that both learn from the same boxes), and scikit-learn is fitted on the
boxes that Tator did not test on. Prints a Markdown table; intervals are Student's over the seeds, of paired differences.
Tator's seconds are those of its solver with its log of every iteration, scikit-learn's those of `fit`; medians. Needs
numpy, scikit-learn, scipy and pylance.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import time

import lance
import numpy
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier

HEADS = {
    "logistic": (["--kind", "logistic", "--class-weights", "none"], lambda seed: LogisticRegression(C=1.0, max_iter=1000)),
    "logistic, balanced": (["--kind", "logistic", "--class-weights", "balanced"],
                           lambda seed: LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced")),
    "MLP 256": (["--kind", "mlp", "--hidden", "256", "--epochs", "20", "--label-smoothing", "0", "--set", "dropout=0",
                 "--set", "mixup=0", "--set", "activation=relu"],
                lambda seed: MLPClassifier(256, batch_size=64, max_iter=20, random_state=seed)),
}


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("tator")
    parser.add_argument("workspace", type=pathlib.Path)
    parser.add_argument("datasets", nargs="+")
    parser.add_argument("--encoder", default="efficientnet-lite0")
    parser.add_argument("--seeds", type=int, default=5)
    return parser.parse_args()


def rows(asked, dataset):
    """Vectors and classes by box, out of the open tables."""
    plain = "".join(c.lower() if c.isalnum() else "_" for c in asked.encoder)
    tables = asked.workspace / "tables" / dataset
    vectors = lance.dataset(str(tables / f"embeddings_{plain}_boxes.lance")).to_table(columns=["box_id", "vector"])
    classes = lance.dataset(str(tables / "boxes.lance")).to_table(columns=["box_id", "class_id"])
    of = dict(zip(classes["box_id"].to_pylist(), classes["class_id"].to_pylist()))
    numbers = vectors["vector"].combine_chunks().flatten().to_numpy().reshape(len(vectors), -1)
    return {box: (vector, of[box]) for box, vector in zip(vectors["box_id"].to_pylist(), numbers) if box in of}


def trained(asked, dataset, arguments, seed):
    command = [asked.tator, "train", "head", "--dataset", dataset, "--encoder", asked.encoder, "--seed", str(seed), "--background", "0",
               "--validation", "0", "--min-per-class", "1", "--json", "--workspace", str(asked.workspace), *arguments]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    folder = asked.workspace / "runs" / told["run"]
    return told, json.loads((folder / "test.json").read_text()), json.loads((folder / "record.json").read_text())


def beside(known, tested, record, model):
    held = {one["box_id"] for one in tested}
    classes = {one["class_id"] for one in record["classes"]}
    train = sorted(box for box, (_, label) in known.items() if box not in held and label in classes)
    test = [one["box_id"] for one in tested]
    arrays = [numpy.array([known[box][0] for box in part]) for part in (train, test)]
    labels = [numpy.array([known[box][1] for box in part]) for part in (train, test)]
    begun = time.perf_counter()
    model.fit(arrays[0], labels[0])
    seconds = time.perf_counter() - begun
    guess = model.predict(arrays[1])
    told = (guess == labels[1]).mean(), f1_score(labels[1], guess, average="macro", zero_division=0)
    return told, seconds, (arrays[0], labels[0], arrays[1], labels[1])


def interval(values):
    if len(values) < 2:
        return f"{values[0]:+.4f}"
    half = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):+.4f} ± {half:.4f}"


def main():
    asked = options()
    print("| set | head | train, test boxes | Tator accuracy, macro F1 | scikit-learn | difference of accuracy | of macro F1 | Tator s | scikit-learn s | ratio |\n"
          "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for dataset in asked.datasets:
        known = rows(asked, dataset)
        for name, (arguments, model) in HEADS.items():
            own, other, times = [], [], []
            for seed in range(1, asked.seeds + 1):
                told, tested, record = trained(asked, dataset, arguments, seed)
                figures, seconds, arrays = beside(known, tested, record, model(seed))
                own.append((told["test"]["accuracy"], told["test"]["macro_f1"]))
                other.append(figures)
                times.append((record["fit_seconds"], seconds))
            mean = lambda runs: ", ".join(f"{statistics.mean(run[at] for run in runs):.4f}" for at in (0, 1))
            apart = [interval([a[at] - b[at] for a, b in zip(own, other)]) for at in (0, 1)]
            mine, theirs = (statistics.median(pair[at] for pair in times) for at in (0, 1))
            print(f"| {dataset} | {name} | {len(arrays[1])}, {len(arrays[3])} | {mean(own)} | {mean(other)} | {apart[0]} | {apart[1]} "
                  f"| {mine:.2f} | {theirs:.2f} | {mine / theirs:.2f} |", flush=True)


if __name__ == "__main__":
    main()
