"""From a number of spend to the landed rows of ad exports that make it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from published.landed_tables import made_from
from published.publication import Published, read_published
from published.spend_audit import SpendRowsBehind, read_spend_behind
from published.view import EVERYTHING
from tests.audited_shop import SEOUL, at, landed_spend, performance_rows, spend_rows, write_audited_shop
from tests.published_lake import publish, write_table
from tests.small_shop import performance_row
from warehouse.tables import BRONZE_AD_SPEND, GOLD_CHANNEL_PERFORMANCE, SILVER_AD_SPEND, TABLES

DAY = date(2026, 3, 9)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return read_published(str(write_audited_shop(tmp_path_factory.mktemp("spend"))))


def behind(published: Published, **filters: Any) -> SpendRowsBehind:
    found = read_spend_behind(published, EVERYTHING, timezone=SEOUL, **filters)
    assert found is not None
    return found


def places(found: SpendRowsBehind) -> list[tuple[date, int, list[tuple[str, int, int]]]]:
    return [
        (row.spend_date, int(row.report_spend), [(one.file, one.line, int(one.spend)) for one in row.landed])
        for row in found.rows
    ]


def test_the_landed_rows_behind_spend_add_up_to_it(audited: Published) -> None:
    found = behind(audited, channel="Paid Search")
    assert places(found) == [
        (DAY, 80, [("ad_spend/1.csv", 2, 60), ("ad_spend/1.csv", 3, 20)]),
        (date(2026, 3, 12), 40, [("ad_spend/1.csv", 4, 40)]),
    ]
    assert (found.number, found.summed, found.count, found.adds_up) == (120, 120, 2, True)


def test_a_campaign_is_named_as_on_that_day(audited: Published) -> None:
    assert [row[0] for row in places(behind(audited, campaign="spring"))] == [DAY]
    assert [row[0] for row in places(behind(audited, campaign="spring 2026", source="google"))] == [date(2026, 3, 12)]
    assert places(behind(audited, day=DAY, medium="email")) == []


def test_pages_give_each_row_once(audited: Published) -> None:
    first = behind(audited, limit=1)
    second = behind(audited, limit=1, after=first.after)
    assert [page.rows[0].spend_date for page in (first, second)] == [DAY, date(2026, 3, 12)]
    assert (second.after, second.summed) == (None, 120)


def lake_of(tmp_path: Path, stored: dict[str, Any], landed: Sequence[dict[str, Any]]) -> Published:
    """A lake with one row of silver.ad_spend on DAY, and these landed rows."""
    lake = write_audited_shop(tmp_path)
    row = {**spend_rows()[0], **stored}
    performance = performance_row("linear", "purchase", "conversion", DAY, "Paid Search", spend=row["spend"])
    written = {
        SILVER_AD_SPEND: write_table(lake, SILVER_AD_SPEND, [row]),
        GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, [performance]),
    }
    write_table(lake, BRONZE_AD_SPEND, landed)
    publish(lake, written, run_id="run-2", publication=2)
    return read_published(str(lake))


def rows(*costs: int, file: str, name: str | None = "Spring", **more: Any) -> list[dict[str, Any]]:
    return [landed_spend(DAY, name, cost, file=file, line=line, **more) for line, cost in enumerate(costs, start=2)]


# what is stored, what landed, and the landed rows that count
EXPORTS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], list[tuple[str, int]]]] = {
    "a file exported later replaces the day": (
        {"spend": Decimal(90)},
        [*rows(60, 20, file="a.csv", exported_at=at(10, 0)), *rows(90, file="b.csv", exported_at=at(11, 0))],
        [("b.csv", 2)],
    ),
    "of files of one moment those count that add up": (
        {"spend": Decimal(80)},
        [*rows(60, 20, file="Nov.csv"), *rows(70, file="Oct.csv")],
        [("Nov.csv", 2), ("Nov.csv", 3)],
    ),
    "otherwise the last by name, numbers by value": (
        {"spend": Decimal(80)},
        [*rows(80, file="export (10).csv"), *rows(80, file="export (9).csv")],
        [("export (10).csv", 2)],
    ),
    "without an account each campaign has its file": (
        {"spend": Decimal(60), "account_id": None},
        [
            *rows(60, file="a.csv", account_id=None),
            *rows(500, file="b.csv", account_id=None, campaign_id="78", name="Other", exported_at=at(25, 0)),
        ],
        [("a.csv", 2)],
    ),
    "hours are of the reporting day": (
        {"spend": Decimal(30)},
        [
            # 9 March, 15:00 UTC is 10 March in Seoul; 8 March, 15:00 UTC is 9 March.
            *rows(10, file="a.csv", spend_at=at(9, 15)),
            *[{**row, "spend_date": date(2026, 3, 8)} for row in rows(30, file="b.csv", spend_at=at(8, 15))],
        ],
        [("b.csv", 2)],
    ),
    "names have their blanks and codes in one form": (
        {"spend": Decimal(60), "campaign": "spring sale"},
        rows(60, file="a.csv", name=" Spring%20 Sale\u200b"),
        [("a.csv", 2)],
    ),
    "another currency is another row": (
        {"spend": Decimal(60)},
        [*rows(60, file="a.csv"), *[{**row, "source_line": 9} for row in rows(5, file="a.csv", currency="USD")]],
        [("a.csv", 2)],
    ),
    "another source is another row": (
        {"spend": Decimal(60)},
        [*rows(60, file="a.csv"), *[{**row, "source_line": 9} for row in rows(5, file="a.csv", source="youtube")]],
        [("a.csv", 2)],
    ),
}


@pytest.mark.parametrize("case", EXPORTS)
def test_of_what_was_exported_the_rows_that_count_are_shown(tmp_path: Path, case: str) -> None:
    stored, landed, expected = EXPORTS[case]
    (row,) = behind(lake_of(tmp_path, stored, landed), day=DAY).rows
    assert [(one.file, one.line) for one in row.landed] == expected
    assert row.adds_up


def test_spend_that_its_landed_rows_are_not_is_shown_as_such(tmp_path: Path) -> None:
    found = behind(lake_of(tmp_path, {"spend": Decimal(99), "report_spend": Decimal(99)}, rows(60, file="a.csv")))
    assert (found.number, found.summed) == (99, 99)
    assert [row.adds_up for row in found.rows] == [False]
    assert not found.adds_up


def test_what_landed_after_the_publication_was_made_is_no_part_of_it(tmp_path: Path) -> None:
    published = lake_of(tmp_path, {"spend": Decimal(60)}, rows(60, file="a.csv"))
    bronze, silver = (DeltaTable(f"{published.lake}/{name}") for name in ("bronze/ad_spend", "silver/ad_spend"))
    origin = {"inputs": {"bronze.ad_spend": f"{bronze.metadata().id}@{bronze.version()}"}, "knobs": "", "code": ""}
    write_deltalake(
        silver,
        silver.to_pyarrow_table(),
        mode="overwrite",
        commit_properties=CommitProperties({"userMetadata": json.dumps({"run_id": "run-3", "origin": origin})}),
    )
    versions = {**published.versions, SILVER_AD_SPEND.full_name: silver.version()}
    publish(Path(published.lake), {TABLES[name]: v for name, v in versions.items()}, run_id="run-3", publication=3)
    made = read_published(published.lake)
    later = rows(500, file="b.csv", exported_at=at(25, 0))
    write_table(Path(published.lake), BRONZE_AD_SPEND, later, mode="append")
    assert [one.file for one in behind(made, day=DAY).rows[0].landed] == ["a.csv"]
    assert made_from(made, BRONZE_AD_SPEND, of=SILVER_AD_SPEND) == bronze.version()

    for file in bronze.file_uris():  # as after a vacuum that keeps no old version
        Path(file.removeprefix("file://")).unlink()
    write_table(Path(published.lake), BRONZE_AD_SPEND, rows(60, file="c.csv"))
    assert [one.file for one in behind(made, day=DAY).rows[0].landed] == ["c.csv"], "the newest version"


def test_spend_is_the_same_under_every_model_and_type(audited: Published) -> None:
    assert {row["spend"] for row in performance_rows() if row["spend"]} == {80, 40}
    assert behind(audited).number == 120
