#!/usr/bin/env bash
# Runs the benchmarks that BENCHMARKS.md shows: Tator and its rivals in one run, on this machine, on made-up label sets.
# Rivals come from PyPI into a virtual environment outside the clone.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/tator"
work="${TATOR_BENCH_DIR:-$cache/bench}"
target="${CARGO_TARGET_DIR:-target}"
mkdir -p "$work"
if ! "$cache/venv-bench/bin/python" -c "import lance, onnxruntime" 2>/dev/null; then
  python3 -m venv "$cache/venv-bench"
  "$cache/venv-bench/bin/pip" install --quiet -r tests/bench/requirements.txt pylance
fi
cp "$target/debug/tator" "$work/tator"
for shape in ${TATOR_BENCH_SHAPES:-10000:72700 118287:860001}; do
  for part in import export serve; do python3 tests/bench/tator.py "$work/tator" "$part" "$work" "$shape"; done
done
"$cache/venv-bench/bin/python" tests/bench/fold.py "$work/workspace-118287-860001/tables/big/boxes.lance"
json="$work/coco-118287-860001.json"
python="$cache/venv-bench/bin/python"
for tool in pycocotools datumaro supervision; do "$python" tests/bench/rivals.py coco-import "$json" --only "$tool"; done
"$python" tests/bench/rivals.py coco-to-yolo "$json" --images "$work" --only datumaro
"$python" tests/bench/rivals.py make-parquet "$json" "$work/boxes.parquet"
"$python" tests/bench/rivals.py group-by "$work/boxes.parquet" --repeat 5
if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
  rm -rf "$work/labeller" && mkdir "$work/labeller"
  python3 tests/bench/labeller.py "$work/tator" "$work/labeller"
else
  echo "labeller.py left out: chromium and chromedriver are not installed" >&2
fi
# Segmenter and detectors need pictures with official boxes and polygons, which cannot be carried along: a folder as
# segment.py wants it.
if [ -n "${TATOR_BENCH_COCO:-}" ]; then
  "$python" tests/bench/segment.py "$TATOR_BENCH_COCO" --program "$work/tator" --work "$work"
  if [ -e "$cache/models/yolox-nano" ]; then
    "$python" tests/bench/detectors.py "$TATOR_BENCH_COCO" "$cache/models/yolox-nano" --work "$work"
  fi
else
  echo "segment.py and detectors.py left out: TATOR_BENCH_COCO names no folder with instances_val2017.json and images/val2017/" >&2
fi
