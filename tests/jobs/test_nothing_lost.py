"""No amount is lost silently: what another row set aside, what could not be read, and what does not fit is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from jobs import check, ingest
from jobs.run import Step, open_run, perform
from tests.jobs.places import PERSONS, Place, build_of
from touchpoints.spend_versions import LACKS_CAMPAIGN
from warehouse.contracts import Table
from warehouse.errors import CheckFailed
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_QUARANTINE,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_MONEY_LEDGER,
    SILVER_ORDERS,
    SILVER_SET_ASIDE,
)

pytestmark = pytest.mark.system
OF_MONEY = (SILVER_ORDERS, SILVER_CONVERSIONS, SILVER_AD_SPEND, SILVER_SET_ASIDE, SILVER_MONEY_LEDGER)
# No amount is lost or found after silver.
STEPS = (ingest.STEP, build_of(*PERSONS, *OF_MONEY), check.PUBLISH)
ORDERS = "order_id,user_id,order_ts,value,currency,status\n"
SPEND = "date,platform,account_id,campaign_name,spend,currency\n"
RATES = "date,currency,report_currency,rate,exported_at\n"


def order(order_id: str, user: str, day: int, value: str, status: str = "paid") -> str:
    return f"{order_id},{user},2026-03-{day:02d}T09:00:00Z,{value},USD,{status}\n"


def purchase(event_id: str, day: int, value: int) -> str:
    event = {"event_name": "purchase", "anonymous_id": "d1", "order_id": "cart-77", "value": value, "currency": "USD"}
    return json.dumps({**event, "event_id": event_id, "event_ts": f"2026-03-{day:02d}T09:00:00Z"}) + "\n"


def land(place: Place, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = place.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def run(place: Place, spark: SparkSession, steps: Sequence[Step] = STEPS, **knobs: Any) -> str:
    """What a run prints; its settings are those of the place, changed by `knobs`."""
    config = place.configured()
    config.write_text(json.dumps({**json.loads(config.read_text()), **knobs}))
    output = StringIO()
    opened = open_run("pipeline", config=config, spark=spark, console=Console(file=output, width=300))
    try:
        perform(opened, steps)
    except CheckFailed as error:
        output.write(str(error))
    return output.getvalue()


def rows(place: Place, spark: SparkSession, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    found = Lake(spark, str(place.lake), "look").read(table).select(*columns).collect()
    return sorted((tuple(row) for row in found), key=repr)


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, str]:
    """Ten orders of 100, and rows that take others out of the figures; with what the run printed."""
    place = Place.new(tmp_path_factory.mktemp("nothing_lost") / "shop")
    good = "".join(order(f"o{n}", f"u{n}", 1 + n, "100") for n in range(10))
    of_one_number = order("450001", "ann", 1, "10") + order("450001", "bob", 2, "20") + order("450001", "cy", 3, "30")
    land(
        place,
        {
            "orders/1.csv": ORDERS + good + of_one_number,
            "events/1.jsonl": purchase("p1", 5, 100) + purchase("p2", 20, 60) + purchase("p3", 6, 100),
            "ad_spend/1.csv": f"{SPEND}2026-03-15,tiktok,,alpha,1000,USD\n",
            "ad_spend/2.csv": f"{SPEND}2026-03-15,tiktok,,beta,10,USD\n",
            "ad_spend/3.csv": f"{SPEND}2026-03-15,meta,7,kept,300,USD\n2026-03-15,meta,7,gone,700,USD\n",
            "ad_spend/4.csv": f"{SPEND}2026-03-15,meta,7,kept,310,USD\n",
        },
    )
    return place, run(place, spark)


def test_what_another_row_set_aside_is_reported_in_one_line_per_kind(shop: tuple[Place, str]) -> None:
    _, output = shop
    lines = [line.strip() for line in output.splitlines() if "set aside:" in line or "left out:" in line]
    assert lines == [
        f"ad_spend: 700.00 USD of 1 row left out: {LACKS_CAMPAIGN}",
        "orders: 60.00 USD of 1 purchase set aside: same order_id, other day and value",
        "orders: 30.00 USD of 2 order rows set aside: same order_id, other buyer and order_ts and value",
    ]
    assert "checks hold" in output


def test_the_ledger_has_every_amount_of_the_files(spark: SparkSession, shop: tuple[Place, str]) -> None:
    place, _ = shop
    assert rows(place, spark, SILVER_MONEY_LEDGER, "input", "outcome", "rows", "amount") == sorted(
        [
            ("ad_spend", "counted", 3, Decimal("1320.000000")),
            ("ad_spend", "left_out", 1, Decimal("700.000000")),
            ("ad_spend", "replaced", 1, Decimal("300.000000")),
            ("orders", "counted", 11, Decimal("1030.000000")),
            ("orders", "set_aside", 2, Decimal("30.000000")),
            ("purchase_events", "counted", 1, Decimal("100.000000")),
            ("purchase_events", "same_again", 1, Decimal("100.000000")),
            ("purchase_events", "set_aside", 1, Decimal("60.000000")),
        ],
        key=repr,
    )
    of_tiktok = Lake(spark, str(place.lake), "look").read(SILVER_AD_SPEND).where("platform = 'tiktok'")
    assert of_tiktok.agg(F.sum("spend")).collect()[0][0] == 1010


def test_each_row_that_is_set_aside_is_listed_with_its_place_and_with_what_counts(
    spark: SparkSession, shop: tuple[Place, str]
) -> None:
    place, _ = shop
    columns = ("record_id", "amount", "source_file", "source_line", "other_amount", "other_file", "other_line")
    assert [tuple(map(str, row)) for row in rows(place, spark, SILVER_SET_ASIDE, *columns)] == [
        ("450001", "10.000000", "orders/1.csv", "12", "30.000000", "orders/1.csv", "14"),
        ("450001", "20.000000", "orders/1.csv", "13", "30.000000", "orders/1.csv", "14"),
        ("cart-77", "60.000000", "events/1.jsonl", "None", "100.000000", "events/1.jsonl", "None"),
        ("meta 7 2026-03-15", "700.000000", "ad_spend/3.csv", "3", "None", "ad_spend/4.csv", "None"),
    ]


def test_an_order_whose_newest_row_could_not_be_read_stops_the_publication_until_it_is_settled(
    spark: SparkSession, shop: tuple[Place, str], tmp_path: Path
) -> None:
    place = shop[0].copy(tmp_path / "copy")
    more = "".join(order(f"n{n}", "new", 21, "1") for n in range(30))
    land(place, {"orders/2.csv": ORDERS + more + order("o1", "u1", 2, "100", "lost in the post")})
    output = run(place, spark)
    assert "orders: 100.00 USD of 1 order row unsettled: a newer row was quarantined: status is not paid" in output
    assert "quality.max_unsettled_share" in output
    assert "(orders/2.csv:32)" in output
    assert "nothing is published" in output
    assert ("o1",) in rows(place, spark, SILVER_ORDERS, "order_id"), "what is known counts"
    held = ("table_name", "record_id", "amount", "currency", "line")
    assert rows(place, spark, BRONZE_QUARANTINE, *held) == [("bronze.orders", "o1", Decimal("100.000000"), "USD", 32)]

    output = run(place, spark, [check.PUBLISH], quality={"max_unsettled_share": 0.1})
    assert "checks hold" in output, "a shop may allow more"

    land(place, {"orders/3.csv": ORDERS + order("o1", "u1", 2, "100", "cancelled")})
    output = run(place, spark)
    assert "unsettled" not in output
    assert ("o1",) not in rows(place, spark, SILVER_ORDERS, "order_id")


def test_an_amount_that_no_table_of_money_holds_is_set_aside_and_stops_nothing(
    spark: SparkSession, tmp_path: Path
) -> None:
    place = Place.new(tmp_path / "shop")
    in_krw = {"report": {"timezone": "UTC", "currency": "KRW", "file": str(tmp_path / "report.html")}}
    good = "".join(order(f"o{n}", f"u{n}", 1 + n, "100") for n in range(20))
    rates = [f"2026-03-{day:02d},USD,KRW,1400,2026-03-01T00:00:00Z\n" for day in range(1, 22)]
    land(
        place,
        {
            "orders/1.csv": ORDERS + good + order("x1", "u1", 20, "999999999999") + order("x2", "u2", 20, "900000000"),
            "events/1.jsonl": purchase("p1", 5, 800_000_000),
            "ad_spend/1.csv": f"{SPEND}2026-03-15,meta,7,brand,900000000,USD\n2026-03-16,meta,7,brand,5,USD\n",
            "exchange_rates/1.csv": RATES + "".join(rates),
        },
    )
    output = run(place, spark, **in_krw)
    assert "checks hold" in output
    (quarantined,) = rows(place, spark, BRONZE_QUARANTINE, "record_id", "reason", "amount")
    assert quarantined == ("x1", "value is more than any real amount (100,000,000,000)", Decimal("999999999999.000000"))
    too_large = Lake(spark, str(place.lake), "look").read(SILVER_SET_ASIDE).where("outcome = 'too_large'")
    assert sorted(row["record_id"] for row in too_large.collect()) == ["cart-77", "meta 7 2026-03-15", "x2"]
    assert "orders: 900,000,000.00 USD of 1 order row too large" in output

    # At another rate one of them fits.
    land(place, {"exchange_rates/2.csv": f"{RATES}2026-03-20,USD,KRW,1000,2026-04-01T00:00:00Z\n"})
    in_part = run(place, spark, **in_krw)
    assert "in part" in in_part
    assert "checks hold" in in_part
    found = rows(place, spark, SILVER_CONVERSIONS, "order_id", "report_gross_value")
    assert ("x2", Decimal("900000000000.000000")) in found
    opened = open_run("build", config=place.folder / "shop.yaml", spark=spark, console=Console(quiet=True), full=True)
    perform(opened, [build_of(SILVER_ORDERS, SILVER_CONVERSIONS)])
    assert rows(place, spark, SILVER_CONVERSIONS, "order_id", "report_gross_value") == found
