#!/usr/bin/env python3
"""Times other tools at what Tator does too, one tool at a time, each in a process of its own.

    rivals.py coco-import  LABELS.json [--images DIR]
    rivals.py coco-to-yolo LABELS.json --images DIR
    rivals.py make-parquet LABELS.json OUT.parquet
    rivals.py group-by     BOXES.parquet [--sql SQL]

Prints one JSON line per tool: tool, version, what, seconds, cpu_seconds, peak_rss_mb, result (what was counted, to show
that the work was done) or error. `seconds` is the call itself with files in the page cache, without starting Python and
importing the library; where `cpu_seconds` is far below it, the machine was busy with something else and the run is worth
little. `peak_rss_mb` is the whole process. `--only TOOL` takes one tool, `--repeat N` the median of N processes.
Packages are in requirements.txt beside this file. Nothing is written but under a temporary folder, and OUT.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

GROUP_BY = "SELECT category_id, count(*), avg(w * h) FROM boxes GROUP BY category_id ORDER BY 2 DESC"


def datumaro_dataset(labels, folder):
    """Datumaro wants its own layout, so the file is linked into one."""
    import datumaro

    layout = pathlib.Path(folder) / "coco" / "annotations"
    layout.mkdir(parents=True)
    os.symlink(os.path.abspath(labels), layout / "instances_train.json")
    (layout.parent / "images").mkdir()  # must exist, may be empty
    dataset = datumaro.Dataset.import_from(str(layout.parent), "coco_instances")
    return dataset, sum(1 for _ in dataset), sum(len(item.annotations) for item in dataset)


def supervision_dataset(labels, images):
    import supervision

    return supervision.DetectionDataset.from_coco(images_directory_path=images or "", annotations_path=labels)


def import_pycocotools(args, _folder):
    import pycocotools.coco

    def work():
        found = pycocotools.coco.COCO(args.labels)
        return {"images": len(found.imgs), "boxes": len(found.anns)}

    return work


def import_datumaro(args, folder):
    import datumaro  # noqa: F401  the import is not timed

    def work():
        _, images, boxes = datumaro_dataset(args.labels, folder)
        return {"images": images, "boxes": boxes}

    return work


def import_supervision(args, _folder):
    import supervision  # noqa: F401

    def work():
        found = supervision_dataset(args.labels, args.images)
        return {"images": len(found), "boxes": sum(len(boxes) for boxes in found.annotations.values())}

    return work


def yolo_files(folder):
    files = [path for path in pathlib.Path(folder).rglob("*.txt") if path.name != "train.txt"]
    return {"files": len(files)}


def export_datumaro(args, folder):
    import datumaro  # noqa: F401

    dataset, _, _ = datumaro_dataset(args.labels, folder)
    out = os.path.join(folder, "out")

    def work():
        dataset.export(out, "yolo", save_media=False)  # its yolo_ultralytics refuses a set without a val part
        return lambda: yolo_files(out)

    return work


def export_supervision(args, folder):
    dataset = supervision_dataset(args.labels, args.images)
    out = os.path.join(folder, "out")

    def work():  # it opens every picture to learn its size, although the labels tell it
        dataset.as_yolo(annotations_directory_path=out, data_yaml_path=os.path.join(folder, "data.yaml"))
        return lambda: yolo_files(out)

    return work


def group_by_duckdb(args, _folder):
    import duckdb

    connection = duckdb.connect()
    path = args.labels.replace("'", "''")
    connection.execute(f"CREATE VIEW boxes AS SELECT * FROM read_parquet('{path}')")
    connection.execute(args.sql).fetchall()  # once before the clock: page cache, threads
    return lambda: {"rows": len(connection.execute(args.sql).fetchall())}


TASKS = {
    "coco-import": {"pycocotools": import_pycocotools, "datumaro": import_datumaro, "supervision": import_supervision},
    "coco-to-yolo": {"datumaro": export_datumaro, "supervision": export_supervision},
    "group-by": {"duckdb": group_by_duckdb},
}


def child(args):
    """Runs one tool and prints its figures as the last line."""
    folder = tempfile.mkdtemp(prefix="rivals-")
    try:
        work = TASKS[args.what][args.only](args, folder)
        start, cpu_start = time.perf_counter(), time.process_time()
        result = work()
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
        result = result() if callable(result) else result
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures = {"seconds": round(seconds, 4), "cpu_seconds": round(cpu_seconds, 4), "peak_rss_mb": round(peak)}
        print(json.dumps(figures | {"result": result}))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(args, tool):
    command = [sys.executable, __file__, *sys.argv[1:], "--child", "--only", tool]
    runs = []
    for _ in range(args.repeat):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=args.timeout)
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {args.timeout} s"}
        if done.returncode:
            return {"error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
        runs.append(json.loads(done.stdout.strip().splitlines()[-1]))
    middle = statistics.median_low([run["seconds"] for run in runs])
    return next(run for run in runs if run["seconds"] == middle)


def make_parquet(args):
    """The boxes of a COCO file as one Parquet file, read with Python's own JSON so that no tool has an advantage."""
    import pyarrow
    import pyarrow.parquet

    with open(args.labels, encoding="utf-8") as file:
        rows = json.load(file)["annotations"]
    columns = {key: [row[key] for row in rows] for key in ("id", "image_id", "category_id")}
    for index, name in enumerate("xywh"):
        columns[name] = [float(row["bbox"][index]) for row in rows]
    table = pyarrow.concat_tables([pyarrow.table(columns)] * args.times)
    pyarrow.parquet.write_table(table, args.out, row_group_size=122_880, compression="zstd")
    print(json.dumps({"out": args.out, "rows": table.num_rows}))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    for what in TASKS:
        command = commands.add_parser(what)
        command.add_argument("labels", help="COCO JSON, or Parquet for group-by")
        command.add_argument("--images", help="folder of the pictures", required=what == "coco-to-yolo")
        command.add_argument("--sql", default=GROUP_BY, help="statement over the view boxes")
        command.add_argument("--only", choices=list(TASKS[what]))
        command.add_argument("--repeat", type=int, default=1)
        command.add_argument("--timeout", type=int, default=1800, help="seconds for one run of one tool")
        command.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    command = commands.add_parser("make-parquet")
    command.add_argument("labels")
    command.add_argument("out")
    command.add_argument("--times", type=int, default=1, help="write the rows so many times over")
    return parser.parse_args()


def main():
    args = arguments()
    if args.what == "make-parquet":
        return make_parquet(args)
    if args.child:
        return child(args)
    for tool in [args.only] if args.only else TASKS[args.what]:
        row = {"tool": tool, "version": importlib.metadata.version(tool), "what": args.what}
        print(json.dumps(row | measure(args, tool)), flush=True)


if __name__ == "__main__":
    main()
