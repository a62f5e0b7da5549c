"""What a table is, as plain data: grain, key, columns with type, unit and meaning. No pyspark here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Layer = Literal["bronze", "silver", "gold", "ops"]

MONEY = "decimal(18,6)"
MONEY_SUM = "decimal(28,6)"


@dataclass(frozen=True)
class Column:
    """One column: its Spark SQL type, what it means, its unit ('' when it has none) and whether it may be null."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    nullable: bool = True

    @property
    def comment(self) -> str:
        """The text SQL users see beside the column."""
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning


@dataclass(frozen=True)
class Table:
    """One table. `grain` says what one row is, `key` which columns make it unique.

    `ordered_by` is the column its files are laid out by, so that a change of few rows rewrites few files.
    """

    layer: Layer
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    notes: str = ""
    ordered_by: str = ""

    def __post_init__(self) -> None:
        """Refuse a contract that contradicts itself."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.full_name}: a column stands twice in {names}")
        if missing := {*self.key, *filter(None, [self.ordered_by])} - set(names):
            raise ValueError(f"{self.full_name}: key or ordered_by name columns it lacks: {sorted(missing)}")

    @property
    def full_name(self) -> str:
        """`<layer>.<table>`, also its place below the lake's root as `<layer>/<table>`."""
        return f"{self.layer}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns in order."""
        return tuple(column.name for column in self.columns)

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
