"""File names in the order in which people's downloads were made, the same on both engines."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from warehouse.engine import using
from warehouse.file_order import file_order
from warehouse.local_files import uri_path

# Each from the earliest file to the latest.
IN_ORDER = {
    "a browser numbers the downloads of one name": [
        "orders/orders_export_1.csv",
        "orders/orders_export_1 (1).csv",
        "orders/orders_export_1 (2).csv",
        "orders/orders_export_1 (10).csv",
        "orders/orders_export_2.csv",
        "orders/orders_export_10.csv",
    ],
    "the number may come in other ways": ["x.csv", "x (9).csv", "x (10).csv", "x copy.csv", "x-2.csv", "x_1.csv"],
    "Meta names the days of an export": [
        "meta/Shop-Campaigns-Oct-5-2026-Oct-12-2026.csv",
        "meta/Shop-Campaigns-Oct-19-2026-Oct-26-2026.csv",
        "meta/Shop-Campaigns-Oct-19-2026-Nov-2-2026.csv",
        "meta/Shop-Campaigns-Nov-2-2026-Nov-9-2026.csv",
        "meta/Shop-Campaigns-Nov-2-2026-Nov-9-2026 (1).csv",
        "meta/Shop-Campaigns-Dec-28-2026-Jan-4-2027.csv",
        "meta/Shop-Campaigns-Jan-4-2027-Jan-11-2027.csv",
    ],
    "months in full, in any case": [
        "September 30, 2026.csv",
        "OCTOBER 1, 2026.csv",
        "october 2, 2026.csv",
        "Sept. 1, 2027.csv",
    ],
    "the day first": ["to 2 Sep 2026.csv", "to 30-Sep-2026.csv", "to 1st October 2026.csv", "to 2Nov2026.csv"],
    "the year first, and months alone": ["a 2026-Sep-30", "a 2026-Oct-1", "a Oct 2027", "a Nov 2027", "a Feb 2028"],
    "numbers count by value, with zeros before them or without": [
        "export (9).csv",
        "export (010).csv",
        "export (10).csv",
        "export (11).csv",
    ],
    "days without zeros": ["2026-9-30.csv", "2026-10-1.csv", "2026-10-12.csv"],
    "days in one number, moments in microseconds": ["a_20261031.csv", "a_20261101.csv", "a_1793577600000000.csv"],
    "days in ISO 8601": ["events-2026-10-31.jsonl.gz", "events-2026-11-01.jsonl", "events-2026-11-02.jsonl.gz"],
    "endings do not count": ["x.CSV", "x.csv.gz", "x (1).CSV", "x (2).csv.gz", "x (3).csv"],
    "a word that begins as a month is none": ["marketing 2 2026.csv", "marketing 10 2025.csv", "mayor.csv"],
    "a folder before those whose names begin with its": ["meta/77/b.csv", "meta/77 (1)/a.csv", "meta/77-b/a.csv"],
    "dates with blanks": ["a 2 Sep 2026 - 9 Sep 2026.csv", "a 30 Sep 2026 - 7 Oct 2026.csv", "a 7 Oct 2026 (1).csv"],
    "signs that addresses have other ways to write": ["100% #9.csv", "100% #10.csv", "100% #10 [1].csv", "a+b.csv"],
    "days in Korean": ["광고 2026년 9월 30일.csv", "광고 2026년 10월 1일.csv", "광고 2026년 10월 01일 (1).csv"],
    "letters of other scripts": ["광고 보고서.csv", "광고 보고서 (2).csv", "광고 보고서 (10).csv"],
}


def ordered(session: SparkSession, names: list[str]) -> list[str]:
    """The names from the earliest to the latest."""
    with using(session):
        rows = session.createDataFrame([(name, uri_path(name)) for name in names], "name string, file string")
        keys = {row["name"]: row["key"] for row in rows.select("name", file_order("file").alias("key")).collect()}
        # In SQL too, where text compares as bytes.
        by_engine = [row["name"] for row in rows.orderBy(file_order("file")).collect()]
    assert len(set(keys.values())) == len(set(names))
    assert by_engine == sorted(names, key=lambda name: keys[name].encode())
    return by_engine


@pytest.mark.parametrize("engine", ["spark_session", "sail_session"])
def test_names_of_downloads_are_in_the_order_in_which_they_were_made(
    engine: str, request: pytest.FixtureRequest
) -> None:
    session = request.getfixturevalue(engine)
    for kind, names in IN_ORDER.items():
        assert ordered(session, names[::-1]) == names, kind


PARTS = ["", "a", "orders_export_", "Nov-", "Oct 2 2026", "7", "07", "10", " (1)", "-", "/", ".", ".csv", ".gz", "2026"]


@given(st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("".join), min_size=2, unique=True))
@settings(max_examples=15)
def test_the_order_is_the_same_in_any_order_of_arrival(sail_session: SparkSession, names: list[str]) -> None:
    assert ordered(sail_session, names) == ordered(sail_session, names[::-1])


def test_dates_in_iso_8601_and_numbers_of_one_length_are_in_the_order_of_text(sail_session: SparkSession) -> None:
    days = [
        f"orders-{year}-{month:02d}-{day:02d}.csv" for year, month, day in product((2025, 2026), (2, 9, 11), (1, 28))
    ]
    numbered = [f"part-{number:05d}.jsonl" for number in (0, 9, 10, 99, 100, 12345)]
    moments = [f"export_{moment}.csv" for moment in ("20260930235959123", "20261001000000000", "20261001000000001")]
    for names in (days, numbered, moments):
        assert ordered(sail_session, names[::-1]) == sorted(names)
