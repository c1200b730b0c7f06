#!/usr/bin/env python3
"""Makes scikit.json beside itself: what scikit-learn answers on small data, for the tests of src/learning.

    python3 -m venv V && V/bin/pip install numpy scikit-learn && V/bin/python tests/learning/make_fixtures.py
"""
import json
import pathlib

import numpy
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

ROWS, DIMS, CLASSES = 240, 12, 4


def plain(values):
    return numpy.asarray(values).tolist()


def data(chance):
    labels = chance.choice(CLASSES, ROWS, p=[0.55, 0.25, 0.15, 0.05])
    centres = chance.normal(size=(CLASSES, DIMS))
    vectors = centres[labels] + 1.3 * chance.normal(size=(ROWS, DIMS))
    # Rounded to numbers that 32 bits hold exactly, so that both sides see the same.
    return (vectors * 1024).round() / 1024, labels


def logistic(vectors, labels, c, weights):
    fitted = LogisticRegression(C=c, class_weight=weights, tol=1e-10, max_iter=10_000).fit(vectors, labels)
    return {"c": c, "balanced": weights == "balanced", "coef": plain(fitted.coef_),
            "intercept": plain(fitted.intercept_), "probabilities": plain(fitted.predict_proba(vectors[:20]))}


def metrics(chance):
    truth = chance.choice(5, 120, p=[0.4, 0.3, 0.2, 0.1, 0.0])
    guess = numpy.where(chance.random(120) < 0.6, truth, chance.choice([0, 1, 3], 120))
    precision, recall, f1, support = precision_recall_fscore_support(truth, guess, labels=range(5), zero_division=0)
    return {"truth": plain(truth), "predicted": plain(guess), "accuracy": accuracy_score(truth, guess),
            "macro_f1": f1_score(truth, guess, average="macro"), "weighted_f1": f1_score(truth, guess, average="weighted"),
            "precision": plain(precision), "recall": plain(recall), "f1": plain(f1), "support": plain(support),
            "confusion": plain(confusion_matrix(truth, guess, labels=range(5)).ravel())}


def components(vectors):
    fitted = PCA(5, svd_solver="full").fit(vectors)
    return {"mean": plain(fitted.mean_), "components": plain(fitted.components_),
            "variances": plain(fitted.explained_variance_), "ratios": plain(fitted.explained_variance_ratio_),
            "coordinates": plain(fitted.transform(vectors[:10]))}


def size_bias(chance, vectors):
    sides = chance.integers(8, 400, size=(ROWS, 2)).astype(float)
    crops = numpy.repeat(sides.max(1, keepdims=True), 2, axis=1) * chance.choice([1.16, 1.5], size=(ROWS, 1))
    logs = numpy.log(numpy.concatenate([sides, crops], axis=1))
    terms = logs @ numpy.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, -1, 0, 0]]).T
    rest = vectors - LinearRegression().fit(terms, vectors).predict(terms)
    rest /= numpy.linalg.norm(rest, axis=1, keepdims=True)
    return {"boxes": plain(sides), "crops": plain(crops), "rest": plain(rest[:10])}


def main():
    chance = numpy.random.default_rng(42)
    vectors, labels = data(chance)
    fixtures = {
        "dims": DIMS, "vectors": plain(vectors.ravel()), "labels": plain(labels),
        "logistic": [logistic(vectors, labels, 1.0, None), logistic(vectors, labels, 0.3, "balanced")],
        "binary": logistic(vectors, (labels > 0).astype(int), 2.0, None),
        "metrics": metrics(chance), "pca": components(vectors), "size_bias": size_bias(chance, vectors),
        "k_means": {str(k): KMeans(k, n_init=10, random_state=42).fit(vectors).inertia_ for k in (3, 8, 20)},
    }
    text = json.dumps(fixtures, separators=(",", ":"))
    pathlib.Path(__file__).with_name("scikit.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
