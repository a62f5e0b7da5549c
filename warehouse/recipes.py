"""What a recipe is: the declaration at the end of a table's home of what its rows depend on and how they are made.

warehouse/table_update.py brings the tables of recipes up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol, TypeVar

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from warehouse.checks import CheckResult
from warehouse.contracts import Table
from warehouse.knobs import Knobs, Part
from warehouse.store import Lake, Origin, Stage

Cut = Callable[[DataFrame], DataFrame]  # keeps the rows of a frame that are in an update's scope
Made = TypeVar("Made")


def everything(frame: DataFrame) -> DataFrame:
    """The scope of a full build, and of an update that compares all rows."""
    return frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """The inputs that an update depends on: those whose changed rows it reads (`follows`), and those of which it only
    needs to know whether they changed (`watches`).

    Recipes that share one Changes are updated from one base: of each input the oldest version that any has seen.
    """

    follows: tuple[Table, ...] = ()
    watches: tuple[Table, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """What one table is made from, and how.

    - `knobs`: all that `build` gets.
    - `changes`, `scope`: how an update finds its part. `scope` gives the filter to that part, None where no row can
      differ. A table without `changes` is always made in full.
    - `adds_up`: an update adds to the stored rows, which must not happen twice.
    - `is_of_day`: the rows are those known on the run's day.
    - `slice`, `expired`: SQL of the rows that a build replaces, and of the rows that are then deleted.
    - `models`, `registered`: the fitted models that the rows depend on, name to version, and the knobs that name their
      registry.
    - `stored_origin`: what the stored rows were made from, where no commit of the table records it.
    - `made_with`: an input that most lakes do not have. Where it is not there, the table is not made, at no cost.
    - `after`: what is done once the rows are written.
    """

    table: Table
    inputs: tuple[Table, ...]
    knobs: tuple[type[Knobs], ...]
    build: Callable[[Work], DataFrame]
    checks: Callable[[Work], list[CheckResult]]
    changes: Changes | None = None
    scope: Callable[[Work], Cut | None] = lambda work: everything
    adds_up: bool = False
    is_of_day: bool = False
    slice: Callable[[Work], str] | None = None
    expired: Callable[[Work], str] | None = None
    models: Callable[[Work], Mapping[str, str]] = lambda work: {}
    registered: tuple[type[Knobs], ...] = ()
    stored_origin: Callable[[Work], Origin | None] = lambda work: work.lake.origin(work.table)
    made_with: Table | None = None
    after: Callable[[Work], None] = lambda work: None


class Run(Protocol):
    """What bringing tables up to date needs of a run."""

    lake: Lake
    full: bool

    @property
    def as_of(self) -> date:
        """The last day that counts, in the reporting zone."""

    @property
    def periods(self) -> Sequence[int]:
        """What tables made in full are laid out by; see `warehouse.layout.event_periods`."""

    def knobs(self, part: type[Part]) -> Part:
        """The knobs of a class."""

    def say(self, message: str) -> None:
        """A line of progress for people."""


@dataclass
class Shared:
    """What the builds of several tables share until all of them are written."""

    stack: ExitStack
    purpose: str
    made: dict[Callable[..., Any], Any] = field(default_factory=dict)
    stage: Stage | None = None


@dataclass(frozen=True)
class Work:
    """What a build may use.

    In an update `changes` has the changed rows of each followed input since the base, and `changed` the inputs whose
    version differs from the base. In a full build `changes` is None.
    """

    run: Run
    recipe: Recipe | None
    shared: Shared
    changes: Mapping[Table, DataFrame] | None = None
    changed: frozenset[Table] = frozenset()

    @property
    def lake(self) -> Lake:
        """The lake."""
        return self.run.lake

    @property
    def table(self) -> Table:
        """The table that is made."""
        assert self.recipe is not None, "what several tables share is of no table"
        return self.recipe.table

    def read(self, table: Table) -> DataFrame:
        """The table as it is now."""
        return self.lake.read(table)

    def knobs(self, part: type[Part]) -> Part:
        """Knobs that the recipe names; KeyError for others."""
        if self.recipe is not None and part not in self.recipe.knobs:
            raise KeyError(f"{self.table.full_name}: its recipe does not name the knobs {part.__name__}")
        return self.run.knobs(part)

    def once(self, make: Callable[[Work], Made]) -> Made:
        """What `make` gives, made once for all tables of this update or full build. It may use any knob: what is shared
        can serve one table's columns by a knob that another one's rows do not depend on."""
        if make not in self.shared.made:
            self.shared.made[make] = make(replace(self, recipe=None))
        made: Made = self.shared.made[make]
        return made

    def stage(self, name: str, frame: DataFrame) -> DataFrame:
        """Stores a frame by name and reads it back; see Lake.staging."""
        if self.shared.stage is None:
            self.shared.stage = self.shared.stack.enter_context(self.lake.staging(self.shared.purpose))
        return self.shared.stage(name, frame)

    def persist(self, frame: DataFrame) -> DataFrame:
        """Keeps a frame in memory, and on disk where there is too little, until the tables are written."""
        kept = frame.persist(StorageLevel.MEMORY_AND_DISK)
        self.shared.stack.callback(kept.unpersist)
        return kept
