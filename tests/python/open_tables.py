"""Opens the published tables of a dataset with the packages `pylance` and `duckdb`, and prints what they see.

Arguments: folder of the dataset's tables, and perhaps names of versions.
"""
import json
import sys

import duckdb
import lance

folder, versions = sys.argv[1], sys.argv[2:]
seen = {"versions": {}}
for table in ("images", "boxes", "classes"):
    rows = lance.dataset(f"{folder}/{table}.lance")
    seen[table] = rows.count_rows()
    seen[f"{table}_schema_version"] = (rows.schema.metadata or {}).get(b"tator.schema_version", b"").decode()
boxes = lance.dataset(f"{folder}/boxes.lance").to_table()
seen["by_class"] = [list(row) for row in duckdb.sql("SELECT class_id, count(*), sum(w * h) FROM boxes GROUP BY class_id ORDER BY class_id").fetchall()]
seen["polygons"] = duckdb.sql("SELECT count(polygon) FROM boxes").fetchall()[0][0]
for name in versions:
    seen["versions"][name] = lance.dataset(f"{folder}/boxes.lance", version=name).count_rows()
print(json.dumps(seen))
