"""A panel as HTML, and its tables as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dashboard.formats import Value
from dashboard.panels import PageTable, Panel
from dashboard.serve.context import Context
from dashboard.serve.short import plain

# What a spreadsheet would take for a formula.
RUNS_IN_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel reads Hangul in another encoding


@cache
def templates() -> Environment:
    """The templates of the pages. What is no HTML of this program is escaped, and made plain."""

    def shown(value: object) -> object:
        return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=PackageLoader("dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )


def spec_of(panel: Panel) -> Markup:
    """The spec of a panel's chart as JSON that can stand inside a <script> element."""
    spec = panel.chart.spec if panel.chart else {}
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_as_json)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def as_csv(table: PageTable) -> str:
    """The table as CSV: names of columns, then values, unrounded; what a spreadsheet would run has a ' before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.names)
    writer.writerows([_as_csv(value) for value in record] for record in table.records)
    return BYTE_ORDER_MARK + out.getvalue()


def as_json(table: PageTable, context: Context, panel: Panel) -> dict[str, Any]:
    """The table as JSON: what it is, of which publication, its columns, and its rows by names. Decimals are strings."""
    published = context.published
    return {
        "panel": panel.key,
        "title": str(panel.title),
        "caption": str(table.caption),
        "run_id": published.run_id,
        "as_of": published.as_of.isoformat(),
        "columns": [
            {"name": name, "label": str(column.label), "hint": str(column.hint)}
            for name, column in zip(table.names, table.columns, strict=True)
        ],
        "rows": [
            dict(zip(table.names, (_as_json(value) for value in record), strict=True)) for record in table.records
        ],
    }


def _as_csv(value: Value) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        text = plain(value)
        return f"'{text}" if text.startswith(RUNS_IN_SPREADSHEETS) else text
    return _as_json(value)


def _as_json(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value
