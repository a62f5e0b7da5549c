#!/usr/bin/env bash
# Packs the project and its locked packages for the workers of a cluster: dist/environment.tar.gz.
#   scripts/pack.sh [EXTRA]     spark (the default): what workers import; all: what a driver on the cluster needs too
# The archive is a virtual environment that may be unpacked anywhere. It holds no Python of its own: it is a link to
# PACK_PYTHON (by default the one that .venv was made with), which must be at that path on every machine.
# pyspark is left out: workers have the cluster's.
set -euo pipefail
cd "$(dirname "$0")/.."

extra=${1:-spark}
python=${PACK_PYTHON:-$(readlink -f .venv/bin/python)}
uv=.venv/bin/uv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Of an earlier build, modules may remain that are no longer there.
rm -rf build/lib
"$uv" build --quiet --wheel --out-dir "$work/wheel" .
"$uv" venv --quiet --relocatable --python "$python" "$work/environment"
echo pyspark >"$work/left-out"
"$uv" pip install --quiet --python "$work/environment/bin/python" --compile-bytecode \
    --constraint requirements.lock --excludes "$work/left-out" \
    "distributary[$extra] @ file://$(echo "$work"/wheel/*.whl)"
mkdir -p dist
# Little effort: the archive is read as often as it is sent.
tar --directory "$work/environment" --create . | gzip -1 >"$work/environment.tar.gz"
mv "$work/environment.tar.gz" dist/environment.tar.gz
