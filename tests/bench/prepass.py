#!/usr/bin/env python3
"""The prepass on real photographs with real detectors, beside bare ONNX Runtime, in one run.

    prepass.py PROGRAM DATASETS MODELS [--work DIR] [--threads 2] [--images N]

DATASETS holds coco_bench and aerial_kit_ais, MODELS folders with a model.toml (scripts/models/describe.py writes one) of
yolox_nano, picodet_s_320, picodet_s_416, nanodet_m_416 and fastestdet. It makes a workspace under --work (kept), imports
the val2017 part of coco_bench and the aerial photographs, and shows:

  recall   per source and all together at IoU .5 and .75 (`tator evaluate` and the API of the run)
  pace     images a second of each pass, beside bare ONNX Runtime (the network alone, inputs ready) on the same pictures
  bytes    a second run from an empty cache has the same tables, byte for byte
  resumed  a run killed with SIGKILL half-way and resumed has the same tables as one that was not
  failed   a picture that cannot be read is `failed` and nothing else is lost
  equal    `tator evaluate --predictions` and pycocotools differ by at most 1e-12 on the results of each detector

Prints Markdown. Needs the packages of requirements.txt.
"""
import argparse
import contextlib
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import tomllib

import numpy
import onnxruntime
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ["yolox_nano", "picodet_s_320", "picodet_s_416", "nanodet_m_416", "fastestdet"]
FIGURES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]
TABLES = ["images", "atoms", "candidates", "candidate_atoms"]


def recipe(models, score=0.02, windows=False, classes=None):
    lines = ['name = "bench"', "seed = 42"]
    for model in models:
        lines += ["[[detectors]]", f'model = "{model}"', f"score = {score}", "most = 100"]
        if windows:
            lines += ['windows = { side = 320, overlap = 0.2, merge = "greedy_nmm", metric = "ios" }']
    if classes:
        lines += ["[classes]"] + [f'"{theirs}" = "{ours}"' for theirs, ours in classes.items()]
    lines += ["[fusion]", 'mode = "primary"', "iou = 0.75", 'calibrate = "platt"']
    return "\n".join(lines) + "\n"


class Tator:
    def __init__(self, program, workspace, models):
        self.program, self.workspace = program, workspace
        self.env = {**os.environ, "TATOR_MODELS": str(models), "XDG_CACHE_HOME": str(workspace) + ".cache"}

    def command(self, *arguments):
        return [self.program, *map(str, arguments), "--workspace", str(self.workspace)]

    def __call__(self, *arguments, codes=(0,)):
        done = subprocess.run(self.command(*arguments), env=self.env, capture_output=True, text=True)
        if done.returncode not in codes:
            sys.exit(f"{arguments}: {done.returncode} {done.stderr}")
        return json.loads(done.stdout.strip().splitlines()[-1]) if "--json" in arguments else done.stdout

    def sql(self, statement):
        done = subprocess.run(self.command("sql", statement, "--format", "json"), env=self.env, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["rows"]

    def tables(self, dataset, run):
        folder = self.workspace / "tables" / dataset / "runs" / run
        return {name: hashlib.sha256((folder / f"{name}.parquet").read_bytes()).hexdigest() for name in TABLES}

    def forget(self):
        shutil.rmtree(self.workspace / "cache" / "prepass", ignore_errors=True)


def bare(folder, threads, rounds=40):
    """Images a second of the network alone."""
    manifest = tomllib.loads((folder / "model.toml").read_text())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    session = onnxruntime.InferenceSession(str(folder / manifest["files"]["model"]["path"]), options, providers=["CPUExecutionProvider"])
    side = manifest["input_size"][0]
    image = numpy.random.default_rng(1).random((1, 3, side, side), dtype="float32")
    feeds = {session.get_inputs()[0].name: image}
    for _ in range(5):
        session.run(None, feeds)
    best = 0
    for _ in range(3):
        begun = time.perf_counter()
        for _ in range(rounds):
            session.run(None, feeds)
        best = max(best, rounds / (time.perf_counter() - begun))
    return best


def show_recall(tator, dataset, run, models):
    print(f"\n{dataset}, run `{run}`:\n\n| source | boxes | could find at .5 | at .75 | recall at .5 | at .75 | precision at .5 | AP | AP50 |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    counted = {row[0]: row[1:] for row in tator.sql(f"""
        WITH truth AS (SELECT b.* FROM {dataset}.boxes b JOIN {dataset}.images i USING (image_id) WHERE i.state IN ('labelled', 'reviewed') AND b.state = 'trusted' AND NOT b.is_crowd),
        found AS (SELECT source_run AS source, image_id, class_id, x, y, w, h FROM {dataset}.atoms_{run} UNION ALL SELECT 'all together', image_id, class_id, x, y, w, h FROM {dataset}.candidates_{run}),
        pairs AS (SELECT f.source, t.box_id, greatest(least(f.x + f.w, t.x + t.w) - greatest(f.x, t.x), 0) * greatest(least(f.y + f.h, t.y + t.h) - greatest(f.y, t.y), 0) AS shared, f.w * f.h + t.w * t.h AS areas
                  FROM truth t JOIN found f USING (image_id, class_id))
        SELECT source, count(DISTINCT box_id) FILTER (shared / (areas - shared) >= .5) / (SELECT count(*) FROM truth), count(DISTINCT box_id) FILTER (shared / (areas - shared) >= .75) / (SELECT count(*) FROM truth)
        FROM pairs GROUP BY 1""")}
    for source in [*sorted(name for name in counted if ":" in name), "all together"]:
        ask = ["--source", source, "--stage", "atoms"] if ":" in source else []
        at = [tator("evaluate", "--dataset", dataset, "--run", run, *ask, "--score", 0, "--iou", iou, "--json") for iou in (0.5, 0.75)]
        cells = [counted[source][0], counted[source][1], at[0]["recall"], at[1]["recall"], at[0]["precision"], at[0]["AP"], at[0]["AP50"]]
        print(f"| {source} | {at[0]['detections']:,} | " + " | ".join(f"{100 * cell:.1f} %" for cell in cells) + " |", flush=True)


def show_pace(report, models, threads):
    print(f"\n| stage | images a second | bare ONNX Runtime | share |\n|---|--:|--:|--:|")
    networks, windows = 0, False
    for stage in report["stages"]:
        name, rate = stage["name"], stage["images_per_s"]
        network = bare(models / name.split(":")[0], threads) if name.endswith(":full") else None
        networks += 1 / network if network else 0
        windows = windows or name.endswith(":windows")
        share = f"{network:.1f} | {100 * rate / network:.0f} %" if network else " | "
        print(f"| {name} | {rate:.1f} | {share} |", flush=True)
    each = report["seconds"] / report["images"]
    whole = f"{1000 * each:.1f} ms an image; the bare networks take {1000 * networks:.1f} ms: {100 * networks / each:.0f} %" if networks and not windows else ""
    print(f"\nSet by {report['bottleneck']}; {report['images']} images in {report['seconds']:.1f} s, {whole} (load {os.getloadavg()[0]:.1f}).")


def reference(truth, results, ids):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(truth))
        judge = COCOeval(coco, coco.loadRes(results), "bbox")
        judge.params.imgIds = sorted(ids)
        judge.evaluate(), judge.accumulate(), judge.summarize()
    return judge.stats


def show_equal(tator, dataset, run, truth, work):
    """Results of each source as a COCO file, measured by both. Truths without area are not imported: both do without."""
    content = json.loads(truth.read_text())
    content["annotations"] = [one for one in content["annotations"] if one["bbox"][2] > 0 and one["bbox"][3] > 0]
    truth = work / "truth.json"
    truth.write_text(json.dumps(content))
    worst, seconds = 0.0, [0.0, 0.0]
    sources = [row[0] for row in tator.sql(f"SELECT DISTINCT source_run FROM {dataset}.atoms_{run} ORDER BY 1")]
    for source in sources:
        rows = tator.sql(f"""SELECT i.source_id::BIGINT, k.source_id::BIGINT, a.x, a.y, a.w, a.h, a.score FROM {dataset}.atoms_{run} a
            JOIN {dataset}.images i USING (image_id) JOIN {dataset}.classes k USING (class_id) WHERE a.source_run = '{source}' ORDER BY a.atom_id LIMIT 1000000""")
        results = [{"image_id": r[0], "category_id": r[1], "bbox": r[2:6], "score": r[6]} for r in rows]
        path = work / "results.json"
        path.write_text(json.dumps(results))
        begun = time.perf_counter()
        theirs = reference(truth, results, [r["id"] for r in json.loads(truth.read_text())["images"]])
        seconds[1] += time.perf_counter() - begun
        ours = tator("evaluate", "--dataset", dataset, "--predictions", path, "--json")
        seconds[0] += ours["seconds"]
        worst = max([worst] + [abs((-1 if ours[name] is None else ours[name]) - value) for name, value in zip(FIGURES, theirs)])
    print(f"\n`tator evaluate` beside pycocotools on {len(sources)} result files: largest difference {worst:.1e}; {seconds[0]:.2f} s and {seconds[1]:.2f} s, both reading files.")


def killed(tator, dataset, text, run):
    """Starts a run, kills it half-way, resumes it; gives how many images the second half looked at."""
    tator.forget()
    (tator.workspace.parent / "recipe.toml").write_text(text)
    child = subprocess.Popen(tator.command("prepass", "--dataset", dataset, "--recipe", tator.workspace.parent / "recipe.toml", "--run", run), env=tator.env, stderr=subprocess.DEVNULL)
    logs = tator.workspace / "cache" / "prepass"
    while child.poll() is None and sum(path.stat().st_size for path in logs.glob("*.log")) < 200_000:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return tator("prepass", "--dataset", dataset, "--resume", "--run", run, "--json", codes=(0, 4))


def main():
    parse = argparse.ArgumentParser(usage=__doc__)
    parse.add_argument("program", type=pathlib.Path)
    parse.add_argument("datasets", type=pathlib.Path)
    parse.add_argument("models", type=pathlib.Path)
    parse.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/tator-prepass"))
    parse.add_argument("--threads", type=int, default=2)
    parse.add_argument("--sets", default="coco,aerial")
    options = parse.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    tator = Tator(options.program.resolve(), options.work / "workspace", options.models.resolve())
    shutil.rmtree(tator.workspace, ignore_errors=True)
    coco = options.datasets / "coco_bench"
    truth = coco / "instances_val2017.json"
    write = lambda text: (options.work / "recipe.toml").write_text(text) and options.work / "recipe.toml"

    if "coco" in options.sets:
        tator("import", truth, "--dataset", "val2017", "--format", "coco", "--images", coco / "images" / "val2017", "--json", codes=(0, 4))
        text = recipe(NAMES)
        report = tator("prepass", "--dataset", "val2017", "--recipe", write(text), "--run", "five", "--json", codes=(0, 4))
        show_recall(tator, "val2017", "five", options.models)
        show_pace(report, options.models, options.threads)
        show_equal(tator, "val2017", "five", truth, options.work)
        first = tator.tables("val2017", "five")
        tator.forget()
        tator("prepass", "--dataset", "val2017", "--recipe", write(text), "--run", "again", "--json", codes=(0, 4))
        print(f"\nSecond run from an empty cache: tables {'equal' if tator.tables('val2017', 'again') == first else 'DIFFERENT'}.")
        resumed = killed(tator, "val2017", text, "resumed")
        looked = min(stage["done"] for stage in resumed["stages"] if ":" in stage["name"])
        print(f"Killed and resumed: the second half looked at {looked} to {max(s['done'] for s in resumed['stages'] if ':' in s['name'])} of {resumed['images']} images; tables {'equal' if tator.tables('val2017', 'resumed') == first else 'DIFFERENT'}.", flush=True)

    if "aerial" in options.sets:
        aerial = options.work / "aerial"
        shutil.rmtree(aerial, ignore_errors=True)
        shutil.copytree(options.datasets / "aerial_kit_ais", aerial, copy_function=shutil.copy)
        subprocess.run(["chmod", "-R", "u+w", aerial], check=True)
        names = (aerial / "aerial.names").read_text().split()
        (aerial / "data.yaml").write_text(f"path: .\ntrain: images\nnames: {json.dumps(names)}\n")
        tator("import", aerial, "--dataset", "aerial", "--json", codes=(0, 4))
        text = recipe(NAMES, windows=True, classes={"bicycle": "cyclist"})
        report = tator("prepass", "--dataset", "aerial", "--recipe", write(text), "--run", "windows", "--json", codes=(0, 4))
        show_recall(tator, "aerial", "windows", options.models)
        show_pace(report, options.models, options.threads)
        # A picture that breaks: marked there, nothing else lost.
        [[image, path]] = tator.sql("SELECT image_id, path FROM aerial.images ORDER BY image_id LIMIT 1 OFFSET 10")
        broken = next(tator.workspace.joinpath("datasets", "aerial", "images").rglob(pathlib.Path(path).name))
        broken.write_bytes(b"\xff\xd8\xff\xe0 no picture")
        tator("prepass", "--dataset", "aerial", "--recipe", write(text), "--run", "broken", "--json", codes=(4,))
        states = tator.sql("SELECT status, count(*), count(DISTINCT image_id) FROM aerial.run_images_broken GROUP BY 1 ORDER BY 1")
        [[same]] = tator.sql(f"""SELECT count(*) FROM (SELECT image_id, class_id, x, y, w, h, score, source_run FROM aerial.atoms_windows WHERE image_id <> {image}
            EXCEPT ALL SELECT image_id, class_id, x, y, w, h, score, source_run FROM aerial.atoms_broken)""")
        print(f"\nA picture that cannot be read: {states}; {same} boxes of other images lost.", flush=True)


main()
