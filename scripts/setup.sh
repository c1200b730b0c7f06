#!/usr/bin/env bash
# Makes a fresh clone buildable: checks the tools, installs what it may, fetches the native libraries (pinned by
# SHA-256) into a cache outside the clone and writes .cargo/config.toml, so that plain `cargo` works afterwards.
# Safe to run again: it does only what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# --- tools ---------------------------------------------------------------------------------------------------------
packages=()
need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }
need protoc protobuf-compiler
need c++ g++
need npm npm
need python3 python3
python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip)
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
# The bindings of XGBoost are made from its header at build time.
compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || compgen -G '/usr/lib*/libclang*.so*' >/dev/null || [ -n "${LIBCLANG_PATH:-}" ] || packages+=(libclang-dev)
if [ "${TATOR_SETUP_BROWSER:-1}" = 1 ]; then need chromium chromium; need chromedriver chromium-driver; need nginx nginx-light; need openssl openssl; fi
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing ${packages[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
  else
    die "missing: ${packages[*]}. On Debian: sudo apt-get install ${packages[*]}"
  fi
fi
command -v cargo >/dev/null || die "missing: Rust 1.95 or newer (https://rustup.rs)"

# --- native libraries ----------------------------------------------------------------------------------------------
native="${DUCKDB_LIB_DIR:-}"
if [ -n "$native" ]; then
  ls "$native"/libduckdb.* >/dev/null 2>&1 || die "DUCKDB_LIB_DIR is $native, but there is no libduckdb in it"
elif [ "$(uname -sm)" != "Linux x86_64" ]; then
  die "the prebuilt DuckDB is for Linux x86_64; elsewhere set DUCKDB_LIB_DIR to a folder with libduckdb 1.5.6 and see README, 'Other platforms'"
else
  duckdb=1.5.6-r.1
  duckdb_sha256=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
  native="${XDG_CACHE_HOME:-$HOME/.cache}/tator/native-duckdb-$duckdb"
  if [ ! -e "$native/libduckdb.so" ]; then
    say "fetching libduckdb $duckdb from npm"
    work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
    (cd "$work" && npm pack --silent "@duckdb/node-bindings-linux-x64@$duckdb" >/dev/null)
    tgz=$(ls "$work"/*.tgz)
    echo "$duckdb_sha256  $tgz" | sha256sum --check --quiet || die "libduckdb: the package is not the one this project was tested with"
    tar -xzf "$tgz" -C "$work"
    mkdir -p "$native.part" && cp "$work/package/libduckdb.so" "$work/package/LICENSE" "$native.part/"
    rm -rf "$native" && mv "$native.part" "$native"
  fi
fi

# wheel PACKAGE VERSION PLATFORM SHA256 DIR: unpacks a wheel of PyPI into DIR, or fails when PyPI is out of reach.
wheel() {
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.13 \
    --platform "$3" --dest "$5" "$1==$2" >&2 || return 1
  local file; file=$(ls "$5"/*.whl)
  echo "$4  $file" | sha256sum --check --quiet || die "$1: the package is not the one this project was tested with"
  python3 -m zipfile -e "$file" "$5/wheel"
}

# XGBoost trains and runs the calibrator. Its library looks for libgomp where the wheel has it, so the layout stays.
xgboost_version=3.4.1
xgboost_sha256=1f16331f5c6beb2b40fbd4bf2834333062d93c9eb38b76186a5c206841dc1809
xgboost="${XDG_CACHE_HOME:-$HOME/.cache}/tator/native-xgboost-$xgboost_version"
if [ -n "${XGBOOST_LIB_DIR:-}" ]; then
  ls "$XGBOOST_LIB_DIR"/libxgboost.* >/dev/null 2>&1 || die "XGBOOST_LIB_DIR is $XGBOOST_LIB_DIR, but there is no libxgboost in it"
  xgboost_lib="$XGBOOST_LIB_DIR"
else
  xgboost_lib="$xgboost/xgboost/lib"
  if [ ! -e "$xgboost_lib/libxgboost.so" ]; then
    say "fetching XGBoost $xgboost_version from PyPI"
    work=$(mktemp -d)
    wheel xgboost-cpu "$xgboost_version" manylinux_2_28_x86_64 "$xgboost_sha256" "$work" || die "XGBoost could not be fetched from PyPI; set XGBOOST_LIB_DIR to a folder with libxgboost 3.4"
    rm -rf "$xgboost.part" && mkdir -p "$xgboost.part/xgboost/lib"
    cp "$work/wheel/xgboost/lib/libxgboost.so" "$xgboost.part/xgboost/lib/"
    cp -r "$work/wheel/xgboost_cpu.libs" "$xgboost.part/"
    cp "$work"/wheel/xgboost_cpu-*.dist-info/licenses/LICENSE "$xgboost.part/"
    ln -s libxgboost.so "$xgboost.part/xgboost/lib/libxgboost.so.3"
    rm -rf "$xgboost" "$work" && mv "$xgboost.part" "$xgboost"
  fi
fi

# ONNX Runtime is loaded when the first model runs, so building and labelling go on without it.
onnxruntime=1.31.1
onnxruntime_sha256=74a6a52994616c4d18b33db1e13c226333a70a6ba07480a5cab9c2a50dff1430
runtime="${XDG_CACHE_HOME:-$HOME/.cache}/tator/native-onnxruntime-$onnxruntime"
fetch_onnxruntime() {
  local work; work=$(mktemp -d)
  wheel onnxruntime "$onnxruntime" manylinux_2_28_x86_64 "$onnxruntime_sha256" "$work" || { rm -rf "$work"; return 1; }
  rm -rf "$runtime.part" && mkdir -p "$runtime.part"
  cp "$work/wheel/onnxruntime/capi/libonnxruntime.so.$onnxruntime" "$runtime.part/libonnxruntime.so"
  cp "$work/wheel/onnxruntime/LICENSE" "$work/wheel/onnxruntime/ThirdPartyNotices.txt" "$runtime.part/"
  rm -rf "$runtime" "$work" && mv "$runtime.part" "$runtime"
}
if [ ! -e "$runtime/libonnxruntime.so" ]; then
  say "fetching ONNX Runtime $onnxruntime from PyPI"
  fetch_onnxruntime || say "ONNX Runtime could not be fetched: everything but the models will work; run make setup again when PyPI is in reach"
fi

# axe-core looks at every page for what eyes, ears and keyboards would stumble over; only tests use it.
axe=4.14.1
axe_sha256=e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
axe_folder="${XDG_CACHE_HOME:-$HOME/.cache}/tator/axe-core-$axe"
fetch_axe() {
  local work tgz; work=$(mktemp -d)
  (cd "$work" && npm pack --silent "axe-core@$axe" >/dev/null) || { rm -rf "$work"; return 1; }
  tgz=$(ls "$work"/*.tgz)
  echo "$axe_sha256  $tgz" | sha256sum --check --quiet || die "axe-core: the package is not the one this project was tested with"
  tar -xzf "$tgz" -C "$work"
  mkdir -p "$axe_folder.part" && cp "$work/package/axe.min.js" "$work/package/LICENSE" "$axe_folder.part/"
  rm -rf "$axe_folder" "$work" && mv "$axe_folder.part" "$axe_folder"
}
if [ "${TATOR_SETUP_BROWSER:-1}" = 1 ] && [ ! -e "$axe_folder/axe.min.js" ]; then
  say "fetching axe-core $axe from npm"
  fetch_axe || say "axe-core could not be fetched: the browser tests say so and leave its part out"
fi

# --- models --------------------------------------------------------------------------------------------------------
if [ "${TATOR_SETUP_MODELS:-1}" = 1 ]; then scripts/models.sh || say "the models could not be set up: all else works"; fi

# --- cargo ---------------------------------------------------------------------------------------------------------
config=$(cat <<TOML
# Written by scripts/setup.sh; not committed, because it names this machine's cache folder.
[env]
DUCKDB_LIB_DIR = "$native"
ORT_DYLIB_PATH = "$runtime/libonnxruntime.so"
XGBOOST_LIB_DIR = "$xgboost_lib" # without it the crate's build script looks for a library of its own on the network
[build]
rustflags = ["-L", "native=$xgboost_lib", "-C", "link-arg=-Wl,-rpath,\$ORIGIN:$native:$xgboost_lib"]
TOML
)
mkdir -p .cargo
[ "$(cat .cargo/config.toml 2>/dev/null)" = "$config" ] || printf '%s\n' "$config" > .cargo/config.toml
say "ready"
