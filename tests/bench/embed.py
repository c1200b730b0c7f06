#!/usr/bin/env python3
"""The embedding job beside bare ONNX Runtime on the same model, in one run, round by round in turn.

    embed.py TATOR SOURCE MODEL [--name N] [--rounds 3] [--work DIR]

TATOR is the program, SOURCE a dataset it imports (pictures with boxes), MODEL a folder with a model.toml of an encoder. Bare ONNX
Runtime gets inputs that are ready, alone and in batches of 16, with its usual threads, and beside that as Tator does it, a session a
core; it neither decodes, scales, nor writes. The share is of its usual session at its better batch. Tator's rate is that of its stages from the first picture to the last commit, as `tator embed --json` tells it. The best round counts. Prints a
Markdown table. Needs numpy and onnxruntime.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import tomllib

import numpy
import onnxruntime

BATCHES = (16, 1)


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("tator")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=pathlib.Path)
    return parser.parse_args()


def opened(path, threads=0):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def bare(sessions, side, batch, count):
    """Pictures a second of the network alone, each session in a thread of its own."""
    inputs = numpy.random.default_rng(1).random((batch, 3, side, side), "float32")
    feeds = {sessions[0].get_inputs()[0].name: inputs}
    rounds = -(-count // (batch * len(sessions)))
    for session in sessions:
        session.run(None, feeds)
    threads = [threading.Thread(target=lambda s=session: [s.run(None, feeds) for _ in range(rounds)]) for session in sessions]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return rounds * batch * len(sessions) / (time.perf_counter() - begun)


def tator(program, workspace, models, *arguments):
    environment = {**os.environ, "TATOR_MODELS": str(models)}
    command = [program, *arguments, "--workspace", str(workspace), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if told.returncode not in (0, 4):
        raise SystemExit(told.stderr)
    return json.loads(told.stdout.strip().splitlines()[-1])


def main():
    asked = options()
    manifest = tomllib.loads((asked.model / "model.toml").read_text())
    side = manifest.get("input_size", [224])[0]
    path = asked.model / manifest["files"]["encoder"]["path"]
    usual, lanes = [opened(path)], [opened(path, 1) for _ in os.sched_getaffinity(0)]
    work = pathlib.Path(tempfile.mkdtemp(dir=asked.work))
    try:
        tator(asked.tator, work / "w", asked.model.parent, "import", str(asked.source), "--dataset", "bench")
        rates = {"images": [], "boxes": [], "bare": [], "lanes": []}
        stages = {}
        for _ in range(asked.rounds):
            for of in ("images", "boxes"):
                shutil.rmtree(work / "w/tables/bench" / f"embeddings_{manifest['name'].replace('-', '_')}_{of}.lance", ignore_errors=True)
                report = tator(asked.tator, work / "w", asked.model.parent, "embed", "--dataset", "bench", "--model", manifest["name"], "--of", of)
                rates[of].append(report["per_second"])
                stages[of] = (report["embedded"], ", ".join(f"{s['name']} {100 * s['busy']:.0f} %" for s in report["stages"]), report["bottleneck"])
                rates["bare"] += [bare(usual, side, batch, report["embedded"]) for batch in BATCHES]
                rates["lanes"].append(bare(lanes, side, 1, report["embedded"]))
    finally:
        shutil.rmtree(work)
    best = max(rates["bare"])
    print(f"{manifest['name']}, {side} × {side}, load {os.getloadavg()[0]:.1f}\n")
    print("| | vectors | a second | of bare ONNX Runtime | stages busy | the pace is set by |\n|---|--:|--:|--:|---|---|")
    print(f"| bare ONNX Runtime | | {best:.1f} | | | |")
    print(f"| bare, {len(lanes)} sessions of one thread | | {max(rates['lanes']):.1f} | {100 * max(rates['lanes']) / best:.0f} % | | |")
    for of in ("images", "boxes"):
        rate = max(rates[of])
        print(f"| Tator, {of} | {stages[of][0]} | {rate:.1f} | {100 * rate / best:.0f} % | {stages[of][1]} | {stages[of][2]} |")


if __name__ == "__main__":
    main()
