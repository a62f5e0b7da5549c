"""Figures of metrics over published tables, in a view: each by its one definition."""

from __future__ import annotations

from collections.abc import Sequence

from published.choices import read_choices
from published.credited import Source, performance_source
from published.delta_files import Row
from published.metrics import metric
from published.performance import until_as_of
from published.publication import Published, alias, quoted
from published.view import View
from warehouse.errors import UsageError
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE


def read_metrics(
    published: Published,
    names: Sequence[str],
    *,
    by: Sequence[str] = (),
    where: str = "",
    source: Source | None = None,
) -> list[Row]:
    """The metrics `names`, all of one table: one row, or one per value of the columns `by`, sorted by them.

    `where` is an SQL condition over the table's columns; `source` stands in place of the table. UsageError when the
    metrics are of several tables or rows of them, or may not be grouped by a column of `by`.
    """
    sql = metrics_sql(names, by=by, where=where, source=source)
    return published.rows(sql, *(source.tables if source else (metric(names[0]).contract,)))


def metrics_sql(names: Sequence[str], *, by: Sequence[str] = (), where: str = "", source: Source | None = None) -> str:
    """The query of `read_metrics`; errors are the same."""
    wanted = [metric(name) for name in names]
    if len({(each.table, each.where) for each in wanted}) != 1:
        raise UsageError(f"{', '.join(names)} are not of one table and the same rows of it: read them apart")
    first = wanted[0]
    for each in wanted:
        each.sql(tuple(by))  # refuses a column that it may not be grouped by
    conditions = " and ".join(f"({condition})" for condition in (first.where, where) if condition)
    columns = ", ".join([*by, *(f"{each.formula} as {each.name}" for each in wanted)])
    grouped = f" group by {', '.join(by)} order by {', '.join(by)}" if by else ""
    rows = source.sql if source else alias(first.contract)
    return f"select {columns} from {rows} where {conditions or 'true'}{grouped}"


def performance_where(published: Published, view: View, model: str | None = None) -> str:
    """The rows of gold.channel_performance in the view under one model, by default the first: spend counts once."""
    choices = read_choices(published, view)
    chosen = model or next(iter(choices.models_of(view)), None)
    if chosen is None:
        raise UsageError("gold.channel_performance is empty: no conversion and no spend came yet")
    return " and ".join(
        [
            f"model = {quoted(chosen)}",
            f"conversion_type = {quoted(choices.type_of(view))}",
            f"date_basis = {quoted(view.date_basis)}",
            view.within,
            until_as_of(published),
        ]
    )


def read_performance_metrics(
    published: Published, view: View, names: Sequence[str], *, by: Sequence[str] = (), model: str | None = None
) -> list[Row]:
    """As `read_metrics`, of metrics over gold.channel_performance in a view."""
    where = performance_where(published, view, model)
    return read_metrics(published, names, by=by, where=where, source=performance_source(view))


def currency_of(published: Published) -> str:
    """The reporting currency of gold.channel_performance; empty when it has no row."""
    rows = published.rows("select max(currency) as currency from gold_channel_performance", GOLD_CHANNEL_PERFORMANCE)
    return str(rows[0]["currency"] or "")
