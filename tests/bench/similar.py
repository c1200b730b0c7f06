#!/usr/bin/env python3
"""Nearest neighbours beside FAISS, usearch and Lance: the same vectors, queries and threads, in one run.

    similar.py PROGRAM WORK [--rows 1000000] [--dims 512] [--queries 200] [--k 10] [--threads 2] [--rivals exact,ivf,hnsw,lance]

PROGRAM is the example `neighbours` (cargo build --release -p tator-learning --example neighbours). WORK takes the vectors.
They are made up after what encoders give: clouds of uneven size in a space of fewer directions than numbers, with noise;
queries are further rows of the same kind. Queries go one after the other, as people ask them. Recall is of the true k
nearest, by numpy. Lance's index lies on disk and is asked through its Python package, as people would. Prints a Markdown table. Needs
numpy, faiss, usearch and pylance.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dims", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--rivals", default="exact,ivf,hnsw,lance")
    return parser.parse_args()


ASKED = options()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "LANCE_CPU_THREADS"):
    os.environ[name] = ASKED.threads

import faiss
import lance
import numpy
import pyarrow
from usearch.index import Index


def made_up(rows, dims, seed=42, kinds=4_000, directions=96):
    """Clouds with uneven sizes in `directions` directions, turned into `dims` numbers, with a little noise on each."""
    chance = numpy.random.default_rng(seed)
    turn = chance.normal(size=(directions, dims)).astype("float32") / directions**0.5
    centres = chance.normal(size=(kinds, directions)).astype("float32")
    shares = 1 / numpy.arange(1, kinds + 1) ** 0.6
    kind = chance.choice(kinds, rows, p=shares / shares.sum())
    out = numpy.empty((rows, dims), "float32")
    for start in range(0, rows, 50_000):
        part = slice(start, min(start + 50_000, rows))
        n = part.stop - part.start
        latent = centres[kind[part]] + 0.6 * chance.standard_normal((n, directions), "float32")
        out[part] = latent @ turn + 0.1 * chance.standard_normal((n, dims), "float32")
    out /= numpy.linalg.norm(out, axis=1, keepdims=True)
    return out


def truth(vectors, queries, k):
    best = []
    for query in queries:
        scores = vectors @ query
        near = numpy.argpartition(-scores, k)[:k]
        best.append(near[numpy.argsort(-scores[near])])
    return numpy.array(best)


def one_by_one(search, queries):
    search(queries[:1])
    ms, rows = [], []
    for at in range(len(queries)):
        begun = time.perf_counter()
        rows.append(search(queries[at : at + 1]))
        ms.append(1e3 * (time.perf_counter() - begun))
    return ms, numpy.array(rows).reshape(len(queries), -1)


def recall(found, true):
    return statistics.mean(len(set(a) & set(b)) / len(b) for a, b in zip(found, true))


def row(tool, ms, found, true, build, mb):
    p95 = sorted(ms)[int(0.95 * len(ms))]
    print(f"| {tool} | {statistics.median(ms):.1f} | {p95:.1f} | {recall(found, true):.3f} | {build:.0f} s | {mb:.0f} MB |", flush=True)


def rivals(vectors, queries, true, k, wanted):
    """Each rival at the first of its settings that finds as much as is asked of ours."""
    dims = vectors.shape[1]
    if "exact" in wanted:
        flat = faiss.IndexFlatIP(dims)
        flat.add(vectors)
        row("FAISS, exact", *one_by_one(lambda q: flat.search(q, k)[1], queries), true, 0, vectors.nbytes / 1e6)
        del flat
    if "ivf" in wanted:
        lists = len(vectors) // 1000
        begun = time.perf_counter()
        index = faiss.index_factory(dims, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[:: max(1, len(vectors) // (48 * lists))])
        index.add(vectors)
        build = time.perf_counter() - begun
        for probes in (4, 8, 16, 32, 64, 128, 256):
            index.nprobe = min(probes, lists)
            ms, found = one_by_one(lambda q: index.search(q, k)[1], queries)
            if recall(found, true) >= 0.98 or probes >= lists:
                break
        row(f"FAISS, IVF{lists},SQ8, nprobe {index.nprobe}", ms, found, true, build, len(vectors) * (dims + 8) / 1e6)
        del index
    if "hnsw" in wanted:
        begun = time.perf_counter()
        index = Index(ndim=dims, metric="ip", dtype="i8")
        index.add(numpy.arange(len(vectors)), vectors, threads=int(ASKED.threads))
        build = time.perf_counter() - begun
        for ef in (64, 128, 256, 512, 1024):
            index.expansion_search = ef
            ms, found = one_by_one(lambda q: index.search(q, k, threads=1).keys, queries)
            if recall(found, true) >= 0.98:
                break
        row(f"usearch, HNSW of bytes, ef {ef}", ms, found, true, build, index.memory_usage / 1e6)
    if "lance" in wanted:
        beside_lance(vectors, queries, true, k)


def beside_lance(vectors, queries, true, k):
    """IVF with product quantisation, Lance's usual index, with as many lists as the others and exact second looks."""
    folder, dims = ASKED.work / "vectors.lance", vectors.shape[1]
    shutil.rmtree(folder, ignore_errors=True)
    lists = len(vectors) // 1000
    column = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), dims)
    data = lance.write_dataset(pyarrow.table({"vector": column}), folder)
    begun = time.perf_counter()
    data = data.create_index("vector", "IVF_PQ", metric="dot", num_partitions=lists, num_sub_vectors=dims // 8)
    build = time.perf_counter() - begun
    mb = sum(file.stat().st_size for file in (folder / "_indices").rglob("*") if file.is_file()) / 1e6
    for probes, refine in ((8, 4), (16, 8), (32, 16), (64, 32), (128, 64)):
        def search(query):
            nearest = {"column": "vector", "q": query[0], "k": k, "nprobes": min(probes, lists), "refine_factor": refine}
            return data.to_table(columns=["_distance"], with_row_id=True, nearest=nearest)["_rowid"].to_numpy()

        ms, found = one_by_one(search, queries)
        if recall(found, true) >= 0.98:
            break
    row(f"Lance, IVF{lists},PQ{dims // 8}, nprobes {min(probes, lists)}, refined × {refine}", ms, found, true, build, mb)
    shutil.rmtree(folder)


def main():
    rows, dims, k = ASKED.rows, ASKED.dims, ASKED.k
    every = made_up(rows + ASKED.queries, dims)
    chosen = numpy.random.default_rng(7).permutation(len(every))[: ASKED.queries]
    queries = every[chosen].copy()
    keep = numpy.ones(len(every), bool)
    keep[chosen] = False
    vectors = every[keep]
    del every
    ASKED.work.mkdir(parents=True, exist_ok=True)
    paths = [ASKED.work / "vectors.f32", ASKED.work / "queries.f32"]
    vectors.tofile(paths[0])
    queries.tofile(paths[1])
    true = truth(vectors, queries, k)
    print(f"{rows:,} × {dims}, {len(queries)} queries one by one, {ASKED.threads} threads, load {os.getloadavg()[0]:.1f}\n")
    print(f"| | median ms | p95 ms | recall@{k} | built in | memory |\n|---|--:|--:|--:|--:|--:|", flush=True)
    told = json.loads(subprocess.check_output([ASKED.program, str(paths[0]), str(dims), str(paths[1]), str(k)]))
    mb = vectors.nbytes / 1e6
    row("Tator, exact", told["exact"]["ms"], numpy.array(told["exact"]["rows"]), true, 0, mb)
    name = f"Tator, index, {told['probes']} of {told['centres']} (says {told['recall']:.3f})"
    row(name, told["index"]["ms"], numpy.array(told["index"]["rows"]), true, told["build_s"], mb + told["bytes"] / 1e6)
    rivals(vectors, queries, true, k, ASKED.rivals.split(","))


if __name__ == "__main__":
    main()
