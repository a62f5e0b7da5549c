"""From landed files to silver: what real shops wrote is one order, one person and one sum of money."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from attribution.journeys import build_journeys
from intake.adapter import Defaults
from intake.knobs import Export
from jobs.settings import load_settings
from tests.attribution.rules_oracle import journey_knobs
from tests.intake.adapters.landed_text import Landing, reasons
from tests.touchpoints.bronze_rows import RATES, bronze, collected, frame, hit_knobs, robot_limits
from touchpoints.channels import with_channel
from touchpoints.conversions import build_conversions
from touchpoints.hits import build_hits
from touchpoints.identities import build_identities, logins_of
from touchpoints.ids import identified
from touchpoints.knobs import ConversionTypes
from touchpoints.orders import build_orders
from touchpoints.sessions import bot_sessions, build_sessions
from touchpoints.touchpoints import build_touchpoints
from touchpoints.visits import build_visits, slim_visits
from warehouse.contracts import Table
from warehouse.tables import BRONZE_EVENTS, BRONZE_ORDERS

pytestmark = pytest.mark.system  # one long chain of builders on Spark
ORDERS = "order_id,user_id,anonymous_id,order_ts,value,currency,status,refunded_value,updated_at"


@dataclass(frozen=True)
class Silver:
    """Tables of silver, and the journeys that end with a purchase."""

    persons: set[str]
    orders: dict[str, dict[str, Any]]
    conversions: dict[str, dict[str, Any]]
    journeys: dict[str, list[str]]  # by order: the sources of its path


def silver_of(spark: SparkSession, order_rows: Sequence[Row], event_rows: Sequence[Row] = ()) -> Silver:
    """Silver of good rows as adapters give them; amounts in USD, days in UTC."""
    orders, events = of_table(spark, BRONZE_ORDERS, order_rows), of_table(spark, BRONZE_EVENTS, event_rows)
    settings, knobs = load_settings(), hit_knobs(own_domains=["shop.com"], internal_ips=[])
    rules, sources = settings.touchpoints.channel_rules(), settings.touchpoints.sources()
    rates = frame(spark, RATES, [])

    identities = build_identities(logins_of(events, orders), login_window_days=30)
    hits = build_hits(events, knobs, sources=sources)
    built = build_visits(hits, identities, orders, timeout_minutes=30, max_hours=24)
    visits = slim_visits(with_channel(built, rules, sources), conversion_types=[], personal=knobs).persist()
    try:
        robots = bot_sessions(build_sessions(visits, limits=robot_limits()))
        silver_orders = build_orders(
            orders, visits, rates, default_currency="USD", timezone="UTC", report_currency="USD"
        )
        types = ConversionTypes(final=["purchase"], auxiliary=[])
        conversions = build_conversions(
            silver_orders, visits, robots, rates, types=types, timezone="UTC", report_currency="USD"
        )
        touches = build_touchpoints(visits, robots, abuse=settings.ad_abuse, retargeting=settings.retargeting)
        journeys = build_journeys(conversions, touches, journey_knobs({"purchase": 30}), report_currency="USD")
        sold = {row["conversion_id"]: row for row in collected(conversions)}
        return Silver(
            persons={row["person_id"] for row in collected(visits)} | {row["person_id"] for row in sold.values()},
            orders={row["order_id"]: row for row in collected(silver_orders)},
            conversions={row["order_id"]: row for row in sold.values()},
            journeys={
                sold[row["conversion_id"]]["order_id"]: [touch["source"] for touch in row["path"]]
                for row in collected(journeys)
                if row["conversion_id"]
            },
        )
    finally:
        visits.unpersist()


def of_table(spark: SparkSession, table: Table, rows: Sequence[Row]) -> DataFrame:
    """The rows as ingest writes them, as builders read them."""
    assert reasons(rows) == [None] * len(rows)
    landed = [{**row.asDict(), "source_file": row["file"], "source_line": row["line"]} for row in rows]
    kept = [{name: row[name] for name in table.column_names if name in row} for row in landed]
    return identified(bronze(spark, table, kept))


CANCELLED = ["Canceled", "canceled", "CANCELLED", "voided", "Voided"]
REFUNDED = ["-300.00", "300.00", "(300.00)", ""]
VISIT = {"event_name": "page_view", "event_ts": "2026-03-01T09:00:00Z", "medium": "email"}


@pytest.fixture(scope="module")
def lines(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The lines of order 536365 as the shop wrote them, but in the reporting currency."""
    landing = Landing(spark, tmp_path_factory.mktemp("lines"))
    bought = "536365,{},{},2010-12-01 08:26:00,{},17850,United Kingdom"
    landing.land(
        "orders.csv",
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        bought.format("85123A", 6, "2.55"),
        bought.format("71053", 6, "3.39"),
        bought.format("84406B", 8, "2.75"),
        bought.format("84029G", 6, "3.39"),
        bought.format("84029E", 6, "3.39"),
        bought.format("22752", 2, "7.65"),
        bought.format("21730", 6, "4.25"),
    )
    columns = {"order_id": "InvoiceNo", "product_id": "StockCode", "quantity": "Quantity", "order_ts": "InvoiceDate"}
    columns |= {"price": "UnitPrice", "user_id": "CustomerID"}
    export = Export(columns=columns, constants={"currency": "USD"}, timezone="Europe/London")
    return landing.parsed("order_lines", "orders.csv", defaults=Defaults(export=export))


@pytest.fixture(scope="module")
def silver(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, lines: list[Row]) -> Silver:
    landing = Landing(spark, tmp_path_factory.mktemp("shop"))
    ordered, later = "2026-03-02T09:00:00Z", "2026-03-05T09:00:00Z"
    landing.land(
        "orders/1.csv",
        ORDERS,
        *(f"x1 {status},ann,,{ordered},500,USD,paid,,{ordered}" for status in CANCELLED),
        *(f"x2 {refunded},ben,,{ordered},300,USD,paid,,{ordered}" for refunded in REFUNDED),
        f"o77,77.0,,{ordered},10,USD,paid,,",
        f"o1,80001.0,,{ordered},20,USD,paid,,",
        f"o2,80002.0,,{ordered},30,USD,paid,,",
    )
    landing.land(
        "orders/2.csv",
        ORDERS,
        *(f"x1 {status},ann,,{ordered},500,USD,{status},,{later}" for status in CANCELLED),
        *(f"x2 {refunded},ben,,{ordered},300,USD,refunded,{refunded},{later}" for refunded in REFUNDED),
    )
    landing.land(
        "events/1.jsonl",
        json.dumps({**VISIT, "event_id": "e1", "anonymous_id": "d1", "user_id": 77, "source": "of 77"}),
        json.dumps({**VISIT, "event_id": "e2", "anonymous_id": "d2", "user_id": "80001", "source": "of 80001"}),
        json.dumps({**VISIT, "event_id": "e3", "anonymous_id": "d3", "user_id": 80002, "source": "of 80002"}),
    )
    orders = landing.parsed("orders", "orders/*")
    return silver_of(spark, [*orders, *lines], landing.parsed("events", "events/*"))


def test_the_seven_lines_of_order_536365_are_one_order_of_139_12(lines: list[Row], silver: Silver) -> None:
    assert [str(line["value"]) for line in lines] == [
        "15.300000",
        "20.340000",
        "22.000000",
        "20.340000",
        "20.340000",
        "15.300000",
        "25.500000",
    ]
    assert len({line["payload_hash"] for line in lines}) == 7, "no line is another one again"
    order = silver.orders["536365"]
    assert (order["value"], order["items"]) == (Decimal("139.12"), 40)
    assert silver.conversions["536365"]["report_value"] == Decimal("139.12")


@pytest.mark.parametrize("status", CANCELLED)
def test_of_an_order_paid_500_and_later_canceled_nothing_counts(status: str, silver: Silver) -> None:
    assert f"x1 {status}" not in silver.orders
    assert f"x1 {status}" not in silver.conversions


@pytest.mark.parametrize("refunded", REFUNDED)
def test_of_an_order_paid_300_and_later_refunded_0_net_is_left(refunded: str, silver: Silver) -> None:
    name = f"x2 {refunded}".strip()
    order, sold = silver.orders[name], silver.conversions[name]
    assert (order["status"], order["value"], order["refunded_value"]) == ("refunded", Decimal(300), Decimal(300))
    assert (sold["report_value"], sold["report_gross_value"]) == (Decimal(0), Decimal(300))


def test_the_revenue_of_all_is_that_of_the_orders_that_count(silver: Silver) -> None:
    assert sum(row["report_value"] for row in silver.conversions.values()) == Decimal("139.12") + 10 + 20 + 30


def test_user_77_of_an_event_and_77_0_of_an_order_are_one_person_with_the_touch(silver: Silver) -> None:
    of_the_others = {"user:17850", "user:ben"}  # all that ann bought is canceled
    assert silver.persons - of_the_others == {"user:77", "user:80001", "user:80002"}
    buyers = {order: silver.orders[order]["person_id"] for order in ("o77", "o1", "o2")}
    assert buyers == {"o77": "user:77", "o1": "user:80001", "o2": "user:80002"}
    paths = {order: silver.journeys[order] for order in buyers}
    assert paths == {"o77": ["of 77"], "o1": ["of 80001"], "o2": ["of 80002"]}
