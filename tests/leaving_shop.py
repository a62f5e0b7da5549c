"""The small shop's customers with a retention campaign: a list of three, its profit, and a model tried on the past."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.published_lake import AS_OF, publish, write_table
from tests.small_shop import NOON, SUMMARIES, VALUES
from warehouse.contracts import Table
from warehouse.tables import (
    GOLD_CUSTOMER_SUMMARY,
    GOLD_CUSTOMER_VALUE,
    GOLD_RETENTION_LIST,
    GOLD_RETENTION_PROFIT,
    GOLD_VALUE_BACKTEST,
)

SEGMENTS = {"user:sure": "loyal", "user:maybe": "leaving", "user:perhaps": "lost", "user:gone": "one-time"}


def contact_row(rank: int, person: str, *, at_risk: int, gain: int, is_valuable: bool = False) -> dict[str, Any]:
    return {
        "as_of": AS_OF,
        "person_id": person,
        "rank": rank,
        "is_valuable": is_valuable,
        "last_purchase_on": AS_OF - timedelta(days=30),
        "leaving": 0.5,
        "value_if_kept": Decimal(at_risk * 2),
        "value_at_risk": Decimal(at_risk),
        "expected_gain": Decimal(gain),
        "expected_gain_lower": Decimal(gain - 5),
        "expected_gain_upper": Decimal(gain + 5),
        "currency": "KRW",
        "acquisition_channel": "=Search",
        "model_version": "customer-value/3",
    }


def profit_row(audience: str, threshold: str, contacts: int, profit: float) -> dict[str, Any]:
    return {
        "as_of": AS_OF,
        "audience": audience,
        "threshold": threshold,
        "contacts": contacts,
        "least_at_risk": 10.0,
        "at_risk": 100.0,
        "expected_profit": profit,
        "expected_profit_lower": profit - 2,
        "expected_profit_upper": profit + 2,
        "break_even_uplift": 0.02,
        "uplift": 0.1,
        "uplift_lower": 0.05,
        "uplift_upper": 0.15,
        "contact_cost": 1.0,
        "leaving_days": 30,
        "horizon_days": 365,
        "interval_level": 0.95,
        "currency": "KRW",
        "model_version": "customer-value/3",
    }


def backtest_row(version: str, cutoff: date, model: str, *, auc: float | None) -> dict[str, Any]:
    return {
        "model_version": version,
        "cutoff": cutoff,
        "until": cutoff + timedelta(days=60),
        "model": model,
        "measure": "purchases",
        "customers": 100,
        "actual": 40.0,
        "buys_again_auc": auc,
        "buys_again_brier": 0.1,
        "buys_again_base_brier": 0.2,
        "reliability_error": 0.01,
    }


def leaving_shop(lake: Path, *, without_value: bool = False) -> None:
    """Write and publish it; `without_value` leaves customer value and histories out."""
    values = [
        row | {"segment": SEGMENTS[row["person_id"]], "segment_reason": "11 purchases, none for 30 days."}
        for row in VALUES
    ]
    histories = [row | {"last_order_at": NOON - timedelta(days=30)} for row in SUMMARIES]
    tables: dict[Table, list[dict[str, Any]]] = {
        GOLD_RETENTION_LIST: [
            contact_row(1, "user:maybe", at_risk=300, gain=15, is_valuable=True),
            contact_row(2, "user:perhaps", at_risk=200, gain=10),
            contact_row(3, "device:1234", at_risk=100, gain=5),
        ],
        GOLD_RETENTION_PROFIT: [
            profit_row("everybody", "100%", 4, 20.0),
            profit_row("everybody", "best", 3, 30.0),
            profit_row("high_value", "best", 1, 15.0),
        ],
        GOLD_VALUE_BACKTEST: [backtest_row("customer-value/3", date(2026, 1, 1), "value_model", auc=0.8)],
    }
    if not without_value:
        tables |= {GOLD_CUSTOMER_VALUE: values, GOLD_CUSTOMER_SUMMARY: histories}
    publish(lake, {table: write_table(lake, table, rows) for table, rows in tables.items()})
