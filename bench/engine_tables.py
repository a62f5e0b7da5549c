"""Every table from bronze to gold, built by its recipe on either engine without a lake, and compared row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, cast

import duckdb
from pyspark.sql import DataFrame, SparkSession

from jobs import attribute, build
from jobs.settings import Settings
from ltv.customer_summary import CUSTOMER_SUMMARY
from warehouse.contracts import Table
from warehouse.knobs import Part
from warehouse.recipes import Recipe, Shared, Work
from warehouse.staging import Stage

RECIPES = (*build.RECIPES, *attribute.RECIPES, CUSTOMER_SUMMARY)
PERSISTED = count()  # each frame that a build keeps has a name of its own
# So that the files of both engines hold timestamps of one type.
CONF = {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS"}


@dataclass
class FrameLake:
    """What a build needs of a lake: tables as Parquet files below a folder, and no history."""

    spark: SparkSession
    folder: Path
    tables: dict[Table, DataFrame] = field(default_factory=dict)

    def read(self, table: Table) -> DataFrame:
        """The table; empty where it was not made."""
        return self.tables.get(table) or self.spark.createDataFrame([], table.ddl)

    def exists(self, table: Table) -> bool:
        """Whether the table was made."""
        return table in self.tables

    def origin(self, table: Table) -> None:
        """Nothing is recorded."""

    @contextmanager
    def staging(self, purpose: str) -> Iterator[Stage]:
        """As Lake.staging; the files stay."""
        yield lambda name, frame: self.stored(f"staging/{purpose}/{name}", frame)

    def stored(self, name: str, frame: DataFrame) -> DataFrame:
        """The frame, written below the folder and read back."""
        path = str(self.folder / name)
        frame.write.mode("overwrite").parquet(path)
        return self.spark.read.schema(frame.schema).parquet(path)


@dataclass
class FrameRun:
    """What a build needs of a run."""

    lake: FrameLake
    settings: Settings
    as_of: date
    full: bool = True
    periods: Sequence[int] = ()

    def knobs(self, part: type[Part]) -> Part:
        """The knobs of a class."""
        return self.settings.part(part)

    def say(self, message: str) -> None:
        """Nothing is printed."""


class FrameWork(Work):
    """A build whose shared frames are stored: Sail keeps no frame in memory."""

    def persist(self, frame: DataFrame) -> DataFrame:
        """The frame, stored."""
        return self.stage(f"persisted_{next(PERSISTED)}", frame)


def build_tables(
    spark: SparkSession,
    folder: Path,
    bronze: Mapping[Table, DataFrame],
    settings: Settings,
    *,
    as_of: date,
    recipes: Sequence[Recipe] = RECIPES,
    built: Callable[[Table], object] = lambda table: None,
) -> dict[Table, Path]:
    """The folder of each table that `recipes` make from `bronze`, in full. `built` is called after each."""
    lake = FrameLake(spark, folder, dict(bronze))
    made = {}
    with ExitStack() as stack:
        shared = Shared(stack, "full")
        for recipe in recipes:
            work = FrameWork(cast(Any, FrameRun(lake, settings, as_of)), recipe, shared)
            name = f"{recipe.table.layer}/{recipe.table.name}"
            lake.tables[recipe.table] = lake.stored(name, recipe.build(work))
            made[recipe.table] = folder / name
            built(recipe.table)
    return made


@dataclass(frozen=True)
class Difference:
    """How two builds of a table differ: rows of one alone, rows with another value, and rows with another double."""

    rows: int
    missing: int
    other_value: int
    other_double: int  # by more than 1e-9 of its size, or of 1
    other_digits: int  # of a double, by less

    @property
    def is_same(self) -> bool:
        """Whether both are the same, doubles to 1e-9."""
        return not (self.missing or self.other_value or self.other_double)


def difference(table: Table, one: Path, other: Path) -> Difference:
    """Compares every row of a table in two folders of Parquet files."""
    doubles = [column.name for column in table.columns if column.type == "double"]
    others = [name for name in table.column_names if name not in (*doubles, *table.key)]

    def any_of(conditions: Sequence[str]) -> str:
        return "(" + (" OR ".join(conditions) or "false") + ")"

    def far(name: str) -> str:
        return f'(abs(a."{name}" - b."{name}") > 1e-9 * greatest(1, abs(a."{name}")))'

    same_key = " AND ".join(f'a."{name}" IS NOT DISTINCT FROM b."{name}"' for name in table.key)
    is_both = "a.there AND b.there"
    is_null_in_one = [f'(a."{name}" IS NULL) <> (b."{name}" IS NULL)' for name in doubles]
    other_value = any_of([*(f'a."{name}" IS DISTINCT FROM b."{name}"' for name in others), *is_null_in_one])
    other_double = any_of([far(name) for name in doubles])
    other_digits = any_of([f'a."{name}" IS DISTINCT FROM b."{name}"' for name in doubles])
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        counts = db.execute(
            f"""
            SELECT count(*),
                count(*) FILTER (NOT coalesce({is_both}, false)),
                count(*) FILTER ({is_both} AND {other_value}),
                count(*) FILTER ({is_both} AND {other_double}),
                count(*) FILTER ({is_both} AND {other_digits} AND NOT coalesce({other_double}, false))
            FROM (SELECT *, true AS there FROM {_rows(table, one)}) a
            FULL JOIN (SELECT *, true AS there FROM {_rows(table, other)}) b ON {same_key}
            """
        ).fetchone()
    assert counts is not None
    return Difference(*counts)


def _rows(table: Table, folder: Path) -> str:
    """SQL of the table's rows; Sail writes no file where there is none."""
    if any(folder.glob("*.parquet")):
        return f"read_parquet('{folder}/*.parquet')"
    nothing = ", ".join(f'NULL AS "{name}"' for name in table.column_names)
    return f"(SELECT {nothing} WHERE false)"
