#!/usr/bin/env python3
"""What a fold would cost with Lance's merge_insert: rows of N images replaced in a copy of a published boxes table.

    fold.py BOXES_LANCE     (needs the PyPI package pylance)

Tator's own figure for the same is in the server's log: `published … ms`, see tator.py serve.
"""
import json
import pathlib
import shutil
import sys
import tempfile
import time

import lance
import pyarrow.compute as pc


def replace_by_merge(table, images):
    rows = table.to_table(filter=f"image_id IN ({','.join(map(str, images))})")
    moved = rows.set_column(rows.schema.get_field_index("x"), "x", pc.add(rows["x"], 1.0))
    begun = time.perf_counter()
    (table.merge_insert("box_id").when_matched_update_all().when_not_matched_insert_all()
     .when_not_matched_by_source_delete(f"image_id IN ({','.join(map(str, images))})").execute(moved))
    return time.perf_counter() - begun


def main(source):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "boxes.lance"
        shutil.copytree(source, copy)
        for n in (1, 100, 1000):
            times = []
            for turn in range(3):
                table = lance.dataset(str(copy))
                times.append(replace_by_merge(table, range(1000 * turn + 1, 1000 * turn + 1 + n)))
            print(json.dumps({"tool": "pylance", "version": lance.__version__, "what": "merge_insert", "images": n,
                              "rows": lance.dataset(str(copy)).count_rows(), "best_ms": round(min(times) * 1000, 1)}))


if __name__ == "__main__":
    main(sys.argv[1])
