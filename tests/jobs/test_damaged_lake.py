"""Tables whose log or files are damaged: a run ends with exit 3 and one line that names the table and the way out.

These are real damages of a small shop's lake; the texts of errors that are hard to bring about are in
tests/warehouse/test_faults.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import build, check, ingest, pipeline
from jobs.options import Config, job_main, run_steps
from jobs.run import Step
from tests.jobs.places import Place

pytestmark = pytest.mark.system
Damage = Callable[[Path], None]


def without_checksums(folder: Path) -> None:
    """Hadoop compares a file with its checksum, where it has one; other writers leave none."""
    for file in folder.rglob(".*.crc"):
        file.unlink()


def newest_commit(table: Path) -> Path:
    without_checksums(table)
    return max((table / "_delta_log").glob("*.json"))


def torn_commit(table: Path) -> None:
    commit = newest_commit(table)
    commit.write_bytes(commit.read_bytes()[: commit.stat().st_size // 2])


def empty_commit(table: Path) -> None:
    newest_commit(table).write_bytes(b"")


def missing_commit(table: Path) -> None:
    newest_commit(table)
    min((table / "_delta_log").glob("*.json")).unlink()


def of_files(change: Callable[[bytes], bytes | None]) -> Damage:
    def damage(table: Path) -> None:
        without_checksums(table)
        for file in table.glob("*.parquet"):
            content = change(file.read_bytes())
            if content is None:
                file.unlink()
            else:
                file.write_bytes(content)

    return damage


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def zeroed(content: bytes) -> bytes:
    return bytes(len(content))


def missing(content: bytes) -> None:
    return None


@dataclass(frozen=True)
class Case:
    """A damage of a table, and the steps that come to it."""

    table: str
    damage: Damage
    steps: tuple[Step, ...]


UP_TO_SILVER = (ingest.STEP, build.STEP)
CASES = {
    "a torn commit of bronze": Case("bronze.events", torn_commit, (ingest.STEP,)),
    "a torn commit of silver": Case("silver.orders", torn_commit, UP_TO_SILVER),
    "an empty commit": Case("silver.sessions", empty_commit, UP_TO_SILVER),
    "a missing commit": Case("silver.identities", missing_commit, UP_TO_SILVER),
    "a torn commit of ops": Case("ops.published", torn_commit, (check.PUBLISH,)),
    "a cut file": Case("bronze.events", of_files(cut), (ingest.STEP,)),
    "a zeroed file": Case("bronze.orders", of_files(zeroed), (ingest.STEP,)),
    "a missing file": Case("bronze.events", of_files(missing), (ingest.STEP,)),
    "an empty file": Case("silver.identities", of_files(lambda content: b""), UP_TO_SILVER),
    "missing files of silver": Case("silver.touchpoints", of_files(missing), UP_TO_SILVER),
    "a cut file of gold": Case("gold.channel_performance", of_files(cut), (check.STEP,)),
}


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("case", CASES)
def test_damage_ends_with_3_and_names_the_table_and_the_way_out(
    case: str, with_a_new_batch: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place, damaged = with_a_new_batch.copy(tmp_path / "damaged"), CASES[case]
    folder = place.lake / damaged.table.replace(".", "/")
    damaged.damage(folder)
    capfd.readouterr()

    def job(config: Config = None) -> None:
        run_steps("pipeline", damaged.steps, config=config)

    code = job_main(job)(["--config", str(place.configured())])

    lines = capfd.readouterr().err.splitlines()
    assert code == 3, lines
    errors = [line for line in lines if line.startswith("error: ")]
    assert [lines[-1]] == errors, "one line, the last one"
    assert errors[0].startswith(f"error: {damaged.table}, {folder}"), errors
    assert errors[0].count(str(folder)) >= 2, "in the way out"
    assert not [line for line in lines if "Traceback" in line or "Exception" in line or line.startswith("\tat ")]
    assert not list(place.lake.glob("distributary-failure-*"))


def test_the_way_out_of_a_damaged_table_of_silver_leads_out(
    with_a_new_batch: Place, tmp_path: Path, spark: SparkSession
) -> None:
    place = with_a_new_batch.copy(tmp_path / "damaged")
    torn_commit(place.lake / "silver" / "orders")
    config = str(place.configured())
    assert pipeline.main(["--config", config]) == 3
    shutil.rmtree(place.lake / "silver" / "orders")
    assert pipeline.main(["--config", config]) == 0
    assert place.is_published()
    assert place.table("silver.orders")
