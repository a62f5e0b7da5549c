"""Ready views: one SQL file for each question that people ask, over the published tables.

The files run as they are on DataFusion, DuckDB, Polars and Spark, and as the bodies of dbt models.
"""

from __future__ import annotations

from functools import cache
from importlib.resources.abc import Traversable
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from published.publication import alias
from views import VIEWS_ROOT
from warehouse.contracts import Table
from warehouse.errors import UsageError
from warehouse.languages import BothLanguages, Written
from warehouse.sql_text import split_head
from warehouse.tables import TABLES


class ReadyView(BaseModel):
    """One view: the questions that it answers (by number), what one row is, and its SQL.

    `key` are the columns that make a row unique. Amounts of spend are in one row alone, so that they may be summed over
    the rows. `waits_for` names what is not built yet: such a view has no SQL, otherwise it is ''.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Written
    questions: tuple[Annotated[int, Field(ge=1)], ...]
    question: BothLanguages
    sentence: BothLanguages
    grain: Written
    key: tuple[Written, ...] = ()
    tables: tuple[Written, ...] = ()
    example: str = ""
    waits_for: str = ""
    sql: str
    text: str

    @property
    def contracts(self) -> tuple[Table, ...]:
        """The tables that it reads."""
        return tuple(TABLES[name] for name in self.tables)

    @property
    def table_names(self) -> tuple[str, ...]:
        """Those tables as its SQL names them: gold_channel_performance."""
        return tuple(alias(table) for table in self.contracts)


@cache
def ready_views() -> dict[str, ReadyView]:
    """Every view by its name, in the order of the questions, then of names. UsageError for a file that does not fit."""
    files = [file for file in VIEWS_ROOT.iterdir() if file.name.endswith(".sql")]
    found = sorted(map(_view, files), key=lambda view: (view.questions, view.name))
    return {view.name: view for view in found}


def _view(file: Traversable) -> ReadyView:
    """The view of a file: its first comment is a YAML mapping, the rest its SQL."""
    text = file.read_text(encoding="utf-8").strip()
    head, sql = split_head(text)
    try:
        return ReadyView(name=file.name.removesuffix(".sql"), sql=sql, text=text, **yaml.safe_load(head))
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise UsageError(f"{file}: its head does not fit: {' '.join(str(error).split())}") from error
