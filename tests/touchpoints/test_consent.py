"""What is used of events without consent to analytics, and of touches without consent to ads."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from bronze_rows import at, bronze, collected
from pyspark.sql import SparkSession

from attribution.attribution_credits import CREDITS
from attribution.journeys import JOURNEYS
from attribution.unattributed_conversions import UNATTRIBUTED_CONVERSIONS
from jobs import build
from jobs.settings import Settings, load_settings
from touchpoints.usable import usable_events
from warehouse.contracts import Table
from warehouse.knobs import AnalyticsUse
from warehouse.tables import (
    BRONZE_EVENTS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_ORDERS,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_UNATTRIBUTED_CONVERSIONS,
    SILVER_ACTIVITY,
    SILVER_CONVERSIONS,
    SILVER_IDENTITIES,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

BENCH = Path(__file__).parents[2] / "bench"
AD = "https://shop.example/?utm_source=google&utm_medium=cpc&utm_campaign=spring&utm_id=77&gclid=ABC"
AGREED = {"consent_analytics": True, "consent_ads": True}
NO_ADS = {"consent_analytics": True, "consent_ads": False}
REFUSED = {"consent_analytics": False, "consent_ads": True}
Rows = list[dict[str, Any]]


def buyer(name: str, consent: Mapping[str, bool], *, value: int, user_id: str | None = None) -> Rows:
    """A click on an ad, a page, a sign-up and a purchase, all with one consent."""
    common = {"anonymous_id": f"device of {name}", "user_id": user_id, **consent}
    steps = [
        {"page_url": AD},
        {"page_url": "https://shop.example/p/1"},
        {"event_name": "sign_up"},
        {"event_name": "purchase", "order_id": f"order of {name}", "value": Decimal(value), "currency": "USD"},
    ]
    return [{**common, "event_id": f"{name} {n}", "event_at": at(n), **step} for n, step in enumerate(steps)]


SHOP = [
    *buyer("ann", AGREED, value=100),
    *buyer("ben", NO_ADS, value=20),
    *buyer("cyd", REFUSED, value=3, user_id="cyd"),
    # The feed knows who bought this one.
    *buyer("dan", REFUSED, value=50, user_id="dan"),
    {"event_id": "refund", "event_name": "refund", "event_at": at(9), "order_id": "order of cyd", "value": Decimal(1),
     "currency": "USD", "anonymous_id": "device of cyd", **REFUSED},
]  # fmt: skip
ORDERS = [{"order_id": "order of dan", "user_id": "dan", "order_at": at(3), "value": Decimal(50)}]


def settings_with(**touchpoints: Any) -> Settings:
    settings = load_settings()
    return settings.model_copy(update={"touchpoints": settings.touchpoints.model_copy(update=touchpoints)})


def made(
    spark: SparkSession, folder: Path, settings: Settings, rows: Iterable[Mapping[str, Any]] = SHOP
) -> dict[str, Rows]:
    """The rows of every table, by its name."""
    sys.path.insert(0, str(BENCH))
    engine_tables = importlib.import_module("engine_tables")
    paths = engine_tables.build_tables(
        spark,
        folder,
        {
            BRONZE_EVENTS: bronze(spark, BRONZE_EVENTS, rows),
            BRONZE_ORDERS: bronze(spark, BRONZE_ORDERS, ORDERS),
            BRONZE_EXCHANGE_RATES: bronze(spark, BRONZE_EXCHANGE_RATES, []),
        },
        settings,
        as_of=date(2026, 3, 31),
        recipes=(*build.RECIPES, JOURNEYS, CREDITS, UNATTRIBUTED_CONVERSIONS),
    )
    # An empty table has no file on Sail.
    files = {table.full_name: sorted(path.glob("*.parquet")) for table, path in paths.items()}
    return {name: [row for file in found for row in pq.read_table(file).to_pylist()] for name, found in files.items()}


@pytest.fixture(scope="module")
def as_today(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    return made(spark, tmp_path_factory.mktemp("all"), settings_with())


@pytest.fixture(scope="module")
def asked(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    settings = settings_with(without_analytics_consent="conversions", without_ads_consent="nothing")
    return made(spark, tmp_path_factory.mktemp("asked"), settings)


def values(tables: Mapping[str, Rows], table: Table, *names: str) -> list[Any]:
    rows = [tuple(row[name] for name in names) for row in tables[table.full_name]]
    return sorted(row[0] if len(names) == 1 else row for row in rows)


def credited(tables: Mapping[str, Rows]) -> dict[tuple[str, str], Decimal]:
    """The value that last touch credits to a channel, by conversion type."""
    found: dict[tuple[str, str], Decimal] = {}
    for row in tables[GOLD_ATTRIBUTION_CREDITS.full_name]:
        if row["model"] == "last_touch":
            key = row["conversion_type"], row["channel"]
            found[key] = found.get(key, Decimal(0)) + row["credited_value"]
    return found


def test_by_default_all_is_used_whatever_the_consent(as_today: Mapping[str, Rows]) -> None:
    assert len(as_today[SILVER_SESSIONS.full_name]) == 4
    assert values(as_today, SILVER_TOUCHPOINTS, "click_id") == ["ABC"] * 4
    assert credited(as_today) == {("purchase", "Paid Search"): 172, ("sign_up", "Paid Search"): 0}


def test_without_consent_to_analytics_an_event_is_in_no_visit_and_touch_and_names_nobody(
    asked: Mapping[str, Rows],
) -> None:
    assert values(asked, SILVER_SESSIONS, "person_id") == ["device:device of ann", "device:device of ben"]
    assert values(asked, SILVER_TOUCHPOINTS, "person_id") == ["device:device of ann", "device:device of ben"]
    assert asked[SILVER_IDENTITIES.full_name] == []
    # Pages are not counted, conversions are.
    of_nobody = [row for row in asked[SILVER_ACTIVITY.full_name] if row["person_id"].startswith("event:")]
    assert sorted((row["event_name"], row["page_group"]) for row in of_nobody) == [
        ("purchase", "(none)"), ("purchase", "(none)"), ("refund", "(none)"), ("sign_up", "(none)"),
        ("sign_up", "(none)"),
    ]  # fmt: skip


def test_no_sale_is_lost_and_none_counts_twice(as_today: Mapping[str, Rows], asked: Mapping[str, Rows]) -> None:
    money = ("order_id", "value", "refunded_value", "status")
    assert values(asked, SILVER_ORDERS, *money) == values(as_today, SILVER_ORDERS, *money)
    assert values(asked, SILVER_ORDERS, "order_id", "person_id") == [
        ("order of ann", "device:device of ann"),
        ("order of ben", "device:device of ben"),
        ("order of cyd", "event:cyd 3"),
        ("order of dan", "user:dan"),
    ]
    types = ("conversion_type", "converted_at")
    assert values(asked, SILVER_CONVERSIONS, *types) == values(as_today, SILVER_CONVERSIONS, *types)


def test_what_is_not_used_is_unattributed_by_its_cause(asked: Mapping[str, Rows]) -> None:
    causes = values(asked, GOLD_UNATTRIBUTED_CONVERSIONS, "conversion_type", "cause", "conversions", "value")

    # ben agreed to no ads, cyd (3, of which 1 was refunded) and dan to no analytics
    assert causes == [("purchase", "no_consent", 3, 72), ("sign_up", "no_consent", 3, 0)]
    assert credited(asked) == {
        ("purchase", "Paid Search"): 100,
        ("purchase", "(unattributed)"): 72,
        ("sign_up", "Paid Search"): 0,
        ("sign_up", "(unattributed)"): 0,
    }


def test_a_touch_without_consent_to_ads_stays_in_silver_without_the_ids_of_its_click(asked: Mapping[str, Rows]) -> None:
    ids = ("click_id", "click_id_type", "campaign_id", "utm_id")
    touches = {row["person_id"]: row for row in asked[SILVER_TOUCHPOINTS.full_name]}

    assert [touches["device:device of ann"][name] for name in ids] == ["ABC", "gclid", "77", "77"]
    without = touches["device:device of ben"]
    assert [without[name] for name in ids] == [None] * 4
    assert (without["channel"], without["campaign"], without["consent_ads"]) == ("Paid Search", "spring", False)


def test_no_ids_alone_leaves_the_credit(spark: SparkSession, tmp_path: Path) -> None:
    rows = buyer("ben", NO_ADS, value=20)

    tables = made(spark, tmp_path, settings_with(without_ads_consent="no_ids"), rows)

    assert values(tables, SILVER_TOUCHPOINTS, "click_id", "channel") == [(None, "Paid Search")]
    assert credited(tables)["purchase", "Paid Search"] == 20


# missing consent counts as given -> the events of which only the conversion is used, and those that are left out
MISSING = {True: {"no purchase"}, False: {"no purchase", "purchase of old"}}


@pytest.mark.parametrize("given", [True, False])
def test_consent_that_an_event_does_not_give_is_as_settings_say(given: bool, spark: SparkSession) -> None:
    rows = [
        {"event_id": "page", "consent_analytics": True},
        {"event_id": "no page", "consent_analytics": False},
        {"event_id": "page of old"},
        {"event_id": "no purchase", "event_name": "purchase", "consent_analytics": False},
        {"event_id": "purchase of old", "event_name": "purchase"},
        {"event_id": "no sign-up", "event_name": "sign_up", "consent_analytics": False},
    ]
    use = AnalyticsUse(consent_analytics_missing=given, without_analytics_consent="conversions")
    landed = bronze(spark, BRONZE_EVENTS, ({"anonymous_id": "dev", "user_id": "ann", **row} for row in rows))

    used = collected(usable_events(landed, use))

    assert {row["event_id"] for row in used if row["user_id"] is None} == MISSING[given]
    assert all(row["anonymous_id"] is None for row in used if row["user_id"] is None)
    assert {row["event_id"] for row in used if row["user_id"]} == {"page"} | (
        {"page of old", "purchase of old"} if given else set()
    )
