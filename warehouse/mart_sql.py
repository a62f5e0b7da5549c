"""The SQL of marts, read without running it: which tables a statement reads, and what may not stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from warehouse.errors import UsageError, did_you_mean
from warehouse.sql_text import Token, tokens

LAYER: Literal["mart"] = "mart"
READABLE = ("silver", "gold", LAYER)
LAYERS = ("bronze", "ops", *READABLE)
# What a statement may ask of the run, as :as_of; the values are literals of SQL.
PARAMETERS = ("as_of", "timezone", "currency")
# Functions that give other rows at each run, or reach beyond the tables.
CLOCKS = ("current_date", "current_timestamp", "localtimestamp", "now", "curdate")
BARE_CLOCKS = ("current_date", "current_timestamp", "localtimestamp")
CHANCE = ("rand", "randn", "random", "randstr", "uniform", "uuid", "shuffle", "monotonically_increasing_id")
BEYOND = ("java_method", "reflect", "try_reflect", "current_user", "session_user", "input_file_name")


class Statement:
    """One statement of a file: what it reads, with tables by their names in SQL."""

    def __init__(self, file: Path, sql: str, known: Mapping[str, str]) -> None:
        """Refuses, by UsageError, what may not be in it; `known` are the full names of tables by their names in SQL."""
        self._file, self._known, self._tokens = file, known, list(tokens(sql))
        if "${" in sql:
            raise UsageError(f"{file}: ${{...}} is no part of a mart's SQL; a statement asks {_parameters()}")
        self._defined = {name.text for name, word, mark in self._in_threes() if (word.text, mark.text) == ("as", "(")}
        self.reads = tuple(full for found in self._tokens if (full := self._table(found)))
        self.parameters = tuple(found.text for found in self._tokens if found.kind == "parameter")
        for before, found, after in self._in_threes():
            self._require_allowed(before, found, after)
        for full in self.reads:
            if full.split(".")[0] not in READABLE:
                raise UsageError(f"{file}: reads {full}: marts read silver, gold and other marts, which are published")
        self.sql = self._renamed(sql)

    def _in_threes(self) -> Iterator[tuple[Token, Token, Token]]:
        """Each token between the one before and the one after it."""
        nothing = Token("mark", "", 0, 0)
        row = [nothing, *self._tokens, nothing]
        return zip(row, row[1:], row[2:], strict=False)

    def _table(self, found: Token) -> str | None:
        """The full name of the table that a token names; a column may be qualified by the table's name in SQL."""
        if found.kind != "name":
            return None
        plain = found.text.replace(".", "_")
        if "." in found.text and found.text.split(".")[0] in LAYERS and plain in self._known:
            return self._known[plain]
        return self._known.get(found.text.split(".")[0])

    def _renamed(self, sql: str) -> str:
        """The statement with gold_path_summary for gold.path_summary."""
        for found in reversed(self._tokens):
            plain = found.text.replace(".", "_")
            if found.kind == "name" and "." in found.text and self._known.get(plain) == found.text:
                sql = f"{sql[: found.start]}{plain}{sql[found.end :]}"
        return sql

    def _require_allowed(self, before: Token, found: Token, after: Token) -> None:
        is_call = after.text == "("
        if found.kind == "parameter" and found.text not in PARAMETERS:
            raise UsageError(f"{self._file}: :{found.text} is no parameter; a statement asks {_parameters()}")
        if found.kind == "place":
            raise UsageError(f"{self._file}: reads the place {found.text}: name a table, such as gold.path_summary")
        if found.kind != "name":
            return
        if found.text in BARE_CLOCKS or (is_call and found.text in CLOCKS):
            raise UsageError(f"{self._file}: {found.text} is another at each run; use :as_of, the run's last day")
        if is_call and found.text in (*CHANCE, *BEYOND):
            raise UsageError(f"{self._file}: {found.text}() does not follow from the tables alone: leave it out")
        is_source = before.text in ("from", "join")
        if is_source and not is_call and self._table(found) is None:
            self._require_known(found)

    def _require_known(self, found: Token) -> None:
        """UsageError for a name after FROM or JOIN that is in a layer and of no table; other unknown names are left to
        Spark, which knows what a statement's WITH defines."""
        full = found.text.replace("_", ".", 1) if "." not in found.text else found.text
        layer, _, name = full.partition(".")
        if layer in LAYERS and name and found.text not in self._defined:
            known = [one for one in self._known.values() if one.split(".")[0] in READABLE]
            raise UsageError(f"{self._file}: reads {full}, which is no table{did_you_mean(full, known)}")


def _parameters() -> str:
    return f"{', '.join(f':{name}' for name in PARAMETERS)} of the run"
