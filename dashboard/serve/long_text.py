"""Cells of whole sentences, which a narrow screen must not squeeze into a column of single words."""

from __future__ import annotations

from markupsafe import Markup

from dashboard.formats import Value
from dashboard.panels import Marked


def long_text(text: str, value: Value) -> Marked:
    """The text in a cell of some width; it keeps the value, as a figure does."""
    return Marked(Markup('<span class="long">{}</span>').format(text), value)
