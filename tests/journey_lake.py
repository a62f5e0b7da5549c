"""A lake of journeys alone, written with delta-rs: what the readers of paths count over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from published.publication import Published, read_published
from tests.published_lake import publish, write_table
from warehouse.tables import SILVER_CONVERSIONS, SILVER_JOURNEYS

ENDED_AT = datetime(2026, 3, 20, 12, tzinfo=UTC)


def journey(
    name: str,
    channels: str,
    *,
    value: int | None = None,
    ended_at: datetime = ENDED_AT,
    hours: float = 24,
    campaign: str | None = None,
    is_first: bool = False,
    conversion_type: str = "purchase",
) -> dict[str, Any]:
    """A journey of the channels, such as "A B A", `hours` from its first touch to its end; `value` None = it ended
    without a conversion."""
    path = channels.split()
    gap = timedelta(hours=hours) / max(len(path), 1)
    return {
        "journey_id": name,
        "conversion_type": conversion_type,
        "person_id": f"user:{name}",
        "conversion_id": None if value is None else name,
        "ended_at": ended_at,
        "report_value": Decimal(value or 0),
        "report_gross_value": Decimal(value or 0),
        "report_currency": "KRW",
        "is_first_purchase": is_first,
        "path": [
            {
                "touched_at": ended_at - gap * (len(path) - place),
                "touchpoint_id": f"{name}-{place}",
                "channel": channel,
                "campaign": campaign,
            }
            for place, channel in enumerate(path)
        ],
        "milestones": [],
    }


def conversion_row(name: str, currency: str) -> dict[str, Any]:
    """A purchase of silver.conversions, whose own amount is in `currency`."""
    return {
        "conversion_id": name,
        "conversion_type": "purchase",
        "is_final": True,
        "person_id": f"user:{name}",
        "converted_at": ENDED_AT,
        **dict.fromkeys(("value", "report_value", "report_gross_value"), Decimal(1)),
        "refunded_value": Decimal(0),
        "currency": currency,
        "report_currency": "KRW",
        "is_first_purchase": False,
    }


def published_journeys(
    lake: Path, journeys: Sequence[dict[str, Any]], conversions: Sequence[dict[str, Any]] = ()
) -> Published:
    tables = {SILVER_JOURNEYS: journeys, **({SILVER_CONVERSIONS: conversions} if conversions else {})}
    publish(lake, {table: write_table(lake, table, rows) for table, rows in tables.items()})
    return read_published(str(lake))
