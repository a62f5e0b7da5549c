"""What a table is, as plain data: grain, key, owner, columns with type, unit, meaning and range. No pyspark here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Layer = Literal["bronze", "silver", "gold", "ops", "mart"]  # mart: what a shop adds, see warehouse.marts
Owner = Literal["ingest", "touchpoints", "attribution", "ltv", "operations"]
Bound = int | float | Decimal | str

MONEY = "decimal(18,6)"
MONEY_SUM = "decimal(28,6)"
# A landed amount above this is no real one, in any currency; an amount in the reporting currency fits into MONEY up to
# the other.
AMOUNT_AT_MOST, MONEY_AT_MOST = 10**11, Decimal(10**12 - 1)
# Above any count. Sail's whole numbers do not fail beyond 2^63, they go on from -2^63: such a sum is out of range.
COUNT_LIMIT, INT_LIMIT = 10**15, 10**9
PLATFORMS = ("web", "ios", "android", "server")
# What a device is known by, and Apple's answers to whether an app may track.
ID_KINDS = ("first_party_cookie", "third_party_cookie", "advertising_id", "app_instance_id")
LOGIN = "login"
ATT_STATUSES = ("authorized", "denied", "restricted", "not_determined")
# Rows whose year is not 1990 to 2099 (UTC) are quarantined.
LANDED_FROM, LANDED_UNTIL = "1990-01-01", "2099-12-31"
# The same in any reporting zone, with a sender's clock up to 5 minutes ahead of the collector's.
FIRST_DAY, LAST_DAY = "1989-12-31", "2100-01-01"


@dataclass(frozen=True)
class Column:
    """One column: its Spark SQL type, what it means, its unit ('' when it has none) and whether it may be null.

    `personal`: it names one person or leads back to one: ids of persons, devices, logins, visits, events and orders,
    hashes of them, network addresses, user agents, URLs with a path or query, and text as it arrived.
    Every value that is not null lies between `minimum` and `maximum`, both inclusive: numbers, or for dates and
    timestamps ISO days (the whole last day is in range). A double may exceed them by rounding. `values` lists all
    texts that a string column may hold.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    nullable: bool = True
    personal: bool = False
    minimum: Bound | None = None
    maximum: Bound | None = None
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a range that the type cannot have."""
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        if wrong := [bound for bound in bounds if not _is_exact(bound, self.type)]:
            raise ValueError(f"{self.name}: {wrong[0]!r} is not a bound that a {self.type} holds exactly")
        if len(bounds) == 2 and bounds[0] > bounds[1]:  # type: ignore[operator]  # both are of one kind by now
            raise ValueError(f"{self.name}: minimum {bounds[0]} is above maximum {bounds[1]}")
        if self.values and self.type != "string":
            raise ValueError(f"{self.name}: only a string has values, not a {self.type}")

    @property
    def comment(self) -> str:
        """The text SQL users see beside the column."""
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning

    @property
    def range(self) -> str:
        """The range of its values as text: '0 to 1', '0 or more', 'click or impression'; '' where there is none."""
        if self.values:
            *others, last = self.values
            return f"{', '.join(others)} or {last}" if others else last
        if self.minimum is not None and self.maximum is not None:
            return f"{_plain(self.minimum)} to {_plain(self.maximum)}"
        if self.minimum is not None:
            return f"{_plain(self.minimum)} or {'later' if isinstance(self.minimum, str) else 'more'}"
        if self.maximum is not None:
            return f"{_plain(self.maximum)} or {'earlier' if isinstance(self.maximum, str) else 'less'}"
        return ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table. `grain` is what one row is, `key` the columns that make it unique.

    `owner` is the package responsible for its figures (of a mart, whom its file names), `freshness` when it is brought
    up to date. `ordered_by` is the column its files are laid out by, so that a change of few rows rewrites few files.
    """

    layer: Layer
    name: str
    grain: str
    owner: str
    freshness: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    notes: str = ""
    ordered_by: str = ""

    def __post_init__(self) -> None:
        """Refuse a contract that contradicts itself."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.full_name}: a column is listed twice in {names}")
        if missing := {*self.key, *filter(None, [self.ordered_by])} - set(names):
            raise ValueError(f"{self.full_name}: key or ordered_by name columns it lacks: {sorted(missing)}")

    @property
    def full_name(self) -> str:
        """`<layer>.<table>`; below the lake's root its folder is `<layer>/<table>`."""
        return f"{self.layer}.{self.name}"

    @property
    def sql_name(self) -> str:
        """Its name in SQL: gold_path_summary."""
        return f"{self.layer}_{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def personal_columns(self) -> tuple[str, ...]:
        """The columns that hold personal data, in order."""
        return tuple(column.name for column in self.columns if column.personal)

    @property
    def comment(self) -> str:
        """The text SQL users see beside the table."""
        return f"One row per {self.grain}." + (f" {self.notes}" if self.notes else "")

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.full_name} has no column {name}")

    @property
    def ddl(self) -> str:
        """The columns as Spark DDL, e.g. for `spark.createDataFrame(rows, TABLE.ddl)`."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)


def _is_exact(bound: Bound, type_: str) -> bool:
    """Whether a column of the type can hold the bound exactly, so that comparing with it rounds nothing."""
    if isinstance(bound, bool):
        return False
    if isinstance(bound, str):
        return type_ in ("date", "timestamp") and _is_iso_day(bound)
    if type_ == "double":
        return isinstance(bound, int | float)
    if decimal := re.fullmatch(r"decimal\(\d+,(\d+)\)", type_):
        return isinstance(bound, int | Decimal) and round(Decimal(bound), int(decimal.group(1))) == bound
    return type_ in ("int", "bigint") and isinstance(bound, int)


def _is_iso_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _plain(bound: Bound) -> str:
    return f"{bound:f}" if isinstance(bound, Decimal) else str(bound)
