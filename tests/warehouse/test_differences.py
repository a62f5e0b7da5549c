"""The differences between a table's stored rows and their new state."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from tests.warehouse.example_tables import NEW_VISITS, STORED_VISITS, VISITS, visits
from warehouse.differences import differences, staged_differences
from warehouse.staging import stage_below


def test_only_rows_that_changed_differ(spark: SparkSession) -> None:
    found = differences(VISITS, visits(spark, NEW_VISITS), visits(spark, STORED_VISITS[:3])).collect()
    assert {(row["id"], row["_is_known"], row["_is_gone"], str(row["_before"])) for row in found} == {
        ("b", True, False, "2026-03-02"),
        ("c", True, True, "2026-03-03"),
        ("d", False, False, "None"),
    }


def test_differences_are_counted_and_stored_while_the_step_lasts(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "_staging" / "visits"
    with stage_below(spark, str(folder)) as stage:
        found = staged_differences(
            VISITS, differences(VISITS, visits(spark, NEW_VISITS), visits(spark, STORED_VISITS[:3])), stage
        )
        assert (found.known, found.new, found.first, found.last) == (2, 1, "2026-03-02", "2026-03-03")
        assert {(row["id"], row["_is_gone"]) for row in found.known_rows.collect()} == {("b", False), ("c", True)}
        assert [row["id"] for row in found.new_rows.collect()] == ["d"]
        assert found.new_rows.columns == list(VISITS.column_names)
        assert folder.is_dir()
    assert not folder.exists()


def test_the_same_rows_have_no_differences(spark: SparkSession, tmp_path: Path) -> None:
    with stage_below(spark, str(tmp_path / "_staging")) as stage:
        stored = visits(spark, STORED_VISITS)
        found = staged_differences(VISITS, differences(VISITS, stored, stored), stage)
        assert (found.known, found.new, found.first, found.last) == (0, 0, None, None)
