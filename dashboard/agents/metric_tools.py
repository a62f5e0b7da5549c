"""Tools about metrics: which there are, and what they were."""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from dashboard.agents.answers import ROWS, AgentAnswer, Limit, RowsAnswer, RunId, cut_note, head, rows_within, text
from dashboard.agents.arguments import Basis, ConversionType, FirstDay, InLanguage, LastDay, Model, Only
from dashboard.agents.metric_query import MetricQuery, choices_of, metric_query
from dashboard.agents.shop import AgentShop
from dashboard.serve.metric_cells import RESTS_ON
from published.chance import ratio_bounds
from published.delta_files import Row as Figures
from published.metrics import Metric
from published.publication import Published
from warehouse.errors import UsageError, unknown_name
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

MOST_METRICS = 12
MOST_CHANNELS = 100

Names = Annotated[
    list[str],
    Field(
        min_length=1, max_length=MOST_METRICS, description='Names of list_metrics, all of one table: ["spend", "roas"].'
    ),
]
By = Annotated[
    list[str],
    Field(description='Columns to group by, of the grain of every metric, e.g. ["channel"] or ["date", "campaign"].'),
]
LargestFirst = Annotated[
    str | None, Field(description="One of the metrics: the rows with most of it come first. Default: sorted by `by`.")
]


class MetricFacts(BaseModel):
    """What one metric is."""

    name: str
    label: str
    sentence: str
    unit: Annotated[
        Literal["money", "ratio", "share", "count", "days"], Field(description="money is in currency, share is 0 to 1.")
    ]
    table: str
    formula: str
    grain: Annotated[list[str], Field(description="Columns that it may be grouped and filtered by.")]
    fixed: Annotated[
        list[str],
        Field(description="Columns that must have one value, or be grouped by: over several a sum counts twice."),
    ]
    kind: Annotated[Literal["kpi", "reference"], Field(description="kpi: to steer by; reference: to understand by.")]
    direction: Annotated[Literal["up", "down", "neutral"], Field(description="Which way is better.")]
    target: Annotated[str | None, Field(description="What the shop wants to reach.")]
    is_published: Annotated[bool, Field(description="Whether the publication has its table.")]


class MetricList(AgentAnswer):
    """Every metric, and what they can be looked at by."""

    metrics: list[MetricFacts]
    models: Annotated[list[str], Field(description="Attribution models with figures; the first is the default.")]
    conversion_types: Annotated[list[str], Field(description="Types of conversion; the one with most value first.")]
    channels: list[str]
    first_day: Annotated[str | None, Field(description="The first reporting day with figures of channels.")]


class MetricRows(RowsAnswer):
    """Metrics by the columns that were asked for."""

    units: Annotated[dict[str, str], Field(description="The unit of each metric.")]
    filters: Annotated[dict[str, str], Field(description="The value that each filtered column had, defaults included.")]
    sql: Annotated[str, Field(description="The query that gives these rows; query_sql runs it.")]


class MetricTools:
    """Tools about metrics of one shop."""

    def __init__(self, shop: AgentShop) -> None:
        """`shop` is whose figures they read."""
        self.shop = shop

    def list_metrics(self, language: InLanguage = "en", run_id: RunId = None) -> MetricList:
        """List every metric with its definition (label, sentence, unit, formula, table), the columns it may be grouped
        and filtered by (grain) and those that must have one value (fixed), and the models, conversion types and
        channels that there are. Call this first; then query_metric."""
        published = self.shop.published(run_id)
        choices = choices_of(published)
        found = self.shop.metrics.values()
        channels, first_day = _channels(published)
        return MetricList(
            **head(published, self.shop),
            metrics=[_facts(each, language, is_published=published.has(each.contract)) for each in found],
            models=[text(model) for model in choices.models],
            conversion_types=[text(each) for each in choices.conversion_types],
            channels=channels,
            first_day=first_day,
        )

    def query_metric(
        self,
        *,
        metrics: Names,
        by: By = [],  # noqa: B006 (it is shown as the default, and nobody writes to it)
        first_day: FirstDay = None,
        last_day: LastDay = None,
        model: Model = None,
        conversion_type: ConversionType = None,
        date_basis: Basis = None,
        only: Only = None,
        largest_first: LargestFirst = None,
        limit: Limit = ROWS,
        run_id: RunId = None,
    ) -> MetricRows:
        """Compute metrics by their one definition, in total or by columns (channel, campaign, date, segment, …),
        filtered by days, model, conversion type and any column of their grain. A grouping that would count an amount
        twice is refused with the way out. Ratios that stand on conversions come with a 95% interval (<name>_lower,
        <name>_upper). The answer names the publication, every filter and the SQL."""
        published = self.shop.published(run_id)
        named = {"model": model, "conversion_type": conversion_type, "date_basis": date_basis}
        query = metric_query(
            published,
            metrics,
            by=tuple(dict.fromkeys(by)),
            only={**(only or {}), **{column: value for column, value in named.items() if value is not None}},
            first_day=first_day,
            last_day=last_day,
        )
        names = [each.name for each in query.metrics]
        if largest_first is not None and largest_first not in names:
            raise UsageError(f"largest_first: {unknown_name('metric of this query', largest_first, names)}")
        rest_on = [RESTS_ON[name].conversions for name in names if name in RESTS_ON]
        sql = query.sql(rest_on, largest_first)
        figures = published.rows(f"{sql} limit {limit + 1}", query.table)
        wanted = [_with_chance(row, query) for row in figures]
        rows, is_cut = rows_within(wanted, limit)
        return MetricRows(
            **head(published, self.shop),
            notes=[*cut_note(rows, is_cut=is_cut), *self._few(query, figures[: len(rows)]), *_empty(query, rows)],
            columns=list(rows[0]) if rows else [*query.by, *names],
            rows=rows,
            is_cut=is_cut,
            units={each.name: each.unit for each in query.metrics},
            filters={**query.filters, **_days(query)},
            sql=sql,
        )

    def _few(self, query: MetricQuery, figures: list[Figures]) -> list[str]:
        """Which ratios stand on so few conversions that chance alone moves them."""
        smallest = self.shop.smallest_count
        counts = {each.name: RESTS_ON[each.name].conversions for each in query.metrics if each.name in RESTS_ON}
        few = {name: sum((row[count] or 0) < smallest for row in figures) for name, count in counts.items()}
        return [
            f"{name} of {number} of these {len(figures)} rows stands on fewer than {smallest} conversions: "
            "give its interval beside it"
            for name, number in few.items()
            if number
        ]


def _facts(metric: Metric, language: str, *, is_published: bool) -> MetricFacts:
    return MetricFacts(
        **{name: getattr(metric, name) for name in ("name", "unit", "table", "formula", "kind", "direction")},
        label=getattr(metric.label, language),
        sentence=getattr(metric.sentence, language) + (f" [{metric.where}]" if metric.where else ""),
        grain=list(metric.grain),
        fixed=list(metric.fixed),
        target=None if metric.target is None else text(metric.target),
        is_published=is_published,
    )


def _channels(published: Published) -> tuple[list[str], str | None]:
    """The channels by name, and the first day with figures."""
    if not published.has(GOLD_CHANNEL_PERFORMANCE):
        return [], None
    rows = published.rows(
        "select channel, min(date) as first_day from gold_channel_performance group by channel order by channel "
        f"limit {MOST_CHANNELS}",
        GOLD_CHANNEL_PERFORMANCE,
    )
    return [text(row["channel"]) for row in rows], min((row["first_day"].isoformat() for row in rows), default=None)


def _with_chance(row: Figures, query: MetricQuery) -> dict[str, Any]:
    """The row with the 95% interval after each ratio that stands on conversions; an end is null where there is none."""
    shown: dict[str, Any] = {column: row[column] for column in query.by}
    for each in query.metrics:
        shown[each.name] = row[each.name]
        if (rests_on := RESTS_ON.get(each.name)) is None:
            continue
        count = float(row[rests_on.conversions] or 0)
        value = row[each.name]
        bounds = None if value is None else ratio_bounds(float(value), count, counts_below=rests_on.is_below)
        shown[f"{each.name}_lower"] = bounds and bounds.lower
        shown[f"{each.name}_upper"] = bounds.upper if bounds and bounds.upper != inf else None
        shown[rests_on.conversions] = row[rests_on.conversions]
    return shown


def _days(query: MetricQuery) -> dict[str, str]:
    days = {"first_day": query.first_day, "last_day": query.last_day}
    return {name: day.isoformat() for name, day in days.items() if day is not None}


def _empty(query: MetricQuery, rows: list[Any]) -> list[str]:
    if rows and (query.by or any(row[each.name] is not None for row in rows for each in query.metrics)):
        return []
    return ["no row of the table has these days and filters"]
