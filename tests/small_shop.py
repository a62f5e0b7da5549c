"""A shop small enough to calculate by hand: ten days, three channels, two models.

Each day costs 100 KRW for Search and 50 for Display; Direct costs nothing. Each day has one purchase of 300. Last touch
credits all of it to Search, first touch credits 100 of it to Display. Each touch is on the day before its purchase.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.published_lake import AS_OF, publish, write_table
from warehouse.contracts import Table
from warehouse.tables import (
    BRONZE_LANDED_FILES,
    BRONZE_QUARANTINE,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_CUSTOMER_SUMMARY,
    GOLD_CUSTOMER_VALUE,
    GOLD_PATH_SUMMARY,
    OPS_QUALITY_RESULTS,
    OPS_RUN_LOG,
)
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, VALUE_HORIZONS_DAYS

DAYS = [AS_OF - timedelta(days=back) for back in range(9, -1, -1)]
SPEND = {"Search": 100, "Display": 50, "Direct": 0}
CREDITED = {
    "last_touch": {"Search": 300, "Display": 0, "Direct": 0},
    "first_touch": {"Search": 200, "Display": 100, "Direct": 0},
}
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def performance_row(
    model: str,
    conversion_type: str,
    date_basis: str,
    day: date,
    channel: str,
    *,
    spend: Decimal | int = 0,
    conversions: float = 0.0,
    value: Decimal | int = 0,
    currency: str = "KRW",
) -> dict[str, Any]:
    return {
        "model": model,
        "conversion_type": conversion_type,
        "date_basis": date_basis,
        "date": day,
        "channel": channel,
        "source": "(not set)",
        "medium": "(not set)",
        "campaign": "(not set)",
        "is_retargeting": False,
        "spend": Decimal(spend),
        "impressions": 0,
        "clicks": 0,
        "credited_conversions": conversions,
        "credited_value": Decimal(value),
        "gross_value": Decimal(value) * 2,
        "currency": currency,
        "new_customers": conversions / 2,
        "platform_conversions": 0.0,
        "platform_conversion_value": Decimal(0),
    }


def performance_rows(channel_names: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    names = channel_names or {}
    rows = []
    for model, credited in CREDITED.items():
        for day in DAYS:
            for channel, spend in SPEND.items():
                value, name = credited[channel], names.get(channel, channel)
                credit = {"conversions": value / 300, "value": value}
                rows += [
                    performance_row(model, "purchase", "conversion", day, name, spend=spend, **credit),
                    performance_row(model, "purchase", "touch", day, name, spend=spend),
                    performance_row(model, "purchase", "touch", day - timedelta(days=1), name, **credit),
                    performance_row(model, "sign_up", "conversion", day, name, spend=spend, conversions=1 / 3),
                    performance_row(model, "sign_up", "touch", day, name, spend=spend, conversions=1 / 3),
                ]
    return rows


def path_row(path: Iterable[str], conversions: int, non_conversions: int, value: int) -> dict[str, Any]:
    steps = list(path)
    return {
        "conversion_type": "purchase",
        "path": steps,
        "conversions": conversions,
        "non_conversions": non_conversions,
        "value": Decimal(value),
        "currency": "KRW",
        "seconds_to_convert": Decimal(conversions * 129_600 if steps else 0),
        "days_to_convert": 1.5 if steps and conversions else None,
    }


PATHS = [
    path_row(["Search"], 6, 18, 1800),
    path_row(["Display", "Display", "Search"], 3, 0, 900),
    path_row(["Direct", "Search"], 1, 9, 300),
    path_row(["Direct"], 0, 40, 0),
    path_row([], 5, 0, 1500),
    path_row(["Search"] * 9, 1, 0, 300),
]


def value_row(person: str, *, as_of: date, p_alive: float, churn: float, clv: int, channel: str) -> dict[str, Any]:
    predictions = {
        "p_alive": p_alive,
        **{f"churn_{days}d": churn for days in CHURN_HORIZONS_DAYS},
        **{f"expected_purchases_{days}d": 1.0 for days in VALUE_HORIZONS_DAYS},
        "expected_order_value": 300.0,
        **{f"clv_{days}d": Decimal(clv) for days in VALUE_HORIZONS_DAYS},
    }
    return {
        "person_id": person,
        "as_of": as_of,
        **{f"{name}{end}": value for name, value in predictions.items() for end in ("", "_lower", "_upper")},
        "currency": "KRW",
        "acquisition_channel": channel,
        "model_version": "customer-value/3",
    }


def summary_row(person: str, *, as_of: date, orders: int = 2) -> dict[str, Any]:
    return {
        "person_id": person,
        "as_of": as_of,
        "frequency": orders - 1,
        "recency": 10.0,
        "T": 20.0,
        "monetary_value": Decimal(300),
        "orders": orders,
        "net_value": Decimal(300) * orders,
        "currency": "KRW",
        "first_order_at": NOON - timedelta(days=20),
        "last_order_at": NOON - timedelta(days=10),
        "acquisition_channel": "Search",
        "acquisition_source": "google",
        "acquisition_medium": "organic",
        "acquisition_campaign": "(not set)",
    }


EARLIER = AS_OF - timedelta(days=1)
VALUES = [
    # Person, day, p_alive, churn within 30 days, value, acquisition channel.
    value_row("user:sure", as_of=AS_OF, p_alive=1.0, churn=0.05, clv=1000, channel="Search"),
    value_row("user:maybe", as_of=AS_OF, p_alive=0.5, churn=0.6, clv=400, channel="Search"),
    value_row("user:perhaps", as_of=AS_OF, p_alive=0.25, churn=0.8, clv=150, channel="Display"),
    value_row("user:gone", as_of=AS_OF, p_alive=0.0, churn=1.0, clv=0, channel="Display"),
    value_row("user:maybe", as_of=EARLIER, p_alive=0.9, churn=0.1, clv=9999, channel="Search"),
]
SUMMARIES = [
    *(summary_row(row["person_id"], as_of=row["as_of"]) for row in VALUES),
    summary_row("user:unscored", as_of=AS_OF),
]

CHECKS = [
    {"check_name": "sums agree", "passed": True, "expected": 3000.0, "actual": 3000.0, "detail": ""},
    {"check_name": "nothing is lost", "passed": True, "expected": 0.0, "actual": 0.0, "detail": "by file"},
]
STEPS = [("ingest", 12.5), ("attribute", 90.0)]
FILES = [("events", 100, 90, 8, 2), ("events", 50, 50, 0, 0), ("orders", 10, 10, 0, 0)]


def write_shop(
    lake: Path, *, without: Iterable[Table] = (), channel_names: Mapping[str, str] | None = None, run_id: str = "run-1"
) -> None:
    """Write the shop as a published lake; the tables `without` are neither written nor published."""
    gold = {
        GOLD_CHANNEL_PERFORMANCE: performance_rows(channel_names),
        GOLD_PATH_SUMMARY: PATHS,
        GOLD_CUSTOMER_SUMMARY: SUMMARIES,
        GOLD_CUSTOMER_VALUE: VALUES,
    }
    omitted = list(without)
    publish(lake, {t: write_table(lake, t, rows) for t, rows in gold.items() if t not in omitted}, run_id=run_id)
    others = {
        OPS_QUALITY_RESULTS: [{**check, "run_id": run_id, "checked_at": NOON} for check in CHECKS],
        OPS_RUN_LOG: [
            {
                "run_id": run_id,
                "job": f"pipeline/{name}",
                "started_at": NOON + timedelta(minutes=position),
                "finished_at": NOON + timedelta(minutes=position, seconds=seconds),
                "status": "done",
                "written": [],
                "counts": [],
                "settings_hash": "",
                "code_version": "",
            }
            for position, (name, seconds) in enumerate(STEPS)
        ],
        BRONZE_LANDED_FILES: [
            {
                "source": source,
                "file": f"{source}/{position}",
                "bytes": 1,
                "modified_at": NOON,
                "status": "done",
                "rows_read": read,
                "rows_kept": kept,
                "rows_duplicate": duplicate,
                "rows_quarantined": quarantined,
                "batch_id": "b",
            }
            for position, (source, read, kept, duplicate, quarantined) in enumerate(FILES)
        ],
        BRONZE_QUARANTINE: [
            {
                "source": "events",
                "file": "events/0",
                "line": line,
                "reason": "not JSON",
                "quarantined_at": NOON,
                "batch_id": "b",
            }
            for line in (7, 9)
        ],
    }
    for table, rows in others.items():
        if table not in omitted:
            write_table(lake, table, rows)
