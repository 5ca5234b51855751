#!/bin/sh
# Builds the plug-in in a project folder: sh build.sh PROJECT OUTPUT. With no arguments it only sets up what builds need.
set -eu

version=0.4.5 # of componentize-qjs, the builder that jco 1.35.0 has for QuickJS too
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tiphys
builder=$cache/componentize-qjs-$version

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }

command -v npm >/dev/null || die "npm is missing: install Node 18 or later (https://nodejs.org)"

if [ ! -x "$builder/node_modules/.bin/componentize-qjs" ]; then
  say "installing componentize-qjs $version into $builder (once, about 40 MB)"
  mkdir -p "$cache"
  fresh=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  npm install --prefix "$fresh" --no-audit --no-fund --loglevel=error "componentize-qjs@$version" >&2 ||
    die "npm could not install componentize-qjs $version: is the npm registry reachable?"
  rm -rf "$builder"
  mv "$fresh" "$builder"
fi
[ $# -gt 0 ] || exit 0

[ $# -eq 2 ] || die "usage: sh build.sh PROJECT OUTPUT"
mkdir -p "$(dirname "$2")"
output=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$1"
[ -f package.json ] || die "$1 has no package.json"
[ -d wit ] || die "$1 has no wit folder: copy it from a project of 'tiphys plugin new'"
ask() { node -p "const it = require('./package.json'); $1"; }

if [ "$(ask 'Object.keys({...it.dependencies, ...it.devDependencies}).length')" != 0 ] && [ ! -d node_modules ]; then
  say "installing the project's packages"
  npm install --no-audit --no-fund --loglevel=error >&2
fi
if [ "$(ask '"build" in (it.scripts ?? {})')" = true ]; then
  say "running the project's own build script"
  npm run --silent build >&2
fi
main=$(ask 'it.main ?? "src/plugin.js"')
[ -f "$main" ] || die "$main is missing: package.json says in main which module exports the template"

say "building $main"
"$builder/node_modules/.bin/componentize-qjs" --wit wit --world plugin --js "$main" --module-root . --sync --stub-wasi --output "$output" >&2
