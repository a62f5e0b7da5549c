"""A panel whose table this version does not make yet."""

from __future__ import annotations

from dashboard.panels import Panel
from dashboard.words import Words


def not_built_panel(key: str, title: str, table: str, words: Words) -> Panel:
    """One line: which table the panel waits for."""
    return Panel(key, title, words("not_built.sentence", table=table))
