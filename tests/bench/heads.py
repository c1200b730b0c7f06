#!/usr/bin/env python3
"""Class heads and exact search beside scikit-learn and numpy, on the same vectors and threads, in one run.

    heads.py PROGRAM WORK [--pictures DIR] [--threads 2] [--repeat 3]

PROGRAM is the example `heads` (cargo build --release -p tator-learning --example heads). DIR has a folder of pictures
per class; they are embedded with EfficientNet-Lite0 from the model cache. Without it only made-up vectors are used.
WORK takes the arrays. Prints Markdown tables; Tator's CPU seconds include reading the arrays and a thousand draws for
the intervals. Needs numpy, scikit-learn, and for pictures onnxruntime and pillow.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import time

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tator" / "models"


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args()


ASKED = options()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = ASKED.threads

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss
from sklearn.neural_network import MLPClassifier


def unit(vectors):
    return (vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")


def made_up(rows=12_000, dims=512, classes=20):
    """Overlapping clouds of very uneven size: nothing tells them apart perfectly."""
    chance = numpy.random.default_rng(42)
    shares = 1 / numpy.arange(1, classes + 1)
    labels = chance.choice(classes, rows, p=shares / shares.sum())
    vectors = 0.16 * chance.normal(size=(classes, dims))[labels] + chance.normal(size=(rows, dims))
    return unit(vectors), labels


def embedded(folder):
    import onnxruntime
    from PIL import Image, ImageOps

    session = onnxruntime.InferenceSession(CACHE / "efficientnet-lite0" / "model.onnx")
    vectors, labels = [], []
    for label, kind in enumerate(sorted(path for path in folder.iterdir() if path.is_dir())):
        for path in sorted(kind.iterdir()):
            picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB").resize((224, 224), Image.BILINEAR)
            pixels = (numpy.asarray(picture, "float32") - 127) / 128
            vectors.append(session.run(["embedding"], {"image": pixels.transpose(2, 0, 1)[None]})[0][0])
            labels.append(label)
    return unit(numpy.array(vectors)), numpy.array(labels)


def parts(vectors, labels):
    order = numpy.random.default_rng(7).permutation(len(labels))
    cut = len(order) * 7 // 10
    known, held = order[:cut], order[cut:]
    return vectors[known], labels[known], vectors[held], labels[held]


def ours(arrays, recipe):
    paths = []
    for name, array in zip(("train", "train_labels", "test", "test_labels"), arrays):
        paths.append(ASKED.work / f"{name}.npy")
        numpy.save(paths[-1], numpy.ascontiguousarray(array, "<i8" if "labels" in name else "<f4"))
    command = [ASKED.program, recipe["kind"], *map(str, paths), json.dumps(recipe)]
    begun = cpu(resource.RUSAGE_CHILDREN)
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer | {"cpu": cpu(resource.RUSAGE_CHILDREN) - begun}


def cpu(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def theirs(arrays, model):
    train, known, test, truth = arrays
    begun, used = time.perf_counter(), cpu(resource.RUSAGE_SELF)
    model.fit(train, known)
    seconds, used = time.perf_counter() - begun, cpu(resource.RUSAGE_SELF) - used
    told = model.predict_proba(test)
    guess = model.classes_[told.argmax(1)]
    return {"seconds": seconds, "cpu": used, "iterations": int(numpy.max(model.n_iter_)), "accuracy": float((guess == truth).mean()),
            "macro_f1": f1_score(truth, guess, average="macro"), "loss": log_loss(truth, told, labels=model.classes_)}


def row(name, runs):
    seconds, used = (statistics.median(run[what] for run in runs) for what in ("seconds", "cpu"))
    last = runs[-1]
    print(f"| {name} | {seconds:.2f} | {used:.2f} | {last['iterations']} | {last['accuracy']:.4f} | {last['macro_f1']:.4f} "
          f"| {last['loss']:.4f} |", flush=True)
    return seconds, used


def heads(title, vectors, labels):
    arrays = parts(vectors, labels)
    print(f"\n{title}: {len(arrays[1])} rows to train, {len(arrays[3])} to test, {vectors.shape[1]} numbers, "
          f"{labels.max() + 1} classes\n\n| head | seconds | CPU s | iterations | accuracy | macro F1 | log loss |\n"
          "|---|--:|--:|--:|--:|--:|--:|")
    logistic = [(f"logistic, C = {c}", {"kind": "logistic", "c": c, "class_weights": "none"},
                 lambda c=c: LogisticRegression(C=c, max_iter=1000)) for c in (1.0, 100.0)]
    mlp = {"kind": "mlp", "hidden": [256], "epochs": 20, "mixup": 0.0, "dropout": 0.0, "label_smoothing": 0.0,
           "class_weights": "none", "activation": "relu"}
    network = ("MLP 256, 20 epochs", mlp, lambda: MLPClassifier(256, batch_size=128, max_iter=20, random_state=42))
    for name, recipe, model in [*logistic, network]:
        pairs = [(ours(arrays, recipe), theirs(arrays, model())) for _ in range(ASKED.repeat)]
        own = row(f"Tator, {name}", [pair[0] for pair in pairs])
        other = row(f"scikit-learn, {name}", [pair[1] for pair in pairs])
        print(f"| ratio | {own[0] / other[0]:.2f} | {own[1] / other[1]:.2f} | | | | |")


def near(rows=100_000, dims=512, queries=50, k=20):
    vectors = unit(numpy.random.default_rng(1).normal(size=(rows, dims)))
    path = ASKED.work / "gallery.npy"
    numpy.save(path, vectors)
    command = [ASKED.program, "near", str(path), str(queries), str(k)]
    own = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    times, equal = [], 0
    for number, found in enumerate(own["rows"]):
        query = vectors[number * (rows // queries)]
        begun = time.perf_counter()
        scores = vectors @ query
        best = numpy.argpartition(-scores, k)[:k]
        times.append((time.perf_counter() - begun) * 1000)
        equal += len(set(found) & set(best.tolist()))
    print(f"\nExact search, {rows} x {dims}, {k} nearest, {queries} queries\n\n| | best ms | median ms | same rows |\n"
          f"|---|--:|--:|--:|\n| Tator | {own['best_ms']:.1f} | {own['median_ms']:.1f} | {equal / (queries * k):.4f} |\n"
          f"| numpy | {min(times):.1f} | {statistics.median(times):.1f} | |")


if __name__ == "__main__":
    ASKED.work.mkdir(parents=True, exist_ok=True)
    heads("Made up", *made_up())
    if ASKED.pictures:
        heads(f"Pictures of {ASKED.pictures.parent.name}", *embedded(ASKED.pictures))
    near()
