"""Marts: the tables that a shop's analysts add, one SELECT over silver, gold and other marts in each file of a folder.

A file begins with a comment in YAML: grain, key, owner, what a row answers, and the tests of its rows. What can be
known of a file without running it is refused here, in one line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warehouse.contracts import Column, Table
from warehouse.errors import UsageError, did_you_mean, unknown_name
from warehouse.languages import BothLanguages, Written
from warehouse.mart_sql import LAYER, Statement
from warehouse.sql_text import split_head
from warehouse.tables import TABLES

FRESHNESS = "every pipeline run (marts)"
FILE_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
COMMENT = re.compile(r"(?P<meaning>.*?)(?:\s*\[(?P<unit>[^\]]*)\])?", re.DOTALL)


class Total(BaseModel):
    """What must not be lost or counted twice: the sum of an expression over all rows, and a query of one number that
    it equals (exactly for whole numbers and decimals, to 1e-9 of its size for doubles; the sum of nothing is 0)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sum: Written
    equals: Written


class MartTests(BaseModel):
    """What must hold of a mart's rows beside its key, which is unique and never null.

    `not_null`: columns without nulls. `accepted_values`: all texts that a column may hold beside null. `expressions`:
    conditions of SQL by name; a row for which one is null fulfils it. `conserves`: totals by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    not_null: tuple[Written, ...] = ()
    accepted_values: dict[Written, Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    expressions: dict[Written, Written] = {}
    conserves: dict[Written, Total] = {}


class Head(BaseModel):
    """What the comment of a file says.

    `columns` are meanings by column, with a unit in brackets at the end: "spend of the day [report.currency]". A column
    that is not named means what it means in a table that is read. `personal` are the columns that lead back to a
    person. `severity`: where a test fails, keep_back leaves the former version in place and goes on, fail_run ends the
    run before anything is published.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: BothLanguages
    grain: Written
    key: Annotated[tuple[Written, ...], Field(min_length=1)]
    owner: Written
    severity: Literal["keep_back", "fail_run"] = "keep_back"
    columns: dict[Written, str] = {}
    personal: tuple[Written, ...] = ()
    tests: MartTests = MartTests()


class Mart(BaseModel):
    """One mart: its name and file, what its head says, its statement, and the tables that it reads by their names in
    SQL.

    In `sql`, and in the SQL of its tests, tables have their names in SQL (gold_path_summary) and no others.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    file: str
    head: Head
    sql: str
    text: str
    reads: tuple[str, ...]
    parameters: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """mart.<name>."""
        return f"{LAYER}.{self.name}"

    @property
    def place(self) -> Table:
        """The table without its columns, which a statement has when it is planned: for a lake's logs."""
        return place_of(self.full_name)

    @property
    def inputs(self) -> tuple[Table, ...]:
        """The tables that it reads; other marts without their columns."""
        return tuple(TABLES.get(name) or place_of(name) for name in self.reads)


def place_of(full_name: str) -> Table:
    """A mart's table without columns, by its full name."""
    name = full_name.removeprefix(f"{LAYER}.")
    return Table(layer=LAYER, name=name, grain="", owner="", freshness=FRESHNESS, key=(), columns=())


def is_mart(full_name: str) -> bool:
    """Whether a table is a mart, by its full name."""
    return full_name.startswith(f"{LAYER}.")


def read_marts(folder: str | Path | None) -> tuple[Mart, ...]:
    """The marts of a folder, each after those that it reads, otherwise by name; none where there is no folder.

    UsageError, with the file, for one that cannot be read or does not fit, reads what does not exist or may not be
    read, or waits for itself.
    """
    if folder is None:
        return ()
    files = _files(Path(folder))
    known = {table.sql_name: table.full_name for table in TABLES.values()}
    known |= {f"{LAYER}_{name}": f"{LAYER}.{name}" for name in files}
    marts = {name: _mart(name, file, known) for name, file in files.items()}
    return tuple(marts[name] for name in _in_order(marts))


def contract_of(mart: Mart, schema: Mapping[str, str], inputs: Sequence[Table]) -> Table:
    """The contract of a mart's table: the columns that its statement has, and their types, with what the head and the
    contracts of `inputs` say of them. UsageError where the head names other columns."""
    _require_storable(mart, schema)
    head, tests = mart.head, mart.head.tests
    for part, names in {
        "key": head.key,
        "columns": tuple(head.columns),
        "personal": head.personal,
        "tests.not_null": tests.not_null,
        "tests.accepted_values": tuple(tests.accepted_values),
    }.items():
        for name in names:
            if name not in schema:
                raise UsageError(f"{mart.file}: {part}: {unknown_name('column', name, schema)}")
    known = {column.name: column for table in reversed(inputs) for column in table.columns}
    return Table(
        layer=LAYER,
        name=mart.name,
        grain=head.grain,
        owner=head.owner,
        freshness=FRESHNESS,
        key=head.key,
        columns=tuple(_column(mart, name, type_, known.get(name)) for name, type_ in schema.items()),
        notes=head.sentence.en,
    )


def _column(mart: Mart, name: str, type_: str, known: Column | None) -> Column:
    comment = COMMENT.fullmatch(mart.head.columns.get(name, known.comment if known else ""))
    assert comment is not None, "the pattern fits any text"
    values = mart.head.tests.accepted_values.get(name, ())
    if values and type_ != "string":
        raise UsageError(f"{mart.file}: tests.accepted_values: {name} is of type {type_}; write an expression")
    return Column(
        name,
        type_,
        comment["meaning"],
        unit=comment["unit"] or "",
        nullable=name not in (*mart.head.key, *mart.head.tests.not_null),
        personal=name in mart.head.personal,
        values=values,
    )


def _require_storable(mart: Mart, schema: Mapping[str, str]) -> None:
    for name, type_ in schema.items():
        if not COLUMN_NAME.fullmatch(name):
            raise UsageError(
                f"{mart.file}: the column {name!r} needs a name of letters, digits and _: give it one by AS"
            )
        if re.search(r"\b(void|timestamp_ntz|interval|variant)\b", type_):
            raise UsageError(f"{mart.file}: {name} is of type {type_}, which no table holds: cast it to another type")


def _files(folder: Path) -> dict[str, Path]:
    """The files by the names of their marts, in order. UsageError for a folder or a name that does not fit."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".sql")
    except OSError as error:
        raise UsageError(f"marts.folder: {folder} cannot be read: {error.strerror or error}") from error
    for path in files:
        if path.suffix != ".sql" or not FILE_NAME.fullmatch(path.stem):
            raise UsageError(
                f"{path}: a mart has the name of its file: lower-case letters, digits and _, a letter first, then .sql"
            )
    return {path.stem: path for path in files}


def _mart(name: str, file: Path, known: Mapping[str, str]) -> Mart:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from error
    comment, statement = split_head(text)
    head = _head(file, comment)
    statement = statement.strip().rstrip(";").rstrip()
    if not statement:
        raise UsageError(f"{file}: has no statement below its head: write one SELECT")
    sql, *of_tests = [Statement(file, one, known) for one in (statement, *_sql_of_tests(head))]
    totals = {
        of: total.model_copy(update={"equals": Statement(file, total.equals, known).sql})
        for of, total in head.tests.conserves.items()
    }
    tests = head.tests.model_copy(update={"conserves": totals})
    statements = (sql, *of_tests)
    return Mart(
        name=name,
        file=str(file),
        head=head.model_copy(update={"tests": tests}),
        sql=sql.sql,
        text=text,
        reads=tuple(sorted({read for one in statements for read in one.reads})),
        parameters=tuple(sorted({parameter for one in statements for parameter in one.parameters})),
    )


def _sql_of_tests(head: Head) -> list[str]:
    conserves = head.tests.conserves.values()
    return [*head.tests.expressions.values(), *(one.sum for one in conserves), *(one.equals for one in conserves)]


def _head(file: Path, comment: str) -> Head:
    try:
        read: Any = yaml.safe_load(comment)
        if not isinstance(read, dict):
            raise UsageError(
                f"{file}: does not begin with a head: lines of -- with sentence (en, ko), grain, key and owner"
            )
        return Head(**read)
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: its head is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        hint = did_you_mean(where, Head.model_fields) if first["type"] == "extra_forbidden" else ""
        raise UsageError(f"{file}: its head: {where}: {first['msg']}{hint}") from error


def _in_order(marts: Mapping[str, Mart]) -> list[str]:
    """The names, each after those of the marts that it reads. UsageError for a circle."""
    done: list[str] = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circle = [*way[way.index(name) :], name]
            raise UsageError(f"{marts[name].file}: a mart cannot wait for itself: {' reads '.join(circle)}")
        if name in done:
            return
        for read in marts[name].reads:
            if is_mart(read):
                visit(read.removeprefix(f"{LAYER}."), (*way, name))
        done.append(name)

    for name in sorted(marts):
        visit(name, ())
    return done
