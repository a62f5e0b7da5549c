"""A buyer whom tracker and shop name differently: from landed files to the channel that is credited."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from jobs.run import open_run, perform
from tests.jobs.places import PERSONS, Place, steps_of
from warehouse.contracts import Table
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_UNATTRIBUTED_CONVERSIONS,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_ORDERS,
    SILVER_TOUCHPOINTS,
)

pytestmark = pytest.mark.system

VISITS = (*PERSONS, SILVER_TOUCHPOINTS)
TO_CREDITS = (*VISITS, SILVER_ORDERS, SILVER_CONVERSIONS, SILVER_JOURNEYS, GOLD_ATTRIBUTION_CREDITS)

AD = "https://shop.example/?utm_source=google&utm_medium=cpc&utm_campaign=spring"
# shop: the user of its purchase event, and that of its row in the orders feed
SHOPS: dict[str, tuple[str | None, str]] = {
    "the customer's number in events, the address in orders": ("7", "c1@x"),
    "no user in events": (None, "c2@x"),
    "the same user in both": ("c3@x", "c3@x"),
}


def land(place: Place, name: str, *rows: dict[str, Any]) -> None:
    path = place.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({k: v for k, v in row.items() if v is not None}) + "\n" for row in rows))


def run(place: Place, spark: SparkSession, *tables: Table) -> str:
    """What a run that takes in what landed and makes these tables prints."""
    console = Console(record=True, quiet=False, file=(place.folder / "output.txt").open("a"), width=500)
    made = open_run("pipeline", config=place.configured(), spark=spark, console=console)
    perform(made, steps_of(*tables))
    return console.export_text()


def last_touches(place: Place) -> dict[str, str]:
    """The channel credited by last touch, by order."""
    orders = {row["conversion_id"]: row["order_id"] for row in place.table("silver.conversions")}
    credits = [row for row in place.table("gold.attribution_credits") if row["model"] == "last_touch"]
    return {orders[row["conversion_id"]]: row["channel"] for row in credits}


@pytest.fixture(scope="module")
def place(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, str]:
    place = Place.new(tmp_path_factory.mktemp("one_buyer") / "shop")
    events, orders = [], ["order_id,user_id,order_ts,value,currency"]
    for number, (shop, (seen_as, sold_to)) in enumerate(SHOPS.items()):
        device = {"anonymous_id": f"dev {shop}"}
        order_id = f"of {number}"
        events += [
            {**device, "event_id": f"v{number}", "event_name": "page_view", "event_ts": "2026-03-05T10:00:00Z",
             "page_url": AD, "user_id": seen_as},
            {**device, "event_id": f"p{number}", "event_name": "purchase", "event_ts": "2026-03-05T10:05:00Z",
             "order_id": order_id, "user_id": seen_as, "value": "10", "currency": "USD"},
        ]  # fmt: skip
        orders.append(f"{order_id},{sold_to},2026-03-05T10:05:00Z,10,USD")
    land(place, "events/1.jsonl", *events)
    (place.landing / "orders").mkdir()
    (place.landing / "orders" / "1.csv").write_text("\n".join(orders) + "\n")
    return place, run(place, spark, *TO_CREDITS, GOLD_UNATTRIBUTED_CONVERSIONS)


def test_three_shops_have_paid_search_three_times(place: tuple[Place, str]) -> None:
    assert last_touches(place[0]) == {f"of {number}": "Paid Search" for number in range(3)}


def test_the_run_says_in_how_many_orders_the_event_names_another_user(place: tuple[Place, str]) -> None:
    assert (
        "1 of 2 orders carry another user in the event than in the feed; logins that are aliases of their buyer: 1"
        in (place[1])
    )


def test_an_order_of_another_buyer_ends_the_alias_and_another_version_of_it_brings_it_back(
    spark: SparkSession, place: tuple[Place, str]
) -> None:
    shop, _ = place
    visits = [
        row["person_id"] for row in shop.table("silver.touchpoints") if row["anonymous_id"].startswith("dev the c")
    ]
    assert visits == ["user:c1@x"]
    land(
        shop,
        "events/2.jsonl",
        {"event_id": "p9", "event_name": "purchase", "event_ts": "2026-03-06T10:00:00Z", "order_id": "of 9",
         "anonymous_id": "a till", "user_id": "7", "value": "1", "currency": "USD"},
    )  # fmt: skip
    header = "order_id,user_id,order_ts,value,currency,updated_at\n"
    (shop.landing / "orders" / "2.csv").write_text(
        f"{header}of 9,c9@x,2026-03-06T10:00:00Z,1,USD,2026-03-06T10:00:00Z\n"
    )

    output = run(shop, spark, *TO_CREDITS, GOLD_UNATTRIBUTED_CONVERSIONS)

    assert last_touches(shop)["of 0"] == "(unattributed)"
    assert "unattributed purchase: 2 (visits under another login: 2)" in output
    assert "2 of 3 orders carry another user in the event than in the feed" in output
    persons = {row["person_id"] for row in shop.table("silver.touchpoints")}
    assert persons == {"user:7", "user:c2@x", "user:c3@x"}

    (shop.landing / "orders" / "3.csv").write_text(
        f"{header}of 9,c1@x,2026-03-06T10:00:00Z,1,USD,2026-03-07T10:00:00Z\n"
    )
    output = run(shop, spark, *TO_CREDITS, GOLD_UNATTRIBUTED_CONVERSIONS)

    assert "in part: " in output
    assert last_touches(shop) == {**{f"of {number}": "Paid Search" for number in range(3)}, "of 9": "Direct"}
