"""A published lake with four conversions, whose credits, landed rows and figures are read off this page.

Reporting days are Seoul's (9 hours ahead of UTC), money is won. Campaign 77 is called spring until 12 March, and
spring 2026 from then on. Every event is a line of landing/events/1.jsonl.gz, every order one of landing/orders/1.csv.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from published.landed_ids import conversion_id_of
from tests.published_lake import publish, write_table
from tests.small_shop import performance_row
from warehouse.contracts import Table
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_ORDERS,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

SEOUL = "Asia/Seoul"
ANN, BOB, CAT = (conversion_id_of("purchase", order) for order in ("A1", "B1", "event:e6"))
DAN = conversion_id_of("sign_up", "e5")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


# event_id: moment (UTC), event, what its line says besides
EVENTS: dict[str, tuple[datetime, str, dict[str, Any]]] = {
    "e1": (at(9, 10), "page_view", {"user_id": "ann", "page_url": "https://shop.example/?utm_source=google"}),
    "e2": (at(10, 15), "page_view", {"user_id": "ann", "ip": "203.0.113.7", "user_agent": "Firefox"}),
    "e3": (at(12, 8), "page_view", {"user_id": "bob"}),
    "e4": (at(13, 8), "page_view", {"user_id": "dan"}),
    "e5": (at(13, 9), "sign_up", {"user_id": "dan"}),
    "e6": (at(13, 12), "purchase", {"user_id": "cat", "value": 50, "currency": "KRW"}),
    "e7": (at(10, 15, 30), "purchase", {"user_id": "ann", "order_id": "A1", "value": 400, "currency": "KRW"}),
}
# order, its version of the hour, value, refunded
ORDERS = [("A1", at(10, 15, 30), 400, 0), ("B1", at(12, 9), 100, 0), ("A1", at(20, 9), 400, 100)]
# touchpoint: channel, source, medium, campaign, campaign_id, rule
TOUCHES: dict[str, tuple[str, str | None, str | None, str | None, str | None, str]] = {
    "e1": ("Paid Search", "google", "cpc", None, "77", "paid_search"),
    "e2": ("Email", "Weekly", "email", None, None, "email"),
    "e3": ("Paid Search", "google", "cpc", "Spring", None, "paid_search"),
    "e4": ("Email", "Weekly", "email", None, None, "email"),
}
# conversion: type, person, moment, gross, refunded, order, path
CONVERSIONS: dict[str, tuple[str, str, datetime, int, int, str | None, list[str]]] = {
    ANN: ("purchase", "user:ann", at(10, 15, 30), 400, 100, "A1", ["e1", "e2"]),
    BOB: ("purchase", "user:bob", at(12, 9), 100, 0, "B1", ["e3"]),
    CAT: ("purchase", "user:cat", at(13, 12), 50, 0, "event:e6", []),
    DAN: ("sign_up", "user:dan", at(13, 9), 0, 0, None, ["e4"]),
}
# model: the share of each touch of a path of one and of two
SHARES: dict[str, dict[int, list[float]]] = {
    "last_touch": {1: [1.0], 2: [0.0, 1.0]},
    "linear": {1: [1.0], 2: [0.5, 0.5]},
}
# platform's day, campaign name, cost of each landed row
SPEND = [(date(2026, 3, 9), "Spring", (60, 20)), (date(2026, 3, 12), "Spring 2026", (40,))]
# What gold has: model, basis, day, channel, source, medium, campaign, conversions, net and gross value of purchases
SEARCH, EMAIL = ("Paid Search", "google", "cpc"), ("Email", "weekly", "email")
NONE = ("(unattributed)", "(not set)", "(not set)")
PERFORMANCE: list[tuple[str, str, int, tuple[str, str, str], str, float, int, int]] = [
    ("linear", "conversion", 11, SEARCH, "spring", 0.5, 150, 200),
    ("linear", "conversion", 11, EMAIL, "(not set)", 0.5, 150, 200),
    ("linear", "conversion", 12, SEARCH, "spring 2026", 1.0, 100, 100),
    ("linear", "conversion", 13, NONE, "(not set)", 1.0, 50, 50),
    ("linear", "touch", 9, SEARCH, "spring", 0.5, 150, 200),
    ("linear", "touch", 11, EMAIL, "(not set)", 0.5, 150, 200),  # touched at midnight in Seoul
    ("linear", "touch", 12, SEARCH, "spring 2026", 1.0, 100, 100),
    ("linear", "touch", 13, NONE, "(not set)", 1.0, 50, 50),
    ("last_touch", "conversion", 11, EMAIL, "(not set)", 1.0, 300, 400),
    ("last_touch", "conversion", 12, SEARCH, "spring 2026", 1.0, 100, 100),
    ("last_touch", "conversion", 13, NONE, "(not set)", 1.0, 50, 50),
    ("last_touch", "touch", 11, EMAIL, "(not set)", 1.0, 300, 400),
    ("last_touch", "touch", 12, SEARCH, "spring 2026", 1.0, 100, 100),
    ("last_touch", "touch", 13, NONE, "(not set)", 1.0, 50, 50),
]


def write_audited_shop(folder: Path, *, without: Iterable[Table] = ()) -> Path:
    """Writes <folder>/lake and <folder>/landing; returns the lake."""
    lake, omitted = folder / "lake", list(without)
    published = {
        GOLD_CHANNEL_PERFORMANCE: performance_rows(),
        GOLD_ATTRIBUTION_CREDITS: credit_rows(),
        SILVER_CONVERSIONS: conversion_rows(),
        SILVER_JOURNEYS: journey_rows(),
        SILVER_TOUCHPOINTS: [touch_row(id_) for id_ in TOUCHES],
        SILVER_SESSIONS: [session_row(id_) for id_ in TOUCHES],
        SILVER_ORDERS: order_rows(),
        SILVER_AD_SPEND: spend_rows(),
    }
    publish(lake, {t: write_table(lake, t, rows) for t, rows in published.items() if t not in omitted})
    for table, rows in {
        BRONZE_EVENTS: bronze_events(),
        BRONZE_ORDERS: bronze_orders(),
        BRONZE_AD_SPEND: bronze_spend(),
    }.items():
        write_table(lake, table, rows)
    write_landing(folder / "landing")
    return lake


def event_lines() -> dict[str, str]:
    """event_id: its line."""
    return {
        id_: json.dumps({"event_id": id_, "event_name": name, "event_ts": f"{moment:%Y-%m-%dT%H:%M:%SZ}", **more})
        for id_, (moment, name, more) in EVENTS.items()
    }


def order_lines() -> list[str]:
    header = "order_id,user_id,order_ts,value,currency,refunded_value,updated_at"
    return [header, *(f"{o},ann,{m:%Y-%m-%dT%H:%M:%SZ},{v},KRW,{r},{m:%Y-%m-%dT%H:%M:%SZ}" for o, m, v, r in ORDERS)]


def spend_lines() -> list[str]:
    rows = [f"{day},google_ads,1,77,{name},{cost},KRW" for day, name, costs in SPEND for cost in costs]
    return ["date,platform,account_id,campaign_id,campaign_name,spend,currency", *rows]


def write_landing(landing: Path) -> None:
    for folder in ("events", "orders", "ad_spend"):
        (landing / folder).mkdir(parents=True, exist_ok=True)
    (landing / "events" / "1.jsonl.gz").write_bytes(gzip.compress("\n".join(event_lines().values()).encode()))
    (landing / "orders" / "1.csv").write_text("\n".join(order_lines()) + "\n")
    (landing / "ad_spend" / "1.csv").write_text("\n".join(spend_lines()) + "\n")


def performance_rows() -> list[dict[str, Any]]:
    rows = []
    for model, basis, day, (channel, source, medium), campaign, conversions, value, gross in PERFORMANCE:
        row = performance_row(
            model, "purchase", basis, date(2026, 3, day), channel, conversions=conversions, value=value
        )
        first = {"gross_value": Decimal(gross), "new_customers": conversions}
        rows.append({**row, **first, "source": source, "medium": medium, "campaign": campaign})
    for model in SHARES:
        for basis in ("touch", "conversion"):
            for day, name, costs in SPEND:
                row = performance_row(model, "purchase", basis, day, "Paid Search", spend=sum(costs))
                rows.append({**row, "source": "google", "medium": "cpc", "campaign": name.lower()})
            signed_up = performance_row(model, "sign_up", basis, date(2026, 3, 13), "Email", conversions=1.0)
            rows.append({**signed_up, "source": "weekly", "medium": "email", "new_customers": 0.0})
    return rows


def credit_rows() -> list[dict[str, Any]]:
    rows = []
    for id_, (type_, person, converted_at, gross, refunded, _, path) in CONVERSIONS.items():
        common = {
            "conversion_id": id_, "conversion_type": type_, "converted_at": converted_at, "person_id": person,
            "path_length": len(path), "currency": "KRW", "is_first_purchase": type_ == "purchase",
            "model_version": "rules",
        }  # fmt: skip
        for model, shares in SHARES.items():
            if not path:
                no_touch = {"touchpoint_id": "(none)", "touched_at": converted_at, "channel": "(unattributed)"}
                rows.append({**common, **no_touch, "model": model, "position": 0, **_parts(1.0, gross, refunded)})
            for place, touch in enumerate(path):
                share = shares[len(path)][place]
                if share:
                    given = {"model": model, "position": place + 1, **_parts(share, gross, refunded)}
                    rows.append({**common, **path_touch(touch), **given})
    return rows


def _parts(share: float, gross: int, refunded: int) -> dict[str, Any]:
    part = Decimal(share)
    return {"credit": share, "credited_value": part * (gross - refunded), "gross_value": part * gross}


def path_touch(id_: str) -> dict[str, Any]:
    channel, source, medium, campaign, campaign_id, _ = TOUCHES[id_]
    names = {"channel": channel, "source": source, "medium": medium, "campaign": campaign, "campaign_id": campaign_id}
    return {"touched_at": EVENTS[id_][0], "touchpoint_id": id_, **names}


def touch_row(id_: str) -> dict[str, Any]:
    person = f"user:{EVENTS[id_][2]['user_id']}"
    return {
        **path_touch(id_), "person_id": person, "interaction": "click", "channel_rule": TOUCHES[id_][5],
        "channel_trace": f"{TOUCHES[id_][5]} by medium {TOUCHES[id_][2]}", "platform": "web", "consent_ads": True,
        "is_retargeting": False, "is_abuse": False,
    }  # fmt: skip


def session_row(id_: str) -> dict[str, Any]:
    moment, _, more = EVENTS[id_]
    return {
        "session_id": id_, "person_id": f"user:{more['user_id']}", "started_at": moment, "ended_at": moment,
        "events": 1, "page_views": 1, "platform": "web", "channel": TOUCHES[id_][0], "is_bot": False,
    }  # fmt: skip


def conversion_rows() -> list[dict[str, Any]]:
    return [
        {
            "conversion_id": id_, "conversion_type": type_, "is_final": True, "person_id": person,
            "converted_at": moment, "order_id": order, "value": Decimal(gross), "refunded_value": Decimal(refunded),
            "currency": "KRW", "report_value": Decimal(gross - refunded), "report_gross_value": Decimal(gross),
            "report_currency": "KRW", "is_first_purchase": type_ == "purchase",
        }
        for id_, (type_, person, moment, gross, refunded, order, _) in CONVERSIONS.items()
    ]  # fmt: skip


def journey_rows() -> list[dict[str, Any]]:
    copied = ("conversion_id", "conversion_type", "person_id", "report_value", "report_gross_value", "report_currency")
    return [
        {
            **{name: row[name] for name in (*copied, "is_first_purchase")}, "journey_id": row["conversion_id"],
            "ended_at": row["converted_at"], "milestones": [],
            "path": [path_touch(touch) for touch in CONVERSIONS[row["conversion_id"]][-1]],
        }
        for row in conversion_rows()
    ]  # fmt: skip


def order_rows() -> list[dict[str, Any]]:
    return [
        {
            "order_id": order, "person_id": person, "ordered_at": moment, "value": Decimal(gross),
            "refunded_value": Decimal(refunded), "currency": "KRW", "status": "refunded" if refunded else "paid",
            "origin": "events" if order.startswith("event:") else "orders",
        }
        for _, person, moment, gross, refunded, order, _ in CONVERSIONS.values() if order
    ]  # fmt: skip


def spend_rows() -> list[dict[str, Any]]:
    return [
        {
            "spend_date": day, "platform": "google_ads", "account_id": "1", "campaign_id": "77",
            "channel": "Paid Search", "channel_rule": "paid_search", "source": "google", "medium": "cpc",
            "campaign": name.lower(), "impressions": 0, "clicks": 0, "spend": Decimal(sum(costs)), "currency": "KRW",
            "report_spend": Decimal(sum(costs)), "report_currency": "KRW", "platform_conversions": 0.0,
            "platform_conversion_value": Decimal(0),
        }
        for day, name, costs in SPEND
    ]  # fmt: skip


def bronze_events() -> list[dict[str, Any]]:
    return [
        {
            "event_id": id_, "event_name": name, "event_at": moment, "sent_event_at": moment, "is_clock_skewed": False,
            "user_id": more.get("user_id"), "order_id": more.get("order_id"), "platform": "web", "payload_hash": 1,
            "source_file": "events/1.jsonl.gz", "batch_id": "b",
        }
        for id_, (moment, name, more) in EVENTS.items()
    ]  # fmt: skip


def bronze_orders() -> list[dict[str, Any]]:
    return [
        {
            "order_id": order, "order_at": ORDERS[0][1], "value": Decimal(value), "currency": "KRW",
            "status": "refunded" if refunded else "paid", "refunded_value": Decimal(refunded), "updated_at": moment,
            "deleted": False, "payload_hash": line, "source_file": "orders/1.csv", "source_line": line, "batch_id": "b",
        }
        for line, (order, moment, value, refunded) in enumerate(ORDERS, start=2)
    ]  # fmt: skip


def bronze_spend() -> list[dict[str, Any]]:
    landed = [(day, name, cost) for day, name, costs in SPEND for cost in costs]
    return [
        landed_spend(day, name, cost, file="ad_spend/1.csv", line=line)
        for line, (day, name, cost) in enumerate(landed, start=2)
    ]


def landed_spend(day: date, name: str | None, cost: int, *, file: str, line: int, **more: Any) -> dict[str, Any]:
    row: Mapping[str, Any] = {
        "spend_date": day, "platform": "google_ads", "account_id": "1", "campaign_id": "77", "campaign_name": name,
        "spend": Decimal(cost), "currency": "KRW", "exported_at": at(20, 0), "source_file": file,
        "source_line": line, "batch_id": "b",
    }  # fmt: skip
    return {**row, **more}
