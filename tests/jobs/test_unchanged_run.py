"""A run that finds nothing new looks at folders and logs alone: it starts no JVM and takes a second or two."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs import report
from tests.jobs.places import REPOSITORY, Place
from warehouse.lock import LOCK_FILE
from warehouse.store import Lake
from warehouse.tables import ALL_TABLES, OPS_RUN_LOG

pytestmark = pytest.mark.system

SLOW = ("mlflow", "vl_convert", "jinja2", "matplotlib", "lifetimes", "pyspark.ml", "pyspark.mllib")
SECONDS_AT_MOST = 5.0  # of processor time, imports included
RUN = f"""
import json, os, sys
from pathlib import Path
from pyspark import SparkContext
from jobs.cli import app
try:
    app(args=sys.argv[1:], prog_name="distributary")
except SystemExit as stop:
    code = stop.code
children = [
    Path(f"/proc/{{task.name}}/comm").read_text().strip()
    for task in Path("/proc").iterdir()
    if task.name.isdigit() and int((task / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid()
]
loaded = [name for name in {SLOW!r} if name in sys.modules]
has_jvm = SparkContext._gateway is not None
print(json.dumps({{"code": code, "children": children, "loaded": loaded, "has_jvm": has_jvm}}))
"""


def versions(spark: SparkSession, place: Place) -> dict[str, int]:
    return Lake(spark, str(place.lake), "look").versions([table for table in ALL_TABLES if table is not OPS_RUN_LOG])


def run_alone(place: Place, *options: str) -> tuple[dict[str, Any], list[str], float]:
    """A run in a process of its own: what it ended with, the lines of its steps, and its processor time [seconds]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", RUN, "pipeline", "--config", str(place.configured()), *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), done.stderr.splitlines(), seconds


@pytest.fixture(scope="module")
def place(spark: SparkSession, small_lake: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = small_lake.copy(tmp_path_factory.mktemp("unchanged") / "shop")
    made.run_here(spark)  # the copy's page is another file
    return made


def test_an_unchanged_run_starts_no_jvm_imports_nothing_slow_and_is_logged(spark: SparkSession, place: Place) -> None:
    before, page = versions(spark, place), place.folder / "report.html"
    written_at = page.stat().st_mtime_ns
    ended, lines, seconds = run_alone(place)
    assert ended == {"code": 0, "children": [], "loaded": [], "has_jvm": False}
    assert seconds < SECONDS_AT_MOST
    assert [line for line in lines if line.startswith("  ") and "skipped in" not in line] == []
    assert versions(spark, place) == before
    assert page.stat().st_mtime_ns == written_at
    assert (place.lake / LOCK_FILE).read_text() == ""

    log = Lake(spark, str(place.lake), "look").read(OPS_RUN_LOG)
    rows = log.orderBy(F.desc("started_at")).limit(7).collect()
    steps = ["report", "check", "marts", "score", "attribute", "build", "ingest"]
    assert [(row["job"], row["status"]) for row in rows] == [(f"pipeline/{step}", "skipped") for step in steps]
    assert {row["run_id"] for row in rows} == {rows[0]["run_id"]}
    assert [(row["written"], row["counts"]) for row in rows] == [({}, {})] * 7
    of_first_run = log.where(F.col("run_id") != rows[0]["run_id"]).orderBy(F.desc("as_of")).first()
    assert of_first_run is not None
    assert {row["as_of"] for row in rows} == {of_first_run["as_of"]}


def test_a_new_file_is_found_without_a_jvm_too_and_a_dry_run_plans_what_follows(place: Place, tmp_path: Path) -> None:
    copy = place.copy(tmp_path / "copy")
    event = {"event_id": "new", "event_name": "page_view", "event_ts": "2026-03-02T09:00:00Z", "anonymous_id": "new"}
    (copy.landing / "events" / "new.jsonl").write_text(json.dumps(event) + "\n")
    ended, lines, seconds = run_alone(copy, "--dry-run")
    assert ended == {"code": 0, "children": [], "loaded": [], "has_jvm": False}
    assert seconds < SECONDS_AT_MOST
    text = " ".join(" ".join(lines).split())
    assert "would take in 1 files of events" in text
    assert "would make in part: silver.aliases, silver.identities, silver.sessions" in text


def test_what_was_shown_before_is_written_again_where_the_page_is_gone_or_of_other_knobs(
    spark: SparkSession, place: Place, tmp_path: Path
) -> None:
    copy = place.copy(tmp_path / "copy")
    page = copy.folder / "report.html"

    def reported() -> str:
        (log,) = copy.run_here(spark, (report.STEP,)).steps
        return log.status

    assert [reported(), reported()] == ["done", "skipped"]  # its file is another one than that of the first place
    page.unlink()
    assert [reported(), reported()] == ["done", "skipped"]
    page.write_text("a page of someone", encoding="utf-8")
    assert [reported(), reported()] == ["done", "skipped"]
