"""Four purchases that each followed an ad click, from events to credit: last touch gives each to a paid channel."""

from __future__ import annotations

import importlib
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from bronze_rows import at, bronze
from pyspark.sql import SparkSession

from attribution.attribution_credits import CREDITS
from attribution.journeys import JOURNEYS
from jobs import build
from jobs.settings import load_settings
from warehouse.tables import BRONZE_EVENTS, BRONZE_EXCHANGE_RATES, BRONZE_ORDERS

BENCH = Path(__file__).parents[2] / "bench"
SHOP = "https://www.shop.example"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
# Of each buyer: pages and referrers minute by minute, then a purchase; and the channel that its ad has.
BUYERS: dict[str, tuple[list[tuple[str, str | None]], str]] = {
    "an ad in the app of Facebook": (
        [("/?utm_source=fb&utm_medium=paid&fbclid=x", "https://m.facebook.com/"), ("/p/1", f"{SHOP}/")],
        "Paid Social",
    ),
    "a Google ad, then the shop's own pages": (
        [("/?gclid=abc", "https://www.google.com/"), ("/p/1", "https://www.shop.example/"), ("/cart", "https://shop.example/p/1")],
        "Paid Search",
    ),
    "an ad on Naver, paid by KakaoPay": (
        [
            ("/?utm_source=naver&utm_medium=powerlink&n_ad=nad-1", "https://search.naver.com/"),
            ("/order", f"{SHOP}/cart"),
            ("/order/done", "https://online-pay.kakao.com/"),
        ],
        "Paid Search",
    ),
    "Performance Max with a medium of the shop's own": (
        [("/?utm_source=google&utm_medium=pmax&gclid=def", "https://www.google.com/"), ("/p/2", f"{SHOP}/?x")],
        "Cross-network",
    ),
}  # fmt: skip


def events_of(buyer: str, pages: list[tuple[str, str | None]]) -> list[dict[str, Any]]:
    common = {"anonymous_id": buyer, "user_agent": IPHONE}
    visit = [
        {
            **common,
            "event_id": f"{buyer} {minute}",
            "event_at": at(minute),
            "page_url": SHOP + page,
            "referrer": referrer,
        }
        for minute, (page, referrer) in enumerate(pages)
    ]
    sale = {"event_name": "purchase", "order_id": buyer, "value": Decimal(100), "currency": "USD"}
    return [*visit, {**common, **sale, "event_id": f"{buyer} sale", "event_at": at(len(pages))}]


def test_each_of_the_four_has_a_paid_last_touch_without_own_domains(spark: SparkSession, tmp_path: Path) -> None:
    sys.path.insert(0, str(BENCH))
    tables = importlib.import_module("engine_tables")
    rows = [event for buyer, (pages, _) in BUYERS.items() for event in events_of(buyer, pages)]
    made = tables.build_tables(
        spark,
        tmp_path,
        {
            BRONZE_EVENTS: bronze(spark, BRONZE_EVENTS, rows),
            BRONZE_ORDERS: bronze(spark, BRONZE_ORDERS, []),
            BRONZE_EXCHANGE_RATES: bronze(spark, BRONZE_EXCHANGE_RATES, []),
        },
        load_settings(),
        as_of=date(2026, 3, 31),
        recipes=(*build.RECIPES, JOURNEYS, CREDITS),
    )

    with duckdb.connect() as db:
        credited = db.execute(
            "SELECT person_id, channel, credited_value FROM read_parquet($1) WHERE model = 'last_touch'",
            [f"{made[CREDITS.table]}/*.parquet"],
        ).fetchall()
    assert {person: (channel, value) for person, channel, value in credited} == {
        f"device:{buyer}": (channel, 100) for buyer, (_, channel) in BUYERS.items()
    }
