"""Brings the tables of recipes up to date: one rule for every table of silver and gold.

A table is
- current if its rows were made from the versions, knobs, models, day and code that they would be made from now;
- updated in part if only versions of inputs differ and their changed rows are known: the rows in the recipe's scope are
  built again, and only rows that differ are written;
- made in full otherwise, and where the run asks for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import MappingProxyType

from pyspark.sql import functions as F

from warehouse.checks import side_by_side
from warehouse.code_version import code_version
from warehouse.contracts import Table
from warehouse.knobs import Build, Knobs
from warehouse.recipes import Changes, Recipe, Run, Shared, Work
from warehouse.store import Origin, TableVersion

EMPTY: Mapping[Table, str] = MappingProxyType({})
NEVER = TableVersion("", -1)  # of a table that was not there yet


class TableUpdate:
    """The tables of some recipes, in order: which are stale and why, and the bringing up to date."""

    def __init__(self, run: Run, recipes: Sequence[Recipe]) -> None:
        """Recipes are in the order of the flow: a table comes after its inputs."""
        self._run, self._recipes = run, recipes
        self._bases: dict[Changes, dict[Table, TableVersion]] = {}
        self._shares: dict[tuple[Table, int], float] = {}
        self._digests: dict[Recipe, str] = {}

    def plan(self, ahead: Mapping[Table, str] = EMPTY) -> dict[Table, str]:
        """The stale tables, each with why it is made in full, '' where it is updated in part. Writes nothing.

        A table after a stale one is stale too: its input will have another version. `ahead` are the tables that earlier
        steps would write, in the same form.
        """
        stale: dict[Table, str] = {}
        for recipe in self._recipes:
            written = {**ahead, **stale}
            inputs = [table for table in recipe.inputs if table in written]
            in_full = [table for table in inputs if written[table]]
            reason = self._stale(recipe)
            if recipe.made_with in inputs and not self._run.lake.exists(recipe.table):
                reason = "not built yet"
            elif not reason and in_full:
                reason = f"{in_full[0].full_name} is made in full"
            elif reason is None and inputs:
                reason = "" if recipe.changes else f"{inputs[0].full_name} is updated"
            if reason is not None:
                stale[recipe.table] = reason
        return stale

    def make(self) -> dict[Table, str]:
        """Brings every stale table up to date, and says what `plan` says."""
        done: dict[Table, str] = {}
        with ExitStack() as stack:
            shared: dict[Changes | None, Shared] = {}
            for recipe in self._recipes:
                reason = self._stale(recipe)
                if reason is None:
                    continue
                group = recipe.changes if reason == "" else None
                if group not in shared:
                    shared[group] = Shared(stack, f"{recipe.table.full_name}-{'full' if reason else 'part'}")
                self._make(recipe, self._work(recipe, shared[group], in_part=reason == ""))
                self._run.say(f"{recipe.table.full_name} written")
                done[recipe.table] = reason
        return done

    def _work(self, recipe: Recipe, shared: Shared, *, in_part: bool) -> Work:
        if not in_part or recipe.changes is None:
            return Work(self._run, recipe, shared)
        lake, base = self._run.lake, self._base(recipe.changes)
        changes = {table: lake.changes(table, base[table].version) for table in recipe.changes.follows}
        followed = {table: rows for table, rows in changes.items() if rows is not None}
        changed = frozenset(table for table, seen in base.items() if seen != self._now(table))
        return Work(self._run, recipe, shared, followed, changed)

    def _make(self, recipe: Recipe, work: Work) -> None:
        lake, table, origin = self._run.lake, recipe.table, self._origin(recipe)
        if work.changes is not None:
            cut = recipe.scope(work)
            if cut is None:
                lake.confirm(table, origin)
            else:
                rows, stored = cut(recipe.build(work)), cut(lake.read(table))
                lake.update_rows(table, rows, stored=stored, origin=origin, at_once=recipe.adds_up)
        elif recipe.slice is None:
            lake.replace(table, recipe.build(work), origin=origin, periods=self._run.periods)
        else:
            rows = recipe.build(work)
            if recipe.expired and not lake.read(table).where(recipe.expired(work)).isEmpty():
                lake.delete(table, recipe.expired(work))
            lake.replace(table, rows, origin=origin, where=recipe.slice(work))
        recipe.after(work)

    def _origin(self, recipe: Recipe) -> Origin:
        """What rows made now are made from."""
        states = self._run.lake.states(recipe.inputs)
        inputs: dict[str, int | str] = {name: str(state) for name, state in states.items()}
        inputs |= recipe.models(self._look(recipe))
        if recipe.is_of_day:
            inputs["as_of"] = self._run.as_of.isoformat()
        if recipe not in self._digests:
            self._digests[recipe] = digest_of([self._run.knobs(part) for part in recipe.knobs])
        return Origin(inputs, self._digests[recipe], code_version())

    def _stale(self, recipe: Recipe) -> str | None:
        """Why the table is made in full, '' where it is updated in part; None where it is current."""
        if recipe.made_with and not self._run.lake.exists(recipe.made_with):
            return None
        stored, wanted = recipe.stored_origin(self._look(recipe)), self._origin(recipe)
        if stored == wanted and not self._run.full:
            return None
        return self._why_in_full(recipe, stored, wanted) or self._why_not_in_part(recipe, stored)

    def _why_in_full(self, recipe: Recipe, stored: Origin | None, wanted: Origin) -> str:
        """Whether anything but versions of inputs differs, and what."""
        if self._run.full:
            return "asked for"
        if stored is None:
            return "not built yet"
        if stored.code != wanted.code:
            return "made by another version of the code"
        if stored.knobs != wanted.knobs:
            return "knobs or rules have changed"
        others = {*stored.inputs, *wanted.inputs} - {table.full_name for table in recipe.inputs}
        differing = sorted(name for name in others if stored.inputs.get(name) != wanted.inputs.get(name))
        return f"{differing[0]} is {wanted.inputs.get(differing[0], 'gone')}" if differing else ""

    def _why_not_in_part(self, recipe: Recipe, stored: Origin | None) -> str:
        """Why an update cannot find its part; '' where it can."""
        if recipe.changes is None or stored is None:
            return "inputs have changed"
        base = self._base(recipe.changes)
        seen = {table: _seen_by(stored, table) for table in recipe.inputs} | base
        for table, state in seen.items():
            if self._run.lake.replaced_since(table, state.version, id_=state.id):
                return f"{table.full_name} was replaced as a whole"
        limit = self._run.knobs(Build).max_changed_share
        for table in recipe.changes.follows:
            if table.layer == "bronze" and (share := self._changed_share(table, base[table].version)) > limit:
                return f"{share:.0%} of {table.full_name} is new (build.max_changed_share)"
        return ""

    def _base(self, changes: Changes) -> dict[Table, TableVersion]:
        """The oldest state that any of the tables with these changes has seen, by input."""
        if changes not in self._bases:
            group = [recipe for recipe in self._recipes if recipe.changes is changes]
            self._bases[changes] = {
                table: self._oldest(table, [self._seen(recipe, table) for recipe in group if table in recipe.inputs])
                for table in (*changes.follows, *changes.watches)
            }
        return self._bases[changes]

    def _seen(self, recipe: Recipe, table: Table) -> TableVersion:
        """The state of an input that the stored rows were made from. A table that is not built yet asks for none."""
        origin = self._run.lake.origin(recipe.table)
        return self._now(table) if origin is None else _seen_by(origin, table)

    def _oldest(self, table: Table, states: Sequence[TableVersion]) -> TableVersion:
        """The state that was seen first: any of a table that was deleted since is older than all of the present one."""
        present = self._now(table).id
        return min(states, key=lambda state: (state.id in ("", present), state.version), default=NEVER)

    def _now(self, table: Table) -> TableVersion:
        return self._run.lake.at(table) or NEVER

    def _changed_share(self, table: Table, since: int) -> float:
        """Changed rows beside all that the table has."""
        if (table, since) not in self._shares:
            changed, all_ = self._counted(table, since)
            self._shares[table, since] = changed / max(all_, 1)
        return self._shares[table, since]

    def _counted(self, table: Table, since: int) -> tuple[int, int]:
        """How many rows have changed, and how many there are: by the log, by a query where it does not record it."""
        lake = self._run.lake
        changed, all_ = lake.changed_rows_counted(table, since), lake.rows_counted(table)
        if changed is not None and all_ is not None:
            return changed, all_
        rows, changes = F.count(F.lit(1)), lake.changes(table, since)
        assert changes is not None, "asked for before it was known that the changed rows can be followed"
        counts = side_by_side(changes.agg(rows.alias("changed")), lake.read(table).agg(rows.alias("all")))
        return counts["changed"], counts["all"]

    def _look(self, recipe: Recipe) -> Work:
        return Work(self._run, recipe, Shared(ExitStack(), "look"))


def _seen_by(origin: Origin, table: Table) -> TableVersion:
    """The state of an input that rows were made from."""
    return TableVersion.of(origin.inputs[table.full_name]) if table.full_name in origin.inputs else NEVER


def digest_of(knobs: Sequence[Knobs]) -> str:
    """A hash of all that rows can depend on in these knobs."""
    content = "\n".join(f"{type(part).__name__} {part.content()}" for part in knobs)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def in_words(stale: Mapping[Table, str]) -> str:
    """One line: which tables in full and why, and which in part."""
    by_reason: dict[str, list[str]] = {}
    for table, reason in stale.items():
        by_reason.setdefault(f"in full ({reason})" if reason else "in part", []).append(table.full_name)
    return "; ".join(f"{how}: {', '.join(names)}" for how, names in by_reason.items())
