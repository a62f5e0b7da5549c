"""Reporting days as moments: SQL for columns that hold UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from published.view import View


def start_of(day: date, timezone: str) -> str:
    """The moment at which a reporting day begins, as SQL."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    return f"timestamp '{start:%Y-%m-%dT%H:%M:%S}Z'"


def within_days(column: str, view: View) -> str:
    """The days of the view, both inclusive, as an SQL condition on a column of moments."""
    bounds = [
        *([f"{column} >= {start_of(view.first_day, view.timezone)}"] if view.first_day else []),
        *([f"{column} < {start_of(view.last_day + timedelta(days=1), view.timezone)}"] if view.last_day else []),
    ]
    return " and ".join(bounds) or "true"
