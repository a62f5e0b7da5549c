"""Answers of tools: the publication that they are of, rows as plain text, and how large an answer may be."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from dashboard.agents.shop import AgentShop
from published.publication import Published
from warehouse.messages import printable
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

MOST_ROWS = 500
ROWS = 50  # where nothing is asked for
MOST_CHARACTERS = 40_000  # of the rows of one answer
LONGEST_TEXT = 300  # characters of one cell
LONGEST_LIST = 50  # entries of one cell

Cell = str | bool | list[str] | None
Row = dict[str, Cell]
Rows = Annotated[
    list[Row],
    Field(description="One entry per row. Numbers are exact decimals as text; null where there is no value."),
]
IsCut = Annotated[bool, Field(description="Whether there are more rows than these.")]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="How many rows at most.")]
RunId = Annotated[
    str | None,
    Field(description="Read what this run published (run_id of list_publications). Default: the newest publication."),
]


class AgentAnswer(BaseModel):
    """What every answer says: the publication that it was read from, its last day, and the currency of amounts."""

    model_config = ConfigDict(frozen=True)

    run_id: Annotated[str, Field(description="The run whose publication was read.")]
    as_of: Annotated[str, Field(description="The last reporting day of that publication.")]
    currency: Annotated[str, Field(description="The currency of amounts, ISO 4217; several are joined by a comma.")]
    notes: Annotated[list[str], Field(description="What a reader of these figures must know.")] = []


class RowsAnswer(AgentAnswer):
    """Rows of a query."""

    columns: list[str]
    rows: Rows
    is_cut: IsCut


def head(published: Published, shop: AgentShop) -> dict[str, str]:
    """The publication as the fields of an answer."""
    return {
        "run_id": published.run_id,
        "as_of": published.as_of.isoformat(),
        "currency": ", ".join(currencies(published)) or shop.currency,
    }


def currencies(published: Published) -> list[str]:
    """The currencies of gold.channel_performance, sorted; none where it has no row or is not published."""
    if not published.has(GOLD_CHANNEL_PERFORMANCE):
        return []
    rows = published.rows(
        "select distinct currency from gold_channel_performance order by currency", GOLD_CHANNEL_PERFORMANCE
    )
    return [row["currency"] for row in rows]


def rows_within(rows: Iterable[Mapping[str, Any]], limit: int) -> tuple[list[Row], bool]:
    """The first rows as plain cells, at most `limit` and at most MOST_CHARACTERS; and whether others are left out."""
    found: list[Row] = []
    size = 0
    for row in rows:
        plain = {name: cell(value) for name, value in row.items()}
        size += len(json.dumps(plain, ensure_ascii=False))
        if len(found) == limit or (found and size > MOST_CHARACTERS):
            return found, True
        found.append(plain)
    return found, False


def cut_note(rows: Sequence[Row], *, is_cut: bool) -> list[str]:
    """That rows are missing, and what to do."""
    if not is_cut:
        return []
    return [
        f"{len(rows)} rows are shown, and there are more: filter, group by less, or raise limit (at most {MOST_ROWS} "
        f"rows and {MOST_CHARACTERS:,} characters); sums over these rows are not the whole"
    ]


def cell(value: Any) -> Cell:
    """A value as an answer has it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        more = [f"… {len(value) - LONGEST_LIST} more"] if len(value) > LONGEST_LIST else []
        return [*map(text, value[:LONGEST_LIST]), *more]
    return text(value)


def text(value: Any) -> str:
    """A value as text: numbers as exact decimals, moments and days in ISO 8601, texts without control characters.

    >>> from decimal import Decimal
    >>> from dashboard.agents.answers import text
    >>> text(Decimal("900.000000")), text(0.1), text(3), text(2e-7)
    ('900', '0.1', '3', '0.0000002')
    """
    if isinstance(value, float):
        return _decimal(Decimal(repr(value))) if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return shortened(json.dumps(value, ensure_ascii=False, default=text))
    return shortened(str(value))


def shortened(value: str) -> str:
    """A text of any origin: what a terminal acts on is escaped, and of a long one the beginning is shown."""
    whole = printable(value)
    return whole if len(whole) <= LONGEST_TEXT else f"{whole[:LONGEST_TEXT]}… ({len(whole):,} characters)"


def _decimal(number: Decimal) -> str:
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
