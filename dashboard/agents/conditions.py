"""Filters of tools as SQL conditions: each value as its column's type wants it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from published.publication import quoted
from warehouse.errors import UsageError, unknown_name

MOST_NAMED = 10  # values that an error names
WHOLE = ("int", "bigint", "smallint", "tinyint")


def conditions(only: Mapping[str, str], types: Mapping[str, str], what: str) -> list[str]:
    """`column = value` for each filter. `types` are the SQL types of the columns that may be filtered, `what` is asked.

    UsageError, with the nearest name, for an unknown column, and for a value that its column cannot have.
    """
    for column in only:
        if column not in types:
            raise UsageError(f"{what}: {unknown_name('column to filter by', column, types)}")
    return [f'"{column}" = {literal(value, types[column], column)}' for column, value in only.items()]


def literal(value: str, type_: str, column: str) -> str:
    """The value in SQL. UsageError where the type cannot have it."""
    try:
        if type_ == "boolean":
            return {"true": "true", "false": "false"}[value.lower()]
        if type_ == "date":
            return f"date '{date.fromisoformat(value)}'"
        if type_ in WHOLE:
            return str(int(value))
        if type_ == "double" or type_.startswith("decimal"):
            return _number(value)
    except (KeyError, ValueError, InvalidOperation) as error:
        raise UsageError(f"{column}: {value[:60]!r} is no {type_}") from error
    if type_ != "string":
        raise UsageError(f"{column} is a {type_}, by which no tool filters; query_sql can")
    return quoted(value)


def _number(value: str) -> str:
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(value)
    return f"{number:f}"
