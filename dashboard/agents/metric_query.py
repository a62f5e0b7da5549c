"""The query of metrics: what they are grouped and filtered by, so that nothing counts twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from dashboard.agents.conditions import MOST_NAMED, conditions
from published.choices import Choices, read_choices
from published.metric_figures import metrics_sql
from published.metrics import Metric, metric
from published.publication import Published, alias
from published.view import DateBasis, View
from warehouse.contracts import Table
from warehouse.errors import InputError, UsageError, unknown_name
from warehouse.messages import printable

LOOKED_AT = 1_000  # values among which a near one is looked for


@dataclass(frozen=True)
class MetricQuery:
    """A query of metrics over one table: `filters` are the values that columns were given, by the caller or as the
    default. `first_day` and `last_day` are both inclusive, None where the table has no days."""

    metrics: tuple[Metric, ...]
    by: tuple[str, ...]
    filters: Mapping[str, str]
    first_day: date | None
    last_day: date | None
    where: str

    @property
    def table(self) -> Table:
        """The table that it reads."""
        return self.metrics[0].contract

    def sql(self, more: Sequence[str] = (), largest_first: str | None = None) -> str:
        """The query, with `more` metrics of the same table; sorted by `by`, or by a metric, the largest first."""
        names = dict.fromkeys([*(each.name for each in self.metrics), *more])
        sql = metrics_sql(tuple(names), by=self.by, where=self.where)
        if largest_first is None:
            return sql
        return f"select * from ({sql}) order by {', '.join([f'{largest_first} desc nulls last', *self.by])}"


def metric_query(
    published: Published,
    names: Sequence[str],
    *,
    by: Sequence[str],
    only: Mapping[str, str],
    first_day: date | None = None,
    last_day: date | None = None,
) -> MetricQuery:
    """The query of the metrics `names` by the columns `by`, of rows with the values `only`.

    Columns that a metric fixes have one value: the first model, the main conversion type, the basis conversion, the
    newest as_of, where nothing else is asked for. UsageError, with the way out, for a column that a metric may not be
    grouped or filtered by, a fixed column without a value, a value that no row has, days where there are none, and
    amounts in several currencies. InputError where the table is not published.
    """
    wanted = tuple(metric(name) for name in dict.fromkeys(names))
    if not wanted:
        raise UsageError("no metric is named; list_metrics lists them")
    metrics_sql([each.name for each in wanted], by=by)  # refuses metrics of several tables, and columns of no grain
    table = wanted[0].contract
    published.open(table)
    types = {column.name: column.type for column in table.columns}
    for each in wanted:
        conditions(only, {column: types[column] for column in each.grain}, each.name)
    fixed = dict.fromkeys(column for each in wanted for column in each.fixed)
    missing = [column for column in fixed if column not in by and column not in only]
    filters = {**only, **{column: _default(published, wanted[0], column, only) for column in missing}}
    for column, value in only.items():
        require_value(published, table, column, value)
    days = _days(published, wanted, by, first_day, last_day)
    where = " and ".join([*conditions(filters, types, wanted[0].name), *days])
    query = MetricQuery(
        wanted,
        tuple(dict.fromkeys(by)),
        filters,
        first_day,
        min(filter(None, (last_day, published.as_of))) if days else None,
        where,
    )
    _require_one_currency(published, query)
    return query


def choices_of(published: Published, basis: str | None = None) -> Choices:
    """The models and types that there are; UsageError for an unknown basis."""
    named: Any = basis or "conversion"
    given: DateBasis = named
    return read_choices(published, View(date_basis=given))


def _default(published: Published, wanted: Metric, column: str, only: Mapping[str, str]) -> str:
    """The one value that a fixed column has where the caller names none."""
    table = wanted.contract
    if column == "date_basis":
        return "conversion"
    if column in ("model", "conversion_type"):
        choices = choices_of(published, only.get("date_basis"))
        found = choices.main_type if column == "conversion_type" else next(iter(choices.models), None)
        if found is not None:
            return found
    if column == "as_of":
        (row,) = published.rows(
            f"select max(as_of) as as_of from {alias(table)} where as_of <= date '{published.as_of}'", table
        )
        if row["as_of"] is not None:
            return str(row["as_of"])
    values = _values(published, table, column)
    if not values:
        raise InputError(f"{wanted.name}: {table.full_name} has no row in run {published.run_id}")
    raise UsageError(
        f"{wanted.name} would count twice over several values of {column}: group by {column}, or name one in `only`: "
        f"{', '.join(values[:MOST_NAMED])}"
    )


def _days(
    published: Published, wanted: Sequence[Metric], by: Sequence[str], first_day: date | None, last_day: date | None
) -> list[str]:
    """The days as conditions. UsageError where a metric has none and some are asked for."""
    without = next((each for each in wanted if "date" not in each.grain), None)
    if without is not None:
        if first_day or last_day:
            raise UsageError(f"{without.name} has no days to filter by: leave first_day and last_day out")
        return []
    if first_day and last_day and first_day > last_day:
        raise UsageError(f"the first day, {first_day}, is later than the last, {last_day}")
    last = min(filter(None, (last_day, published.as_of)))
    return [*([f"date >= date '{first_day}'"] if first_day else []), f"date <= date '{last}'"]


def require_value(published: Published, table: Table, column: str, value: str) -> None:
    """UsageError, with the nearest value, where no row of the table has the value in the column."""
    types = {one.name: one.type for one in table.columns}
    (condition,) = conditions({column: value}, types, table.full_name)
    if published.rows(f"select 1 as found from {alias(table)} where {condition} limit 1", table):
        return
    values = _values(published, table, column)
    near = get_close_matches(value.lower(), [one.lower() for one in values], n=1)
    if len(values) <= MOST_NAMED or not near:
        known = values[:MOST_NAMED]
        raise UsageError(unknown_name(f"value of {column}", value, known) if known else f"no row has a {column}")
    nearest = next(one for one in values if one.lower() == near[0])
    raise UsageError(f"no value of {column} is {value[:100]!r}; did you mean {nearest!r}?")


def _values(published: Published, table: Table, column: str) -> list[str]:
    rows = published.rows(
        f'select distinct cast("{column}" as varchar) as value from {alias(table)} '
        f'where "{column}" is not null order by value limit {LOOKED_AT}',
        table,
    )
    return [printable(row["value"])[:100] for row in rows]


def _require_one_currency(published: Published, query: MetricQuery) -> None:
    """Amounts of several currencies are never added up."""
    of_money = next((each for each in query.metrics if "currency" in each.grain), None)
    if of_money is None or "currency" in query.by or "currency" in query.filters:
        return
    where = " and ".join(f"({one})" for one in (of_money.where, query.where) if one) or "true"
    rows = published.rows(
        f"select distinct currency from {alias(query.table)} where {where} order by currency limit 3", query.table
    )
    if len(rows) > 1:
        found = " and ".join(str(row["currency"]) for row in rows)
        raise UsageError(f"{of_money.name} would add {found}: group by currency, or name one in `only`")
