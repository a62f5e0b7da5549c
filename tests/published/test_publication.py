"""Readers see the tables that were published together, at exactly the published versions."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from published.delta_files import RECENT
from published.publication import Published, publications, read_published
from tests.published_lake import AS_OF, PUBLISHED_AT, publish, write_table
from tests.small_shop import PATHS, path_row
from warehouse.errors import InputError
from warehouse.tables import BRONZE_QUARANTINE, GOLD_CUSTOMER_VALUE, GOLD_PATH_SUMMARY, OPS_PUBLISHED

COUNT = "select sum(conversions) as conversions from gold_path_summary"


def conversions(lake: Path) -> int:
    return int(read_published(str(lake)).rows(COUNT, GOLD_PATH_SUMMARY)[0]["conversions"])


def test_a_version_written_after_the_publication_is_not_read(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_PATH_SUMMARY: write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 6, 0, 0)])})
    write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 99, 0, 0)])

    assert conversions(tmp_path) == 6


def test_of_several_publications_the_newest_counts_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    first = write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 6, 0, 0)])
    second = write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 7, 0, 0)])
    publish(tmp_path, {GOLD_PATH_SUMMARY: second}, run_id="a-newer", published_at=PUBLISHED_AT + timedelta(days=1))
    publish(tmp_path, {GOLD_PATH_SUMMARY: first}, run_id="b-older", as_of=AS_OF - timedelta(days=1))

    found = read_published(str(tmp_path))

    assert (found.run_id, found.as_of, found.versions) == ("a-newer", AS_OF, {"gold.path_summary": second})
    assert conversions(tmp_path) == 7


def test_at_one_moment_the_greater_run_id_counts(tmp_path: Path) -> None:
    version = write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)
    for run_id in ("run-2", "run-3", "run-1"):
        publish(tmp_path, {GOLD_PATH_SUMMARY: version}, run_id=run_id)

    assert read_published(str(tmp_path)).run_id == "run-3"


def test_a_greater_number_is_newer_whatever_the_clock_showed(tmp_path: Path) -> None:
    version = write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)
    publish(tmp_path, {GOLD_PATH_SUMMARY: version}, run_id="old", published_at=PUBLISHED_AT + timedelta(days=900))
    ahead = PUBLISHED_AT + timedelta(hours=30)
    publish(tmp_path, {GOLD_PATH_SUMMARY: version}, run_id="first", published_at=ahead, publication=4)
    publish(tmp_path, {GOLD_PATH_SUMMARY: version}, run_id="second", publication=5)

    assert read_published(str(tmp_path)).run_id == "second"


def test_a_lake_of_before_there_were_numbers_and_ids_is_read(tmp_path: Path) -> None:
    version = write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)
    older = replace(OPS_PUBLISHED, columns=OPS_PUBLISHED.columns[:5])
    publish(tmp_path, {GOLD_PATH_SUMMARY: version}, published=older)
    later = PUBLISHED_AT + timedelta(days=1)
    publish(tmp_path, {GOLD_PATH_SUMMARY: version}, run_id="run-2", published_at=later, published=older)

    assert read_published(str(tmp_path)).run_id == "run-2"
    assert conversions(tmp_path) == 16


def test_a_table_that_was_made_again_since_is_not_taken_for_the_published_one(tmp_path: Path) -> None:
    version = write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)
    id_ = str(DeltaTable(tmp_path / "gold" / "path_summary").metadata().id)
    publish(tmp_path, {GOLD_PATH_SUMMARY: version}, ids={GOLD_PATH_SUMMARY: id_})
    assert conversions(tmp_path) == 16
    shutil.rmtree(tmp_path / "gold" / "path_summary")
    assert write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS) == version

    with pytest.raises(
        InputError, match=r"gold\.path_summary was deleted in .* since run run-1 published it; run `dist"
    ):
        conversions(tmp_path)


def test_a_lake_may_be_given_as_a_uri(shop: Path) -> None:
    assert read_published(shop.as_uri()).rows(COUNT, GOLD_PATH_SUMMARY) == [{"conversions": 16}]


def test_a_lake_may_be_given_as_a_relative_path(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.parent)
    assert read_published("lake").run_id == "run-1"


@pytest.mark.parametrize("lake", ["missing", "empty"])
def test_nothing_published_is_one_clear_error_that_says_what_to_do(tmp_path: Path, lake: str) -> None:
    if lake == "empty":
        write_table(tmp_path / lake, OPS_PUBLISHED, [])

    with pytest.raises(InputError, match=r"nothing is published here .*run `distributary pipeline` first") as caught:
        read_published(str(tmp_path / lake))

    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)


def test_reading_a_table_that_was_not_published_is_an_error(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_PATH_SUMMARY: write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)})
    found = read_published(str(tmp_path))

    assert found.has(GOLD_PATH_SUMMARY)
    assert not found.has(GOLD_PATH_SUMMARY, GOLD_CUSTOMER_VALUE)
    with pytest.raises(InputError, match=r"gold\.customer_value is not among the tables that run run-1 published"):
        found.rows("select 1", GOLD_CUSTOMER_VALUE)


def test_a_missing_version_is_an_error_that_names_table_and_version(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_PATH_SUMMARY: 5})
    write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)

    with pytest.raises(InputError, match=r"gold\.path_summary: version 5 cannot be read .*publish again"):
        conversions(tmp_path)


def test_a_missing_data_file_is_an_error(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_PATH_SUMMARY: write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)})
    for file in (tmp_path / "gold" / "path_summary").glob("*.parquet"):
        file.unlink()

    with pytest.raises(InputError, match=r"gold\.path_summary cannot be read"):
        conversions(tmp_path)


def test_an_unpublished_table_that_does_not_exist_has_no_rows(tmp_path: Path, shop: Path) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(shop, lake)
    shutil.rmtree(lake / "bronze" / "quarantine")

    assert read_published(str(lake)).newest_rows("select * from bronze_quarantine", BRONZE_QUARANTINE) == []


def test_a_former_publication_is_read_at_its_own_versions(tmp_path: Path) -> None:
    first = write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 6, 0, 0)])
    publish(tmp_path, {GOLD_PATH_SUMMARY: first}, run_id="monday", publication=1)
    second = write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 7, 0, 0)])
    publish(tmp_path, {GOLD_PATH_SUMMARY: second}, run_id="tuesday", publication=2)

    assert [published.run_id for published in publications(str(tmp_path))] == ["tuesday", "monday"]
    monday = read_published(str(tmp_path), run_id="monday")
    assert monday.rows(COUNT, GOLD_PATH_SUMMARY) == [{"conversions": 6}]


def test_a_run_that_published_nothing_is_named_with_those_that_did(tmp_path: Path) -> None:
    version = write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)
    publish(tmp_path, {GOLD_PATH_SUMMARY: version}, run_id="monday")

    with pytest.raises(InputError, match="run sunday published nothing; the newest publications are of: monday"):
        read_published(str(tmp_path), run_id="sunday")


def test_a_query_over_a_table_that_it_was_not_given_says_so_and_blames_no_upkeep(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_PATH_SUMMARY: write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)})
    with pytest.raises(
        InputError, match=r"a query over no table cannot be run: .*table '.*gold_path_summary' not found"
    ):
        read_published(str(tmp_path)).rows(COUNT)


def test_what_upkeep_removed_is_one_clear_line(tmp_path: Path) -> None:
    def published_twice(lake: Path) -> Published:
        for number, conversions_ in enumerate((6, 7), start=1):
            version = write_table(lake, GOLD_PATH_SUMMARY, [path_row(["Search"], conversions_, 0, 0)])
            publish(lake, {GOLD_PATH_SUMMARY: version}, run_id=f"run-{number}", publication=number)
        return read_published(str(lake), run_id="run-1")

    former = published_twice(tmp_path / "files")
    DeltaTable(tmp_path / "files" / "gold" / "path_summary").vacuum(
        retention_hours=0, enforce_retention_duration=False, dry_run=False
    )
    with pytest.raises(InputError, match=r"gold\.path_summary cannot be read: upkeep \(VACUUM\) has removed files of"):
        former.rows(COUNT, GOLD_PATH_SUMMARY)

    former = published_twice(tmp_path / "log")
    table = DeltaTable(tmp_path / "log" / "gold" / "path_summary")
    table.create_checkpoint()
    (tmp_path / "log" / "gold" / "path_summary" / "_delta_log" / f"{0:020}.json").unlink()
    with pytest.raises(InputError, match=r"version 0 no longer exists in .*, upkeep has removed it"):
        former.rows(COUNT, GOLD_PATH_SUMMARY)


def test_facts_that_are_never_published_are_those_of_the_publications_run(tmp_path: Path) -> None:
    def quarantined(rows: int, run: str | None) -> int:
        row = {"source": "events", "reason": "not JSON", "quarantined_at": PUBLISHED_AT, "batch_id": "b"}
        bad = [{**row, "file": "a", "line": line} for line in range(1, rows + 1)]
        return write_table(tmp_path, BRONZE_QUARANTINE, bad, metadata=json.dumps({"run_id": run}) if run else None)

    version = write_table(tmp_path, GOLD_PATH_SUMMARY, PATHS)
    for number, run in enumerate(("2026-1", "2026-3", "2026-5"), start=1):
        publish(tmp_path, {GOLD_PATH_SUMMARY: version}, run_id=run, publication=number)
    count = "select count(*) as n from bronze_quarantine"

    def counts() -> list[int]:
        newest_first = [published.rows_of_then(count, BRONZE_QUARANTINE) for published in publications(str(tmp_path))]
        return [rows[0]["n"] if rows else 0 for rows in reversed(newest_first)]

    assert counts() == [0, 0, 0]
    quarantined(9, run=None)
    assert counts() == [9, 9, 9]  # of before all runs
    for run, rows in (("2026-2", 2), ("2026-3", 3), ("2026-4", 4)):
        quarantined(rows, run)
    # The second run wrote; the third found what the fourth, which published nothing, had written.
    assert counts() == [9, 3, 4]
    DeltaTable(tmp_path / "bronze" / "quarantine").optimize.compact()
    assert counts() == [9, 3, 4]
    for number in range(RECENT):
        quarantined(1, f"2027-{number}")
    assert counts() == [9, 3, 4]
