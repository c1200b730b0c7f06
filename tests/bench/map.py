#!/usr/bin/env python3
"""Maps of one set of vectors by Tator, by umap-learn and by principal components, in one run.

    map.py PROGRAM VECTORS.npy [--seeds 3] [--sample 3000]

PROGRAM is the example `umap` of the study (`cargo build --release -p tator-learning --example umap`), VECTORS rows of
32-bit floats. Trustworthiness (k = 15, cosine) by scikit-learn and the share of the 15 nearest in the space that are among
the 15 nearest on the map, over a sample of rows; seconds of laying out, neighbours included; whether the same seed gave
the same map. umap-learn runs with the same options, once with its seed (one thread) and once without (all threads).
Needs umap-learn and scikit-learn. Prints a Markdown table.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time

import numpy
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

NEAR = 15


def kept(vectors, places):
    """The share of neighbours that stay neighbours."""
    space = NearestNeighbors(n_neighbors=NEAR + 1, metric="cosine").fit(vectors).kneighbors(vectors, return_distance=False)[:, 1:]
    flat = NearestNeighbors(n_neighbors=NEAR + 1).fit(places).kneighbors(places, return_distance=False)[:, 1:]
    return numpy.mean([len(set(a) & set(b)) / NEAR for a, b in zip(space, flat)])


def ours(program, vectors, seed, folder, most):
    (folder / "vectors").write_bytes(vectors.astype("<f4").tobytes())
    command = [program, folder / "vectors", str(vectors.shape[1]), folder / "out", str(seed), str(most)]
    seconds = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return numpy.frombuffer((folder / "out").read_bytes(), "<f4").reshape(-1, 2), seconds


def reference(vectors, seed):
    import umap
    begun = time.time()
    places = umap.UMAP(n_neighbors=NEAR, min_dist=0.1, metric="cosine", random_state=seed).fit_transform(vectors)
    return places, time.time() - begun


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("vectors")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sample", type=int, default=3000)
    parser.add_argument("--most", type=int, default=50000, help="rows that are laid out; of more, a sample is")
    asked = parser.parse_args()
    vectors = numpy.load(asked.vectors).astype("float32")
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    some = numpy.random.default_rng(0).permutation(len(vectors))[:asked.sample]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        reference(vectors[:500], 0)  # numba compiles
        ways = {
            "Tator": lambda seed: ours(asked.program, vectors, seed, folder, asked.most),
            "umap-learn, seeded": lambda seed: reference(vectors, seed),
            "umap-learn, not seeded": lambda seed: reference(vectors, None),
            "principal components": lambda seed: (PCA(2, random_state=seed).fit_transform(vectors), 0.0),
        }
        print(f"{len(vectors):,} × {vectors.shape[1]}\n\n| way | trustworthiness | neighbours kept | s | repeatable |\n|---|--:|--:|--:|---|")
        for name, way in ways.items():
            runs = [way(seed) for seed in range(asked.seeds)]
            again = numpy.array_equal(way(0)[0], runs[0][0])
            trust = [trustworthiness(vectors[some], places[some], n_neighbors=NEAR, metric="cosine") for places, _ in runs]
            share = [kept(vectors[some], places[some]) for places, _ in runs]
            seconds = numpy.median([seconds for _, seconds in runs])
            print(f"| {name} | {numpy.mean(trust):.4f} ± {numpy.std(trust):.4f} | {numpy.mean(share):.3f} | {seconds:.1f} | {'yes' if again else 'no'} |", flush=True)


if __name__ == "__main__":
    main()
