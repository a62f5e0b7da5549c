#!/usr/bin/env bash
# Installs the project with its locked packages and Delta's JARs into a folder: deploy/install.sh /opt/distributary
# The folder is a virtual environment; spark/ in it is the installed Spark, jobs/ the scripts for spark-submit.
set -euo pipefail
cd "$(dirname "$0")/.."

place=$1
rm -rf build/lib  # of an earlier build: modules that are no longer there
python3.11 -m venv "$place"
"$place/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir uv==0.13.8
"$place/bin/uv" pip install --quiet --no-cache --python "$place/bin/python" --compile-bytecode \
    --constraint requirements.lock "distributary[all] @ file://$PWD"

site=$("$place/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
ln -s "$site/pyspark" "$place/spark"
ln -s "$site/jobs" "$place/jobs"
# Executors find Delta's JARs beside Spark's own: an image needs no --jars.
(cd "$place" && DISTRIBUTARY_CACHE=$place/cache bin/python -m warehouse.jars) | xargs -I {} ln -s {} "$place/spark/jars/"
