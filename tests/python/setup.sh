#!/usr/bin/env bash
# Makes, once, the Python environment in which tests open Tator's tables and exports with other people's packages, and
# prints its interpreter. Fails with a reason when Python, pip or the packages cannot be had.
set -euo pipefail
home="${XDG_CACHE_HOME:-$HOME/.cache}/tator/venv-tests"
# The versions this project was tested with; a new one gets a new number here.
stamp="$home/ready-2"
mkdir -p "$(dirname "$home")"
exec 9>"$home.lock"
flock 9
if [ ! -e "$stamp" ]; then
  python3 -m venv "$home" >&2 || { echo "python3 -m venv does not work here" >&2; exit 1; }
  "$home/bin/pip" install --quiet --disable-pip-version-check "pylance==14.0.2" "duckdb==2.0.0" "pycocotools==2.0.11" >&2
  touch "$stamp"
fi
echo "$home/bin/python"
