"""SQL over what was published, without a JVM: every table at its published version, and the ready views.

The engine is DataFusion, through delta-rs. A table is named `<layer>_<table>`, e.g. gold_channel_performance.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError

from published.delta_files import exists, open_table
from published.publication import Published, alias, publications, quoted
from published.view import Language
from published.views import ReadyView, ready_views
from warehouse.contracts import Table
from warehouse.errors import InputError, UsageError, did_you_mean
from warehouse.marts import is_mart, place_of
from warehouse.tables import ALL_TABLES, OPS_PUBLISHED

NUMBER = "publication"
NO_TABLE = re.compile(r"table '(?:datafusion\.)?(?:public\.)?([^']+)' not found")
NO_FIELD = re.compile(r"No field named (.+?)\.(?:\s|$)", re.DOTALL)
VALID_FIELDS = re.compile(r"Valid fields are (.+?)\.?$", re.DOTALL)
PARSER = re.compile(r'ParserError\("(.*?)(?: at Line: (\d+), Column: (\d+))"\)')
# Type in a contract: the engine's names of it.
SQL_TYPES = {
    "bigint": "int64|uint64",
    "int": "int32",
    "boolean": "bool",
    "string": "string_view|utf8",
}
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BEFORE_THE_REASON = re.compile(r"^(?:[A-Z][A-Za-z]* error|Error during \w+|External error|Arrow error|SQL error): ")


@dataclass(frozen=True)
class Answer:
    """The rows of a query, at most as many as were asked for; `is_cut` says that there are more.

    `types` maps columns to their SQL types; empty where the rows are of no query.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool
    types: Mapping[str, str] = field(default_factory=dict)

    def dicts(self) -> list[dict[str, Any]]:
        """Each row as a dict of its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Listed(NamedTuple):
    """A table or view that SQL can name, with what one row is, or what the view answers or waits for."""

    name: str
    sentence: str
    is_view: bool
    example: str = ""


def ask(published: Published, sql: str, *, limit: int, personal: bool = True) -> Answer:
    """The rows of one query over the published versions and the ready views, at most `limit` of them.

    Tables of bronze and ops, which are never published, are at their newest version; ops_published ends with this
    publication. Without `personal`, personal columns of tables do not exist. Only a query is run: UsageError for
    any other statement, for SQL that does not parse, and for an unknown table or column, with the nearest known name;
    InputError for a table that is not published or cannot be read.
    """
    door = _Door(published, personal=personal)
    statement = sql.strip().rstrip(";").strip()
    if not statement:
        raise UsageError("no SQL is given")
    try:
        engine = door.engine_for(statement)
        # Only a query can be the body of a view: a statement that would write somewhere fails here.
        engine.execute(f"create view {_secret_name()} as\n{statement}").read_all()
        reader = engine.execute(statement)
        return _first_rows(reader, limit)
    except DeltaError as error:
        raise door.explained(str(error)) from error
    except (UsageError, InputError):
        raise
    except Exception as error:  # while rows are read, delta-rs has no narrower class
        raise InputError(f"the query failed: {_reason(str(error))}") from error


def columns_of(published: Published, name: str) -> Answer:
    """The columns of a table or view in order: name, type and, where a contract says it, what it means with its unit.

    A column of a view means what the column of that name means in a table that the view reads. Errors as those of
    `ask`.
    """
    schema = ask(published, f'select * from "{name}" limit 0', limit=0).types
    view = ready_views().get(name)
    tables = view.contracts if view else (table_called(published, name),)
    meanings = {column.name: column.comment for table in reversed(tables) for column in table.columns}
    rows = tuple((column, type_, meanings.get(column, "")) for column, type_ in schema.items())
    return Answer(("column", "type", "meaning"), rows, is_cut=False)


def table_called(published: Published, name: str) -> Table:
    """The table of a name in SQL, also a published mart. KeyError where there is none."""
    found = {table.sql_name: table.full_name for table in ALL_TABLES} | _marts(published)
    return published.contract(found[name])


def delta_tables(published: Published) -> dict[str, DeltaTable]:
    """The published versions by their names in SQL, and ops_published, for other engines to read."""
    contracts = [published.contract(name) for name in published.versions]
    tables = {alias(table): published.open(table) for table in contracts}
    return {**tables, alias(OPS_PUBLISHED): open_table(published.lake, OPS_PUBLISHED, version=None)}


def listed(published: Published, language: Language) -> list[Listed]:
    """The views, then a shop's marts and the published tables, each with its sentence; views of tables not published
    say so."""
    views = []
    for view in ready_views().values():
        missing = [table.full_name for table in view.contracts if not _is_there(published, table)]
        sentence: str = getattr(view.question, language)
        if waits_for := view.waits_for or ", ".join(missing):
            sentence += f" [{'waits for' if language == 'en' else '대기 중:'} {waits_for}]"
        views.append(Listed(view.name, sentence, is_view=True, example=view.example))
    marts = [
        Listed(name, _sentence(published, full_name, language), is_view=False)
        for name, full_name in _marts(published).items()
    ]
    tables = [
        Listed(alias(table), f"One row per {table.grain}.", is_view=False)
        for table in reversed(ALL_TABLES)
        if _is_there(published, table)
    ]
    layers = ["gold", "silver", "ops", "bronze"]
    return [*views, *marts, *sorted(tables, key=lambda one: layers.index(one.name.split("_")[0]))]


def _sentence(published: Published, full_name: str, language: Language) -> str:
    """What a mart answers, or why it cannot be read."""
    try:
        sentence: str = getattr(published.mart(full_name).sentence, language)
        return sentence
    except InputError as error:
        return str(error)


def _marts(published: Published) -> dict[str, str]:
    """The full names of the published marts by their names in SQL."""
    return {place_of(name).sql_name: name for name in published.mart_names}


class _Door:
    """What one query may name, and what its errors mean."""

    def __init__(self, published: Published, *, personal: bool) -> None:
        self.published, self.personal = published, personal
        places = {name: place_of(full_name) for name, full_name in _marts(published).items()}
        self.tables: Mapping[str, Table] = {alias(table): table for table in ALL_TABLES} | places

    def engine_for(self, statement: str) -> QueryBuilder:
        """An engine with the tables and views that the statement names: opening all of them would take longer."""
        words = set(WORD.findall(statement))
        views = [view for name, view in ready_views().items() if name in words and view.sql]
        named = {name for name in self.tables if name in words}.union(*(view.table_names for view in views))
        wanted = [name for name in named if _is_there(self.published, self.tables[name])]
        engine, whole = QueryBuilder(), {name: _secret_name() for name in sorted(wanted)}
        for name, hidden in whole.items():
            opened = self._opened(self.tables[name])
            engine = engine.register(hidden, opened)
            columns = [field.name for field in opened.schema().fields]
            engine.execute(f"create view {name} as {self._shown(self.tables[name], columns, hidden)}").read_all()
        for view in views:
            # A view may count over personal columns that it does not show: it reads the whole tables.
            body = WORD.sub(lambda found: whole.get(found[0], found[0]) if not self.personal else found[0], view.sql)
            engine.execute(f"create view {view.name} as {body}").read_all()
            if not self.personal and (of_persons := _personal_columns(engine, view)):
                raise InputError(f"the view {view.name} is of single persons ({', '.join(of_persons)}): not shown here")
        return engine

    def _shown(self, table: Table, columns: Sequence[str], hidden: str) -> str:
        """What SQL sees of a table: all of it, or all but its personal columns; publications up to this one."""
        of_persons = self.published.contract(table.full_name) if is_mart(table.full_name) else table
        hidden_columns = () if self.personal else of_persons.personal_columns
        shown = ", ".join(f'"{column}"' for column in columns if column not in hidden_columns)
        if table == OPS_PUBLISHED and NUMBER not in columns:  # of an older version of this program
            shown += f", cast(null as bigint) as {NUMBER}"
        until = f" where run_id in ({self._runs()})" if table == OPS_PUBLISHED else ""
        return f"select {shown} from {hidden}{until}"

    def _opened(self, table: Table) -> DeltaTable:
        if table.layer in ("bronze", "ops"):
            return open_table(self.published.lake, table, version=None)
        return self.published.open(table)

    def _runs(self) -> str:
        """The runs of this publication and of all before it, as SQL."""
        known = [one.run_id for one in publications(self.published.lake)]
        return ", ".join(map(quoted, known[known.index(self.published.run_id) :]))

    def explained(self, message: str) -> UsageError | InputError:
        """The error of a query in one line, with the way out."""
        if found := NO_TABLE.search(message):
            return self._no_table(found[1])
        if found := NO_FIELD.search(message):
            column = found[1].strip('"')
            valid = VALID_FIELDS.search(message)
            known = [name.strip().strip('"').split(".")[-1] for name in valid[1].split(",")] if valid else []
            there = f"; there are {', '.join(known)}" if known else ""
            return UsageError(f"no column is called {column!r}{there}{did_you_mean(column.split('.')[-1], known)}")
        return UsageError(f"the SQL cannot be run: {_reason(message)}")

    def _not_published(self, name: str) -> str:
        """Why a table that there could be is not there."""
        table = self.tables[name]
        if table.layer in ("bronze", "ops"):
            return f"{self.published.lake} has no table {table.full_name}"
        return f"{table.full_name} is not among the tables that run {self.published.run_id} published"

    def _no_table(self, name: str) -> UsageError | InputError:
        if (view := ready_views().get(name)) is not None and view.waits_for:
            return InputError(f"the view {name} has no figures yet: it waits for {view.waits_for}")
        if name in self.tables:
            return InputError(self._not_published(name))
        known = [one.name for one in listed(self.published, "en")]
        plain = name.replace(".", "_")
        if plain in known and plain != name:
            return UsageError(f"no table is called {name}; its name in SQL is {plain}")
        return UsageError(
            f"no table or view is called {name!r}{did_you_mean(plain, known)}; without SQL, all are listed"
        )


def _personal_columns(engine: QueryBuilder, view: ReadyView) -> list[str]:
    """The columns of a view that are personal in a table that it reads."""
    personal = {column for table in view.contracts for column in table.personal_columns}
    return [name for name in engine.execute(f"select * from {view.name} limit 0").schema.names if name in personal]


def _is_there(published: Published, table: Table) -> bool:
    return exists(published.lake, table) if table.layer in ("bronze", "ops") else published.has(table)


def _first_rows(reader: Any, limit: int) -> Answer:
    """Up to `limit` rows of a reader, of which no more is read than that takes."""
    schema = pa.schema(reader.schema)
    columns, types = tuple(schema.names), {column.name: _sql_type(column.type) for column in schema}
    rows: list[tuple[Any, ...]] = []
    for batch in reader:
        rows += zip(*(column.to_pylist() for column in batch.columns), strict=True)
        if len(rows) > limit:
            return Answer(columns, tuple(rows[:limit]), is_cut=True, types=types)
    return Answer(columns, tuple(rows), is_cut=False, types=types)


def _sql_type(arrow: pa.DataType) -> str:
    """The name that contracts give a type: bigint, string, decimal(28,6)."""
    text = str(arrow).replace("decimal128", "decimal").replace(", ", ",").replace("date32[day]", "date")
    for ours, engines in SQL_TYPES.items():
        text = re.sub(rf"\b(?:{engines})\b", ours, text)
    return re.sub(r"timestamp\[[^]]*\]", "timestamp", text)


def _secret_name() -> str:
    """A name that no query can guess."""
    return f"t_{secrets.token_hex(8)}"


def _reason(message: str) -> str:
    """The line of an engine's error that names the cause, without the words of its layers."""
    cause = message.rpartition("caused by\n")[2]
    line = next(iter(cause.splitlines()), cause)
    while BEFORE_THE_REASON.match(line):
        line = BEFORE_THE_REASON.sub("", line)
    if found := PARSER.fullmatch(line):
        # The statement stands below one line of ours.
        return f"{found[1]} (line {int(found[2]) - 1}, column {found[3]})"
    return line
