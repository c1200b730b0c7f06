#!/usr/bin/env python3
"""Calibration on real photographs with real detectors, and its speed beside pandas and XGBoost in Python, in one run.

    calibrate.py PROGRAM DATASETS MODELS [--work DIR] [--seeds 5] [--parts quality,blocks,scale] [--rows 10000,100000]

DATASETS holds coco_bench, MODELS folders with a model.toml of yolox_nano, picodet_s_320, picodet_s_416 and nanodet_m_416. Only the
val2017 part of coco_bench is used: the detectors were trained on train2017. With --looks ENCODER, one more folder of MODELS, a class
head is trained on the boxes of train2017, and calibrations ask it about the candidates' crops. It makes a workspace under --work
(kept) and shows:

  quality  for each raw detector at its own best threshold, their union, and the calibrated pool: precision, recall and F1 with
           intervals on images that no part of it has seen (nested cross-validation), at IoU .5 and .75, for each seed
  blocks   the same without each block of features
  scale    seconds and peak memory of a calibration of made-up candidates, beside a script of pandas and XGBoost on the same rows;
           the predictions of both from the same features and trees

Prints Markdown. Needs the packages of requirements.txt.
"""
import argparse
import hashlib
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

import numpy
import pandas
import pyarrow
import pyarrow.parquet
import xgboost

NAMES = ["yolox_nano", "picodet_s_320", "picodet_s_416", "nanodet_m_416"]
BLOCKS = {
    "start": None,
    "votes of each look": ["own::", "support::", "weighed::", "atoms::"],
    "agreement": ["vote_", "n_atoms", "n_sources", "by_", "only_", "agreement", "mean_support", "n_support"],
    "overlaps": ["same_", "better_", "other_", "covered_"],
    "geometry": ["centre_", "rel_", "ln_", "edge"],
    "crops": ["crop::"],
    "head": ["head::"],
    "context": ["image_", "class_rank", "class_count", "class_mean", "below_", "near"],
}


def recipe(windows):
    lines = ['name = "pool"', "seed = 42"]
    for model in NAMES:
        lines += ["[[detectors]]", f'model = "{model}"', "score = 0.02", "most = 100"]
        if windows:
            lines += ['windows = { side = 384, overlap = 0.2, merge = "nms", metric = "ios", threshold = 0.6 }']
    # Scores as the models give them: maps fitted on the truth would have seen the test images.
    return "\n".join(lines + ["[fusion]", 'mode = "wbf"', "iou = 0.6", 'calibrate = "none"']) + "\n"


class Tator:
    def __init__(self, program, workspace, models):
        self.program, self.workspace = str(program), workspace
        self.env = {**os.environ, "TATOR_MODELS": str(models), "XDG_CACHE_HOME": f"{workspace}.cache"}

    def __call__(self, *arguments, codes=(0,)):
        command = [self.program, *map(str, arguments), "--workspace", str(self.workspace)]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True)
        if done.returncode not in codes:
            sys.exit(f"{arguments}: {done.returncode} {done.stderr}")
        return json.loads(done.stdout.strip().splitlines()[-1]) if "--json" in arguments else done.stdout


def line(name, standings):
    mean = lambda key: numpy.mean([one[key] for one in standings])
    low, high = numpy.mean([one["f1_ci"] for one in standings], axis=0)
    spread = f"{min(one['f1'] for one in standings):.3f} to {max(one['f1'] for one in standings):.3f}"
    return f"| {name} | {mean('precision'):.3f} | {mean('recall'):.3f} | **{mean('f1'):.3f}** | {low:.3f} to {high:.3f} | {spread} |"


def calibrated(tator, run, iou, seed, *extra):
    name = "q" + hashlib.sha256(repr((run, iou, seed, extra)).encode()).hexdigest()[:16]
    # Another time is measured anew, and no earlier one that was promoted is compared with.
    shutil.rmtree(tator.workspace / "tables" / "val2017" / "calibrations", ignore_errors=True)
    return tator("calibrate", "--dataset", "val2017", "--run", run, "--name", name, "--iou", iou, "--seed", seed, "--recall-floor", 0, "--json", *extra)


def head(tator, coco, encoder):
    """Number of a class head that learnt from the boxes of train2017; trained once."""
    note = tator.workspace.parent / f"head_{encoder}.txt"
    if not note.exists():
        tator("import", coco / "instances_train2017.json", "--dataset", "train2017", "--format", "coco", "--images", coco / "images" / "train2017", "--json", codes=(0, 4))
        tator("embed", "--dataset", "train2017", "--of", "boxes", "--model", encoder, "--json")
        told = tator("train", "head", "--dataset", "train2017", "--encoder", encoder, "--c", 30, "--test", 0.05, "--validation", 0.1, "--json")
        print(f"<!-- head: accuracy {told['test']['accuracy']:.3f} on {told['test']['boxes']} boxes that it never saw -->", flush=True)
        note.write_text(told["run"])
    return note.read_text()


def quality(tator, run, seeds, extra):
    for iou in (0.5, 0.75):
        reports = [calibrated(tator, run, iou, seed, *extra) for seed in range(1, seeds + 1)]
        sizes = reports[0]["sizes"]
        print(f"\nRun `{run}`, IoU {iou}: {sizes['truth_images']} images, {sizes['truths']} objects, {sizes['candidates']:,} candidates; {seeds} seeds, "
              f"{numpy.mean([r['seconds'] for r in reports]):.0f} s each.\n\n| | precision | recall | F1 | 95 % interval | F1 by seed |\n|---|--:|--:|--:|--:|--:|")
        for name in reports[0]["baselines"]:
            print(line(name, [report["baselines"][name] for report in reports]))
        print(line("**calibrated pool**", [report["test"] for report in reports]), flush=True)
        print(f"\nPromoted with {sum(r['promoted'] for r in reports)} of {seeds} seeds. With the first: {reports[0]['why']}.", flush=True)


def blocks(tator, run, seeds, extra):
    print("\n| features | F1 at IoU .5 | difference |\n|---|--:|--:|")
    f1 = lambda *more: numpy.mean([calibrated(tator, run, 0.5, seed, *extra, *more)["test"]["f1"] for seed in range(1, seeds + 1)])
    whole = f1()
    print(f"| all | {whole:.3f} | |", flush=True)
    looks = "--head" in extra
    for name, prefixes in BLOCKS.items():
        if name in ("crops", "head") and not looks:
            continue
        without = f1(*(["--no-start"] if prefixes is None else [word for prefix in prefixes for word in ("--without", prefix)]))
        print(f"| without {name} | {without:.3f} | {without - whole:+.3f} |", flush=True)


def made_up(workspace, dataset, rows, seed=1):
    """A run of about so many candidates over the images of a made-up dataset, written as the prepass writes it."""
    chance = numpy.random.default_rng(seed)
    images = pyarrow.parquet.read_table(workspace.parent / f"{dataset}_images.parquet").to_pandas()
    truth = pyarrow.parquet.read_table(workspace.parent / f"{dataset}_boxes.parquet").to_pandas()
    each = rows // 2
    near = truth.sample(each, replace=True, random_state=seed)[["image_id", "class_id", "x", "y", "w", "h"]].reset_index(drop=True)
    for side in "xy":
        near[side] += chance.normal(0, 0.08, each) * near["w" if side == "x" else "h"]
    for side in "wh":
        near[side] *= numpy.exp(chance.normal(0, 0.1, each))
    far = truth.sample(rows - each, replace=True, random_state=seed + 1)[["image_id", "class_id", "x", "y", "w", "h"]].reset_index(drop=True)
    size = images.set_index("image_id").loc[far.image_id]
    far["x"], far["y"] = chance.random(len(far)) * (size.width.to_numpy() - far.w), chance.random(len(far)) * (size.height.to_numpy() - far.h)
    near["real"], far["real"] = 1.0, 0.0
    found = pandas.concat([near, far]).sort_values("image_id", kind="stable").reset_index(drop=True)
    found["candidate_id"] = numpy.arange(1, rows + 1)
    sources = ["a", "b", "c"]
    said = {s: numpy.clip(0.15 + 0.35 * found.real * lift + 0.45 * chance.random(rows), 0.01, 0.99) for s, lift in zip(sources, (1, 0.8, 0.6))}
    heard = {s: chance.random(rows) < 0.7 for s in sources}
    heard["a"] |= ~(heard["b"] | heard["c"])
    atoms = pandas.concat([found[heard[s]].assign(source=s, score=said[s][heard[s]]) for s in sources]).sort_values(["image_id", "candidate_id", "source"], kind="stable").reset_index(drop=True)
    atoms["atom_id"] = numpy.arange(1, len(atoms) + 1)
    best = atoms.groupby("candidate_id").agg(score=("score", "max"), n_atoms=("atom_id", "size"))
    found = found.join(best, on="candidate_id")
    folder = workspace / "tables" / dataset / "runs" / "made_up"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = lambda value, n: pyarrow.array([value] * n, pyarrow.string())
    boxes = lambda frame: {**{k: pyarrow.array(frame[k], pyarrow.int64()) for k in ("image_id",)}, "class_id": pyarrow.array(frame.class_id, pyarrow.int32()), **{k: pyarrow.array(frame[k], pyarrow.float64()) for k in "xywh"}}
    write = lambda name, columns: pyarrow.parquet.write_table(pyarrow.table(columns), folder / f"{name}.parquet", compression="zstd", row_group_size=122_880)
    n, m = len(found), len(atoms)
    write("images", {"image_id": pyarrow.array(images.image_id, pyarrow.int64()), "content_hash": text("", len(images)), "stage": text("detector", len(images)), "source_run": text("a:full", len(images)),
                     "status": text("done", len(images)), "error": pyarrow.nulls(len(images), pyarrow.string()), "n_atoms": pyarrow.array([0] * len(images), pyarrow.int32())})
    write("candidates", {"candidate_id": pyarrow.array(found.candidate_id, pyarrow.int64()), **boxes(found), "score": pyarrow.array(found.score, pyarrow.float64()), "score_source": text("raw", n), "source": text("a", n),
                         "sources": pyarrow.array([["a"]] * n, pyarrow.list_(pyarrow.string())), "n_atoms": pyarrow.array(found.n_atoms, pyarrow.int32()), "n_sources": pyarrow.array(found.n_atoms, pyarrow.int32())})
    write("atoms", {"atom_id": pyarrow.array(atoms.atom_id, pyarrow.int64()), **boxes(atoms), "score": pyarrow.array(atoms.score, pyarrow.float64()), "calibrated": pyarrow.nulls(m, pyarrow.float64()), "stage": text("detector", m),
                    "source": pyarrow.array(atoms.source, pyarrow.string()), "source_run": pyarrow.array(atoms.source + ":full", pyarrow.string()), "window_index": pyarrow.nulls(m, pyarrow.int32()),
                    "prompt": pyarrow.nulls(m, pyarrow.string()), "prompt_kind": pyarrow.nulls(m, pyarrow.string()), "exemplar_box_id": pyarrow.nulls(m, pyarrow.int64()), "model_class": text("thing", m)})
    write("candidate_atoms", {"candidate_id": pyarrow.array(atoms.candidate_id, pyarrow.int64()), "atom_id": pyarrow.array(atoms.atom_id, pyarrow.int64()), "image_id": pyarrow.array(atoms.image_id, pyarrow.int64()), "iou": pyarrow.array(numpy.ones(m))})
    (folder / "run.json").write_text(json.dumps({"run": "made_up", "rows": rows}))


RIVAL = r"""
import json, sys, time, resource
import numpy, pandas, xgboost
folder, tables = sys.argv[1], {}
begun = time.perf_counter()
c = pandas.read_parquet(f"{folder}/candidates.parquet"); a = pandas.read_parquet(f"{folder}/atoms.parquet", columns=["atom_id", "source_run", "score"]); m = pandas.read_parquet(f"{folder}/candidate_atoms.parquet")
images = pandas.read_parquet(sys.argv[2]).set_index("image_id"); truth = pandas.read_parquet(sys.argv[3])
v = m.merge(a, on="atom_id")
own = v.pivot_table(index="candidate_id", columns="source_run", values="score", aggfunc="max").reindex(c.candidate_id)
votes = v.groupby("candidate_id").score.agg(["max", "mean", "std", "size"]).reindex(c.candidate_id)
left, width = c.reset_index()[["index", "image_id", "class_id", "x", "y", "w", "h", "score"]], None
agg, label = [], numpy.zeros(len(c))
for image, g in left.groupby("image_id", sort=False):
    x, y, w, h = (g[k].to_numpy() for k in "xywh")
    iw = numpy.clip(numpy.minimum(x[:, None] + w[:, None], x + w) - numpy.maximum(x[:, None], x), 0, None); ih = numpy.clip(numpy.minimum(y[:, None] + h[:, None], y + h) - numpy.maximum(y[:, None], y), 0, None)
    i = iw * ih; iou = i / (w * h + (w * h)[:, None] - i); numpy.fill_diagonal(iou, 0); same = g.class_id.to_numpy()[:, None] == g.class_id.to_numpy(); s = g.score.to_numpy()
    agg.append(pandas.DataFrame({"same_support": ((iou >= .5) & same).sum(1), "same_iou": (iou * same).max(1), "other_support": ((iou >= .5) & ~same).sum(1), "other_iou": (iou * ~same).max(1), "better_iou": (iou * same * (s[None] > s[:, None])).max(1), "rank": s.argsort()[::-1].argsort()}, index=g["index"]))
near = pandas.concat(agg).sort_index()
size = images.loc[c.image_id]
f = pandas.concat([own.reset_index(drop=True), votes.reset_index(drop=True).add_prefix("v_"), near.reset_index(drop=True), pandas.DataFrame({"rw": c.w / size.width.to_numpy(), "rh": c.h / size.height.to_numpy(), "cx": c.x / size.width.to_numpy(), "cy": c.y / size.height.to_numpy(), "score": c.score})], axis=1)
built = time.perf_counter() - begun
t = {k: g for k, g in truth.groupby(["image_id", "class_id"])}
for key, g in c.groupby(["image_id", "class_id"]):
    if key not in t: continue
    b = t[key]; x, y, w, h = (g[k].to_numpy() for k in "xywh"); X, Y, W, H = (b[k].to_numpy() for k in "xywh")
    iw = numpy.clip(numpy.minimum(x[:, None] + w[:, None], X + W) - numpy.maximum(x[:, None], X), 0, None); ih = numpy.clip(numpy.minimum(y[:, None] + h[:, None], Y + H) - numpy.maximum(y[:, None], Y), 0, None)
    iou = iw * ih / ((w * h)[:, None] + W * H - iw * ih); used = set()
    for row in g.score.to_numpy().argsort()[::-1]:
        for at in iou[row].argsort()[::-1]:
            if iou[row, at] >= .5 and at not in used: used.add(at); label[g.index[row]] = 1; break
labelled = time.perf_counter() - begun - built
part = (c.image_id * 2654435761 % 2**32 / 2**32).to_numpy()
train, tune = part < .6, (part >= .6) & (part < .8)
p = json.loads(sys.argv[4])
begun = time.perf_counter()
model = xgboost.train(p, xgboost.DMatrix(f[train], label[train]), 600, evals=[(xgboost.DMatrix(f[tune], label[tune]), "tune")], early_stopping_rounds=50, verbose_eval=False)
model.predict(xgboost.DMatrix(f))
print(json.dumps({"features": built, "labels": labelled, "training": time.perf_counter() - begun, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "columns": f.shape[1]}))
"""


def scale(program, work, rows):
    print("\n| candidates | `tator calibrate`: all, seconds | of that features + labels + training with thresholds | peak memory | pandas + XGBoost: features + labels + training, seconds | peak memory |\n|--:|--:|--:|--:|--:|--:|")
    for n in rows:
        workspace, dataset = work / f"scale_{n}", f"made_{n}"
        shutil.rmtree(workspace, ignore_errors=True)
        tator = Tator(program, workspace, work / "none")
        source = work / f"source_{n}.json"
        subprocess.run([str(program), "synthesize", "coco", str(source), "--images", str(max(n // 100, 50)), "--boxes", str(n // 3)], check=True, capture_output=True)
        tator("import", source, "--dataset", dataset, "--json", codes=(0, 4))
        for table in ("images", "boxes"):
            tator("sql", f"SELECT * FROM {dataset}.{table}", "--format", "parquet", "--out", work / f"{dataset}_{table}.parquet")
        made_up(workspace, dataset, n)
        command = [str(program), "calibrate", "--dataset", dataset, "--run", "made_up", "--json", "--workspace", str(workspace)]
        begun = time.perf_counter()
        child = subprocess.Popen(command, env=tator.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        out, _ = child.communicate()
        seconds, peak = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        report = json.loads(out.strip().splitlines()[-1])
        record = json.loads((workspace / "tables" / dataset / "calibrations" / report["calibration"] / "record.json").read_text())
        folder = workspace / "tables" / dataset / "runs" / "made_up"
        p = record["tried"][0]["parameters"]
        parameters = {"objective": "binary:logistic", "tree_method": "hist", "nthread": p["threads"], "seed": p["seed"], "max_depth": p["max_depth"], "eta": p["eta"], "subsample": p["subsample"],
                      "colsample_bytree": p["colsample"], "min_child_weight": p["min_child_weight"], "lambda": p["lambda"], "alpha": p["alpha"], "gamma": p["gamma"], "max_bin": p["max_bin"]}
        rival = subprocess.run([sys.executable, "-c", RIVAL, folder, work / f"{dataset}_images.parquet", work / f"{dataset}_boxes.parquet", json.dumps(parameters)], capture_output=True, text=True)
        if rival.returncode:
            sys.exit(rival.stderr)
        theirs = json.loads(rival.stdout)
        print(f"| {n:,} | {seconds:.1f} ({len(record['folds'])} part{'s' * (len(record['folds']) > 1)} tested, {record['tried'][0]['rounds']} trees) | {' + '.join(format(report['parts'][part], '.1f') for part in ('features', 'labels', 'training'))} | {peak:.0f} MB | {theirs['features']:.1f} + {theirs['labels']:.1f} + {theirs['training']:.1f} | {theirs['peak_mb']:.0f} MB |", flush=True)
        equal(workspace / "tables" / dataset / "calibrations" / report["calibration"], record)


def begun(folder, features, margin):
    """The log odds that the trees start from, as start.json tells them, and the share of their correction that counts."""
    if not (folder / "start.json").exists():
        return margin
    start = json.loads((folder / "start.json").read_text())
    size = features[start["size"]].astype("float64").fillna(0).clip(-8, 0).to_numpy()
    terms = []
    for name in start["scores"]:
        score = features[name].astype("float64").fillna(0).to_numpy()
        sure = score.clip(0.005, 0.995)
        terms += [numpy.log(sure / (1 - sure)), score, score * size]
    terms = (numpy.column_stack([*terms, size]) - start["means"]) / start["deviations"]
    return start["offset"] + terms @ numpy.array(start["weights"]) + start["share"] * margin


def equal(folder, record):
    """The trees of the file, asked by Python about the features of the table, give the scores of the table where no part had to be left out."""
    features = pyarrow.parquet.read_table(folder / "features.parquet").to_pandas()
    scores = pyarrow.parquet.read_table(folder / "scores.parquet").to_pandas()
    rows = (scores.part != "test").to_numpy() if record["protocol"] == "split" else numpy.zeros(len(scores), bool)
    if not rows.any():
        return
    model = xgboost.Booster(model_file=str(folder / "model.json"))
    cells = features.loc[rows, record["features"]["names"]].to_numpy("float32")
    margin = model.predict(xgboost.DMatrix(cells, feature_names=[f"f{at}" for at in range(cells.shape[1])]), output_margin=True).astype("float64")
    margin = begun(folder, features.loc[rows], margin)
    theirs = 1 / (1 + numpy.exp(record["map"]["slope"] * margin + record["map"]["offset"]))
    print(f"<!-- Python's predictions on {rows.sum():,} rows differ by at most {numpy.abs(theirs - scores.score[rows]).max():.1e} -->", flush=True)


def main():
    parse = argparse.ArgumentParser(usage=__doc__)
    parse.add_argument("program", type=pathlib.Path)
    parse.add_argument("datasets", type=pathlib.Path)
    parse.add_argument("models", type=pathlib.Path)
    parse.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/tator-calibrate"))
    parse.add_argument("--seeds", type=int, default=5)
    parse.add_argument("--parts", default="quality,blocks,scale")
    parse.add_argument("--runs", default="full,windows")
    parse.add_argument("--rows", default="10000,100000,1000000")
    parse.add_argument("--extra", default="")
    parse.add_argument("--looks", metavar="ENCODER")
    options = parse.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    tator = Tator(options.program.resolve(), options.work / "workspace", options.models.resolve())
    coco, extra = options.datasets / "coco_bench", options.extra.split()
    runs = options.runs.split(",")
    if {"quality", "blocks"} & set(options.parts.split(",")):
        tables = tator.workspace / "tables" / "val2017"
        if not tables.exists():
            tator("import", coco / "instances_val2017.json", "--dataset", "val2017", "--format", "coco", "--images", coco / "images" / "val2017", "--json", codes=(0, 4))
        for run in [run for run in runs if not (tables / "runs" / run).exists()]:
            (options.work / "recipe.toml").write_text(recipe(run == "windows"))
            tator("prepass", "--dataset", "val2017", "--recipe", options.work / "recipe.toml", "--run", run, "--json", codes=(0, 4))
    if options.looks:
        extra += ["--head", head(tator, coco, options.looks)]
    if "quality" in options.parts:
        for run in runs:
            quality(tator, run, options.seeds, extra)
    if "blocks" in options.parts:
        blocks(tator, runs[-1], min(options.seeds, 3), extra)
    if "scale" in options.parts:
        scale(options.program.resolve(), options.work, [int(n) for n in options.rows.split(",")])


main()
