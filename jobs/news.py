"""What is new since tables were made, and the writing of what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.run import Run
from warehouse.contracts import Table
from warehouse.store import Lake, Origin

NO_VERSION = -1  # of a table that was not there yet


@dataclass(frozen=True)
class News:
    """The inputs (full names) that have another version than the outputs were made from, and their changed rows."""

    tables: frozenset[str]
    changes: Mapping[Table, DataFrame]

    def concern(self, *tables: Table) -> bool:
        """Whether one of `tables` has changed."""
        return any(table.full_name in self.tables for table in tables)


def news_for(
    run: Run,
    origin: Origin,
    outputs: Sequence[Table],
    *,
    followed: Sequence[Table],
    max_changed_share: float | None = None,
) -> tuple[News | None, str]:
    """The news that bring `outputs` to `origin`; None, and why, where only a full build does.

    Of tables that a stopped run left at different versions the oldest counts: what is applied again changes nothing.
    Changed rows are told of the `followed` inputs; of each at most `max_changed_share` may have changed.
    """
    lake, base = run.lake, _table_versions(origin)
    for table in outputs:
        standing = lake.origin(table)
        if standing is None:
            return None, f"{table.full_name} was not built yet"
        if standing.knobs != origin.knobs:
            return None, f"settings or rules that {table.full_name} rests on have changed"
        if standing.code != origin.code:
            return None, f"{table.full_name} was built by another version of the code"
        seen = _table_versions(standing)
        base = {name: min(version, seen.get(name, NO_VERSION)) for name, version in base.items()}
    changes: dict[Table, DataFrame] = {}
    for table in followed:
        found = lake.changes(table, base.get(table.full_name, NO_VERSION))
        if found is None:
            return None, f"{table.full_name} was replaced as a whole"
        changes[table] = found
    if max_changed_share is not None:
        for table, share in _changed_shares(lake, changes).items():
            if share > max_changed_share:
                return None, f"{share:.0%} of {table.full_name} is new (build.max_changed_share)"
    return News(frozenset(name for name in base if base[name] != origin.inputs[name]), changes), ""


def _table_versions(origin: Origin) -> dict[str, int]:
    return {name: version for name, version in origin.inputs.items() if isinstance(version, int)}


def _changed_shares(lake: Lake, changes: Mapping[Table, DataFrame]) -> dict[Table, float]:
    """Of each table its changed rows beside all that it has, counted in one query."""
    counts = [
        frame.agg(F.count(F.lit(1)).alias("rows")).select(F.lit(table.full_name).alias("name"), F.lit(of), "rows")
        for table, found in changes.items()
        for of, frame in (("changed", found), ("all", lake.read(table)))
    ]
    told = {(name, of): rows for name, of, rows in reduce(DataFrame.unionAll, counts).collect()}
    return {table: told[table.full_name, "changed"] / max(told[table.full_name, "all"], 1) for table in changes}


@dataclass(frozen=True)
class Writer:
    """Writes tables of one origin: whole ones, or, where `scope` is given, the part that it selects."""

    run: Run
    origin: Origin
    is_full: bool

    def write(
        self,
        table: Table,
        frame: DataFrame,
        scope: Callable[[DataFrame], DataFrame] = lambda frame: frame,
        *,
        at_once: bool = False,
    ) -> None:
        """Puts `frame` in the place of the table; short of a full build only within `scope`, and only what differs.

        at_once: in one commit; see `Lake.sync`.
        """
        lake = self.run.lake
        if self.is_full:
            lake.replace(table, frame, origin=self.origin, periods=self.run.periods)
        elif lake.is_current(table, self.origin):
            return  # a run that was stopped had come this far
        else:
            lake.sync(table, scope(frame), standing=scope(lake.read(table)), origin=self.origin, at_once=at_once)
        self.run.say(f"{table.full_name} written")

    def keep(self, *tables: Table) -> None:
        """Notes on `tables` that their rows are of this origin as they are."""
        for table in tables:
            if not self.run.lake.is_current(table, self.origin):
                self.run.lake.confirm(table, self.origin)
