#!/bin/sh
# Builds the plug-in in a project folder: sh build.sh PROJECT OUTPUT. With no arguments it only sets up what builds need.
set -eu

version=0.25.1 # of componentize-py
builder=${XDG_CACHE_HOME:-$HOME/.cache}/tiphys/componentize-py-$version

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }

command -v python3 >/dev/null || die "python3 is missing: install Python 3.10 or later"

if [ ! -f "$builder/complete" ]; then
  say "installing componentize-py $version into $builder (once, about 100 MB)"
  rm -rf "$builder"
  python3 -m venv "$builder" >&2 || die "python3 could not make a venv: install Python's venv module (Debian: apt-get install python3-venv)"
  "$builder/bin/pip" install --quiet --disable-pip-version-check "componentize-py==$version" >&2 ||
    die "pip could not install componentize-py $version: is the package index reachable?"
  touch "$builder/complete"
fi
[ $# -gt 0 ] || exit 0

[ $# -eq 2 ] || die "usage: sh build.sh PROJECT OUTPUT"
mkdir -p "$(dirname "$2")"
output=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$1"
[ -f plugin.py ] || die "$1 has no plugin.py"
[ -d wit ] || die "$1 has no wit folder: copy it from a project of 'tiphys plugin new'"

# Packages in pure Python only; a compiled one has no build for WebAssembly.
set -- -p vendor -p .
if [ -f requirements.txt ]; then
  if [ ! -f .packages/complete ] || [ requirements.txt -nt .packages/complete ]; then
    say "installing requirements.txt into .packages"
    rm -rf .packages
    "$builder/bin/pip" install --quiet --disable-pip-version-check --target .packages -r requirements.txt >&2
    touch .packages/complete
  fi
  set -- "$@" -p .packages
fi

say "building plugin.py (half a minute, or so)"
PYTHONDONTWRITEBYTECODE=1 "$builder/bin/componentize-py" --quiet --wit-path wit --world plugin \
  componentize tiphys.entry --stub-wasi "$@" --output "$output" >&2
say "built $output: $(wc -c <"$output") bytes"
