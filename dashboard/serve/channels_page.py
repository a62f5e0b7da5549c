"""The page of channels: what each cost and brought by every metric, its campaigns, and its days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from markupsafe import Markup

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, linked, table_rows
from dashboard.performance_panels import comparison_panel, roas_panel
from dashboard.retargeting_panel import retargeting_panel
from dashboard.serve.context import Context
from dashboard.serve.metric_cells import metric_column, metric_row
from dashboard.serve.page import Page, Part, of
from dashboard.serve.short import short
from dashboard.time_panels import roas_over_time_panel
from dashboard.unmatched_panel import unmatched_panel
from published.delta_files import Row
from published.metric_figures import currency_of, performance_where, read_metrics
from published.metrics import metric
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

OF_CHANNELS = (
    "spend",
    "credited_conversions",
    "credited_value",
    "roas",
    "cpa",
    "new_customers",
    "new_customer_cpa",
    "platform_conversions",
    "platform_roas",
)
MOST_CAMPAIGNS = 50


def channels_panel(context: Context) -> Panel:
    """Every channel under the first model of the view; platforms' own claims stand beside and are never added."""
    words = context.words
    title = words("channel_table.title")
    if not context.published.has(GOLD_CHANNEL_PERFORMANCE):
        return Panel("channels", title, words("roas.missing"))
    rows = _rows(context, by=["channel"])
    if not rows:
        return Panel("channels", title, words("channel_table.nothing"))
    return Panel(
        "channels",
        title,
        words("channel_table.sentence", model=_model(context)),
        table=_table(
            context,
            rows,
            Column(words("channel_table.channel"), numeric=False),
            [linked(row["channel"], context.address("/channels", channel=row["channel"])) for row in rows],
            words("channel_table.caption", model=_model(context)),
        ),
        note=words("channel_table.note", number=str(context.shop.knobs.smallest_count)),
    )


def campaigns_panel(context: Context) -> Panel | None:
    """The campaigns with most spend, then credit, of the chosen channel or of all; None without performance."""
    words = context.words
    if not context.published.has(GOLD_CHANNEL_PERFORMANCE):
        return None
    rows = _rows(context, by=["channel", "source", "medium", "campaign"])
    if not rows:
        return None
    shown = sorted(
        rows,
        key=lambda row: (
            -row["spend"],
            -row["credited_value"],
            *(row[name] for name in ("channel", "source", "medium", "campaign")),
        ),
    )[:MOST_CAMPAIGNS]
    names = [
        linked(
            Figure(short(row["campaign"]), row["campaign"]),
            context.address("/channels", channel=row["channel"], campaign=row["campaign"]),
        )
        for row in shown
    ]
    table = _table(
        context,
        shown,
        Column(words("campaigns.campaign"), numeric=False),
        names,
        words("campaigns.caption", shown=formats.count(len(shown)), all=formats.count(len(rows))),
        more=tuple(
            Column(label, numeric=False)
            for label in (words("campaigns.channel"), words("campaigns.source"), words("campaigns.medium"))
        ),
        more_cells=[
            tuple(Figure(short(row[name]), row[name]) for name in ("channel", "source", "medium")) for row in shown
        ],
        foot=len(shown) == len(rows),
    )
    sentence = words("campaigns.sentence", channel=context.asked.channel or words("page.all_channels"))
    return Panel("campaigns", words("campaigns.title"), sentence, table=table)


def days_panel(context: Context) -> Panel | None:
    """The days of the chosen channel and campaign; those whose credit still comes in are marked. None without any."""
    words = context.words
    if not context.published.has(GOLD_CHANNEL_PERFORMANCE):
        return None
    rows = _rows(context, by=["date"])
    if not rows:
        return None
    maturing = context.published.as_of - timedelta(days=context.shop.lookback_days)
    by_touch = context.figures.view.date_basis == "touch"

    def name(day: date) -> Figure:
        unripe = by_touch and day > maturing
        return Figure(f"{day.isoformat()}{' …' if unripe else ''}", day)

    table = _table(
        context,
        rows[::-1],
        Column(words("days.day"), numeric=False),
        [name(row["date"]) for row in rows[::-1]],
        words("days.caption", channel=_chosen(context)),
    )
    note = words("days.maturing", days=str(context.shop.lookback_days)) if by_touch else ""
    return Panel("days", words("days.title"), words("days.sentence", channel=_chosen(context)), table=table, note=note)


def _rows(context: Context, *, by: Sequence[str]) -> list[Row]:
    where = performance_where(context.published, context.figures.view)
    rows = read_metrics(context.published, OF_CHANNELS, by=by, where=where)
    if by != ["channel"]:
        return rows
    return sorted(rows, key=lambda row: (-row["spend"], -row["credited_value"], row["channel"]))


def _table(
    context: Context,
    rows: Sequence[Row],
    first: Column,
    names: Sequence[str | Markup],
    caption: str,
    *,
    more: tuple[Column, ...] = (),
    more_cells: Sequence[tuple[str, ...]] = (),
    foot: bool = True,
) -> PageTable:
    wanted = {name: metric(name) for name in OF_CHANNELS}
    currency, words = currency_of(context.published), context.words
    smallest = context.shop.knobs.smallest_count
    others = more_cells or [()] * len(rows)
    cells = [
        (name, *other, *metric_row(wanted, row, currency, words, smallest=smallest))
        for name, other, row in zip(names, others, rows, strict=True)
    ]
    total = _rows(context, by=[])[0]
    return PageTable(
        caption=caption,
        columns=(first, *more, *(metric_column(each, words) for each in wanted.values())),
        rows=table_rows(cells),
        foot=(words("page.all"), *("" for _ in more), *metric_row(wanted, total, currency, words, smallest=smallest))
        if foot
        else (),
    )


def _chosen(context: Context) -> str:
    asked = context.asked
    return " · ".join(short(name) for name in (asked.channel, asked.campaign) if name) or context.words(
        "page.all_channels"
    )


def _model(context: Context) -> str:
    return context.words.model(context.choices.models_of(context.figures.view)[0])


PAGE = Page(
    "channels",
    (
        Part("channels", "channel_table.title", channels_panel),
        Part("roas", "roas.title", of(roas_panel)),
        Part("models", "models_compared.title", of(comparison_panel)),
        Part("roas-over-time", "roas_over_time.title", of(roas_over_time_panel)),
        Part("campaigns", "campaigns.title", campaigns_panel),
        Part("days", "days.title", days_panel),
        Part("retargeting", "retargeting.title", of(retargeting_panel)),
        Part("unmatched", "unmatched.title", of(unmatched_panel)),
    ),
)
