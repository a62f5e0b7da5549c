"""Cells that stay on one line in a narrow column: days, moments, and names of runs and versions."""

from __future__ import annotations

from datetime import date, datetime

from markupsafe import Markup

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Marked, value_of


def unbroken(text: str) -> Marked:
    """The text on one line; it keeps the value of a figure."""
    return Marked(Markup('<span class="unbroken">{}</span>').format(text), value_of(text))


def day_cell(day: date | None) -> str:
    """A day as 2026-03-05."""
    return unbroken(Figure(day.isoformat(), day)) if day else Figure(formats.MISSING, None)


def moment_cell(moment: datetime) -> str:
    """A moment to the minute, in UTC."""
    return unbroken(formats.moment(moment))
