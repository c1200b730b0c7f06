#!/usr/bin/env python3
"""Writes the model.toml of a detector that is one ONNX file, so that `tator models add DIR` takes it:

    describe.py FILE.onnx --family yolox --classes NAMES.txt --licence Apache-2.0 --source WHERE [--side 416] [--name NAME]

NAMES.txt has one class a line, in the order of the network's outputs; Ultralytics files name theirs themselves. The
manifest is written beside the file, or into --out with a link to the file. Keys: mobilesam.toml.
"""
import argparse
import hashlib
import json
import os
import pathlib

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("file", type=pathlib.Path)
parser.add_argument("--family", required=True)
parser.add_argument("--classes", type=pathlib.Path)
parser.add_argument("--licence", required=True)
parser.add_argument("--source", required=True)
parser.add_argument("--side", type=int)
parser.add_argument("--name")
parser.add_argument("--out", type=pathlib.Path)
asked = parser.parse_args()

raw = asked.file.read_bytes()
name = asked.name or asked.file.stem.lower().replace("_", "-")
fields = {"name": name, "title": name, "task": "detect", "family": asked.family, "licence": asked.licence, "source": asked.source}
if asked.side:
    fields["input_size"] = [asked.side, asked.side]
if asked.classes:
    fields["classes"] = asked.classes.read_text().split("\n")
    while not fields["classes"][-1].strip():
        fields["classes"].pop()
lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
lines += ["", "[files.model]", f'path = "{asked.file.name}"', f'sha256 = "{hashlib.sha256(raw).hexdigest()}"', f"size = {len(raw)}"]
folder = asked.out or asked.file.parent
folder.mkdir(parents=True, exist_ok=True)
if asked.out and not (folder / asked.file.name).exists():
    os.symlink(asked.file.resolve(), folder / asked.file.name)
(folder / "model.toml").write_text("\n".join(lines) + "\n")
