"""Exports under the names that browsers and platforms give them: the newer download counts, in any order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import ingest
from tests.jobs.places import PERSONS, Place, build_of
from tests.jobs.test_nothing_lost import land, rows, run
from warehouse.tables import SILVER_AD_SPEND, SILVER_MONEY_LEDGER, SILVER_ORDERS

pytestmark = pytest.mark.system
SHOPIFY = "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Refunded Amount\n"
META = "Reporting starts,Reporting ends,Campaign name,Campaign ID,Amount spent (USD),Impressions,Link clicks\n"
INPUTS: list[dict[str, Any]] = [
    {"name": "shopify", "adapter": "shopify_orders", "files": "shopify/*.csv", "required": False},
    {
        "name": "meta",
        "adapter": "meta_ads",
        "files": "meta/*/*.csv",
        "required": False,
        "constants": {"account_id": "{folder}"},
    },
]


def sold(refunded: str) -> str:
    status = "paid" if refunded == "0.00" else "partially_refunded"
    return f"{SHOPIFY}#1001,ann@example.com,{status},USD,80.00,2026-10-20 10:05:00 -0500,1,Teapot,{refunded}\n"


def cost(spend: str) -> str:
    return f"{META}2026-10-25,2026-10-25,Spring sale,12021,{spend},800,20\n"


# From the first download to the last.
DOWNLOADS = {
    "shopify/orders_export_1.csv": sold("0.00"),
    "shopify/orders_export_1 (1).csv": sold("30.00"),
    "meta/77/Shop-Campaigns-Oct-19-2026-Oct-26-2026.csv": cost("100.00"),
    "meta/77/Shop-Campaigns-Oct-19-2026-Nov-2-2026.csv": cost("90.00"),
}


def landed(place: Place, spark: SparkSession, names: Sequence[str]) -> str:
    land(place, {name: DOWNLOADS[name] for name in names})
    steps = [ingest.STEP, build_of(*PERSONS, SILVER_ORDERS, SILVER_AD_SPEND, SILVER_MONEY_LEDGER)]
    return run(place, spark, steps, landing={"root": str(place.landing), "inputs": INPUTS})


def figures(place: Place, spark: SparkSession) -> list[tuple[Any, ...]]:
    return [
        *rows(place, spark, SILVER_ORDERS, "order_id", "value", "refunded_value"),
        *rows(place, spark, SILVER_AD_SPEND, "spend_date", "campaign", "spend"),
    ]


@dataclass(frozen=True)
class Landed:
    """A lake that took the downloads, and what each of its runs printed."""

    place: Place
    outputs: Sequence[str]


@pytest.fixture(scope="module")
def newest_first(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """The newer download of each kind lands first, the older one in the next run; in a third one nothing is new."""
    place = Place.new(tmp_path_factory.mktemp("downloads") / "newest_first")
    first, second, old, new = DOWNLOADS
    return Landed(place, [landed(place, spark, names) for names in ([second, new], [first, old], [])])


def test_the_newer_download_counts_though_it_lands_first(
    spark: SparkSession, newest_first: Landed, tmp_path: Path
) -> None:
    at_once = Place.new(tmp_path / "at_once")
    output = landed(at_once, spark, list(DOWNLOADS))
    assert "has the later name" not in output
    ((_, value, refunded), (_, campaign, spend)) = figures(at_once, spark)
    assert (value, refunded, campaign, spend) == (80, 30, "spring sale", Decimal(90))
    assert figures(newest_first.place, spark) == figures(at_once, spark)


def test_a_later_download_that_loses_by_its_name_is_named(newest_first: Landed) -> None:
    first, second, old, new = DOWNLOADS
    _, output, with_nothing_new = newest_first.outputs
    assert [line.strip() for line in output.splitlines() if "has the later name" in line] == [
        f"orders: 1 row of {first} (80.00 USD) landed later and yet does not count: "
        f"{second} (50.00 USD) has the later name",
        f"ad_spend: 1 row of {old} (100.00 USD) landed later and yet does not count: "
        f"{new} (90.00 USD) has the later name",
    ]
    assert "has the later name" not in with_nothing_new
