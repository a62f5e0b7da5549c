"""One row dated years ahead moves nothing: neither the last day that counts, nor customers, nor the page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from jobs import check, ingest, report, score
from jobs.run import Run, Step, open_run, perform
from published.customers import count_customers
from published.performance import read_performance
from published.publication import read_published
from published.view import EVERYTHING
from tests.jobs.places import PERSONS, Place, build_of, steps_of
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_LANDED_FILES,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_CUSTOMER_SUMMARY,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_ORDERS,
    SILVER_TOUCHPOINTS,
)

pytestmark = pytest.mark.system
SALES = (*PERSONS, SILVER_ORDERS, SILVER_CONVERSIONS)
CREDITS = (SILVER_TOUCHPOINTS, SILVER_JOURNEYS, GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE)
# What readers of customers and channels see.
STEPS = (*steps_of(*SALES, *CREDITS), score.STEP, check.PUBLISH, report.STEP)
ORDERS = "order_id,user_id,order_ts,value,currency\n"
LAST_DAY = datetime(2026, 3, 20, 12, tzinfo=UTC)


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def shop(folder: Path) -> Place:
    """Orders of 20 customers up to 20 March 2026, and a page view of each."""
    place = Place.new(folder)
    days = [LAST_DAY - timedelta(days=number) for number in range(20)]
    land(place, "orders/1.csv", ORDERS + "".join(f"o{n},u{n},{iso(day)},10,USD\n" for n, day in enumerate(days)))
    views = [page_view(f"e{n}", day, f"u{n}") for n, day in enumerate(days)]
    land(place, "events/1.jsonl", "".join(views))
    return place


def page_view(event_id: str, at: datetime, user: str) -> str:
    event = {"event_id": event_id, "event_name": "page_view", "event_ts": iso(at), "user_id": user}
    return json.dumps(event) + "\n"


def land(place: Place, name: str, content: str) -> None:
    path = place.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def run(place: Place, spark: SparkSession, steps: Sequence[Step] = STEPS) -> tuple[Run, str]:
    output = StringIO()
    made = open_run("pipeline", config=place.configured(), spark=spark, console=Console(file=output, width=300))
    perform(made, steps)
    return made, output.getvalue()


def customers(place: Place, spark: SparkSession) -> list[Row]:
    summaries = Lake(spark, str(place.lake), "look").read(GOLD_CUSTOMER_SUMMARY)
    return (
        summaries.where(F.col("person_id").isin([f"user:u{n}" for n in range(20)]))
        .orderBy("as_of", "person_id")
        .collect()
    )


IN_2036 = datetime(2036, 3, 20, 12, tzinfo=UTC)
STRAYS = {
    "a page view of 2036 without received_ts, beside others": {
        "events/2.jsonl": page_view("x1", LAST_DAY, "u1") + page_view("x2", IN_2036, "u2")
    },
    "a page view of 2036 alone in its file": {"events/3.jsonl": page_view("x3", IN_2036, "u2")},
    "an event of 2099": {"events/4.jsonl": page_view("x4", datetime(2099, 6, 1, tzinfo=UTC), "new")},
    "an order of 2036 by order_ts": {"orders/2.csv": f"{ORDERS}x5,new,2036-03-20T12:00:00Z,500,USD\n"},
}


@pytest.fixture(scope="module")
def undisturbed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = shop(tmp_path_factory.mktemp("suspect") / "shop")
    made, output = run(place, spark)
    assert made.as_of == date(2026, 3, 20)
    assert "as_of does not follow" not in output
    return place


@pytest.mark.parametrize("stray", STRAYS)
def test_an_event_or_order_far_past_all_others_does_not_move_the_last_day_and_is_shown(
    spark: SparkSession, undisturbed: Place, tmp_path: Path, stray: str
) -> None:
    place = undisturbed.copy(tmp_path / "copy")
    for name, content in STRAYS[stray].items():
        land(place, name, content)
    made, output = run(place, spark, (ingest.STEP,))
    assert made.as_of == date(2026, 3, 20)
    assert "as_of does not follow" in output
    again, _ = run(place, spark, (ingest.STEP,))
    assert again.as_of == date(2026, 3, 20)


def test_no_customer_and_no_page_follows_any_of_them(spark: SparkSession, undisturbed: Place, tmp_path: Path) -> None:
    place = undisturbed.copy(tmp_path / "copy")
    before = customers(place, spark)
    for files in STRAYS.values():
        for name, content in files.items():
            land(place, name, content)
    made, _ = run(place, spark)
    assert made.as_of == date(2026, 3, 20)
    assert customers(place, spark) == before, "T of all customers is what it was, and their day is still there"
    again, _ = run(place, spark)
    assert again.as_of == date(2026, 3, 20)

    published = read_published(str(place.lake))
    assert count_customers(published, EVERYTHING) == 20
    performance = read_performance(published, EVERYTHING)
    assert performance is not None
    assert performance.last_day == date(2026, 3, 20)


def test_suspect_rows_are_counted_by_file_and_kept(spark: SparkSession, undisturbed: Place, tmp_path: Path) -> None:
    place = undisturbed.copy(tmp_path / "copy")
    land(place, "orders/2.csv", f"{ORDERS}x1,u1,{iso(LAST_DAY)},7,USD\nx3,new,2036-03-20T12:00:00Z,500,USD\n")
    made, output = run(place, spark, (ingest.STEP, build_of(*SALES)))
    assert made.steps[0].counts["orders_suspect"] == 1
    assert "orders: 1 of these rows are dated later than their file or far later than all others" in output
    lake = Lake(spark, str(place.lake), "look")
    files = {row["file"]: row for row in lake.rows(BRONZE_LANDED_FILES)}
    assert {name: (row["rows_suspect"], row["last_at"]) for name, row in files.items()} == {
        "events/1.jsonl": (0, LAST_DAY),
        "orders/1.csv": (0, LAST_DAY),
        "orders/2.csv": (1, LAST_DAY),
    }
    assert lake.read(SILVER_CONVERSIONS).where("order_id = 'x3'").count() == 1


def test_a_lake_of_before_still_works_and_is_healed_by_the_next_files(
    spark: SparkSession, undisturbed: Place, tmp_path: Path
) -> None:
    place = undisturbed.copy(tmp_path / "copy")
    land(
        place,
        "events/2.jsonl",
        page_view("x1", LAST_DAY, "u1") + page_view("x2", datetime(2036, 3, 20, tzinfo=UTC), "u2"),
    )
    run(place, spark, (ingest.STEP,))
    files = f"delta.`{place.lake}/bronze/landed_files`"
    spark.sql(f"CREATE TABLE {files[:-1]}_old` USING delta AS SELECT * EXCEPT (rows_suspect, last_at) FROM {files}")
    (place.lake / "bronze" / "landed_files").rename(tmp_path / "new")
    (place.lake / "bronze" / "landed_files_old").rename(place.lake / "bronze" / "landed_files")

    made, _ = run(place, spark)
    assert made.as_of == date(2036, 3, 20), "as before: nothing is known of the files' times"

    land(place, "events/3.jsonl", page_view("x4", LAST_DAY, "u1"))
    made, _ = run(place, spark)
    assert made.as_of == date(2026, 3, 20)
    files_now = {
        row["file"]: row["rows_suspect"] for row in Lake(spark, str(place.lake), "look").rows(BRONZE_LANDED_FILES)
    }
    assert files_now == {"events/1.jsonl": 0, "events/2.jsonl": 1, "events/3.jsonl": 0, "orders/1.csv": 0}
    assert count_customers(read_published(str(place.lake)), EVERYTHING) == 20, "not those of 2036"
