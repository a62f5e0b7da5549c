"""The statements by which Spark shows what is published: one view for each table at its version, and ready views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from published.delta_files import exists, open_table
from published.publication import Published, alias
from warehouse.contracts import Table
from warehouse.errors import InputError, UsageError
from warehouse.sql_text import split_head
from warehouse.tables import OPS_PUBLISHED, OPS_QUALITY_RESULTS, OPS_RUN_LOG

# Layers are schemas; SQL of the docs and of ready views names tables gold_channel_performance, in this schema.
BY_ALIAS = "default"
READY = "views"
# What runs published, checked and did; these tables are never published themselves.
OF_RUNS = (OPS_PUBLISHED, OPS_QUALITY_RESULTS, OPS_RUN_LOG)


class View(NamedTuple):
    """One view that clients see: its full name, and the statements that make it."""

    name: str
    statements: tuple[str, ...]


class ReadySql(NamedTuple):
    """One SELECT over published tables: its name, what it answers, and its text."""

    name: str
    comment: str
    sql: str


def table_views(published: Published) -> Iterator[View]:
    """A view for each published table at its published version, with the comments of its contract, and its alias; and
    one for each table of OF_RUNS.

    InputError where a version is gone, or the table was deleted and made again since.
    """
    for name, version in sorted(published.versions.items()):
        yield _table_view(published, published.contract(name), version)
    for table in OF_RUNS:  # as they stand when the views are made
        if exists(published.lake, table):
            yield _table_view(published, table, open_table(published.lake, table, version=None).version())


def ready_views(folder: Path | None = None) -> list[ReadySql]:
    """The files *.sql of a folder, by default those that come with the project, in order of name.

    A file begins with comments (--), a mapping of YAML with the sentence that it answers, or plain text. A file without
    a statement waits for something, and is left out. UsageError where the folder cannot be read.
    """
    try:
        root: Traversable = folder or files(READY)
        found = sorted((file for file in root.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
        read = [ready_sql(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")) for file in found]
    except ModuleNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{folder}: views cannot be read ({error})") from error
    return [one for one in read if one.sql]


def ready_view(ready: ReadySql) -> View:
    """The view of a ready SELECT, whose tables are named by their aliases."""
    name = f"{READY}.{_name(ready.name)}"
    make = f"CREATE OR REPLACE VIEW {name} COMMENT {_text(ready.comment)} AS\n{ready.sql}"
    # Names without a schema are read where the view was made.
    return View(f"{READY}.{ready.name}", (f"CREATE DATABASE IF NOT EXISTS {READY}", f"USE {BY_ALIAS}", make))


def drop(view: str) -> str:
    """The statement that takes away a view of that full name."""
    return f"DROP VIEW IF EXISTS {'.'.join(map(_name, view.split('.')))}"


def _table_view(published: Published, table: Table, version: int) -> View:
    opened = open_table(published.lake, table, version=version)
    if published.ids.get(table.full_name, opened.metadata().id) != opened.metadata().id:
        raise InputError(
            f"{table.full_name} was deleted and made again since run {published.run_id}; run `distributary pipeline`"
        )
    comments = {column.name: column.comment for column in table.columns}
    columns = [field.name for field in opened.schema().fields]
    listed = ", ".join(f"{_name(column)} COMMENT {_text(comments.get(column, ''))}" for column in columns)
    root = published.lake if "://" in published.lake else str(Path(published.lake).absolute())
    place = _name(f"{root.rstrip('/')}/{table.layer}/{table.name}")
    what = f"{table.comment} (version {version}, {published.run_id}, as of {published.as_of})"
    selected = f"SELECT {', '.join(map(_name, columns))} FROM delta.{place} VERSION AS OF {version}"
    name = f"{table.layer}.{_name(table.name)}"
    return View(
        table.full_name,
        (
            f"CREATE DATABASE IF NOT EXISTS {table.layer}",
            f"CREATE OR REPLACE VIEW {name} ({listed}) COMMENT {_text(what)} AS {selected}",
            f"CREATE OR REPLACE VIEW {BY_ALIAS}.{_name(alias(table))} COMMENT {_text(what)} AS SELECT * FROM {name}",
        ),
    )


def ready_sql(name: str, text: str) -> ReadySql:
    """The view of a file's text."""
    head, sql = split_head(text)
    return ReadySql(name, _sentence(head), sql.rstrip(";"))


def _sentence(head: str) -> str:
    """What a head says that the view answers, in English where it says it in several languages."""
    try:
        read: Any = yaml.safe_load(head)
    except yaml.YAMLError:
        read = None
    if isinstance(read, dict):
        sentence = read.get("sentence", read.get("question", ""))
        return str(sentence.get("en", "") if isinstance(sentence, dict) else sentence).strip()
    return " ".join(head.split())


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def names_of(views: Sequence[View]) -> set[str]:
    """The full names of views, those of the aliases included."""
    names = {view.name for view in views}
    return names | {f"{BY_ALIAS}.{name.replace('.', '_')}" for name in names if not name.startswith(f"{READY}.")}
