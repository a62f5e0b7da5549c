"""The page of channels: what each cost and brought by every metric, its campaigns, and its days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from markupsafe import Markup

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, linked, table_rows
from dashboard.performance_panels import comparison_panel, roas_panel
from dashboard.retargeting_panel import retargeting_panel
from dashboard.serve.context import Context
from dashboard.serve.filters import undivided
from dashboard.serve.metric_cells import metric_column, metric_row, with_chance
from dashboard.serve.page import Page, Part, of
from dashboard.serve.short import short
from dashboard.time_panels import roas_over_time_panel
from dashboard.unmatched_panel import unmatched_panel
from published.delta_files import Row
from published.metric_figures import currency_of, read_performance_metrics
from published.metrics import metric
from published.performance import ratio
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE

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
        note=words("channel_table.note", number=str(context.shop.knobs.smallest_count)) + _undivided(context),
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


def purchases_panel(context: Context) -> Panel | None:
    """Net value of first and of later purchases by channel; None without credits or for types that are no purchase."""
    words, published, view = context.words, context.published, context.figures.view
    if not published.has(GOLD_CHANNEL_PERFORMANCE, GOLD_ATTRIBUTION_CREDITS):
        return None
    wanted = ["spend", "credited_conversions", "credited_value", "roas"]
    first, later = (
        {
            row["channel"]: row
            for row in read_performance_metrics(published, replace(view, customers=who), wanted, by=["channel"])
        }
        for who in ("new", "returning")
    )
    if not any(row["credited_conversions"] for row in first.values()):
        return None
    currency, smallest = currency_of(published), context.shop.knobs.smallest_count
    rows = [
        (
            linked(channel, context.address("/channels", channel=channel)),
            formats.amount(new["credited_value"], currency),
            formats.amount(old["credited_value"], currency),
            formats.share(ratio(new["credited_value"], new["credited_value"] + old["credited_value"]), 1),
            formats.amount(new["spend"], currency),
            with_chance(metric("roas"), new, currency, words, smallest=smallest),
        )
        for channel, new in sorted(first.items(), key=lambda each: (-each[1]["credited_value"], each[0]))
        for old in (later[channel],)
    ]
    table = PageTable(
        caption=words("purchases.caption", model=_model(context), currency=words.currency(currency)),
        columns=(
            Column(words("purchases.channel"), numeric=False),
            Column(words("purchases.first")),
            Column(words("purchases.later")),
            Column(words("purchases.share")),
            Column(words("purchases.spend")),
            Column(words("purchases.first_roas"), hint=words("purchases.first_roas_hint")),
        ),
        rows=table_rows(rows),
    )
    total, of_first = (
        sum(row["credited_value"] for found in both for row in found.values()) for both in ((first, later), (first,))
    )
    sentence = words(
        "purchases.sentence", part=formats.share(ratio(of_first, total)), money=words.money(of_first, currency)
    )
    return Panel("purchases", words("purchases.title"), sentence, table=table, note=words("filters.not_divided"))


def _rows(context: Context, *, by: Sequence[str]) -> list[Row]:
    rows = read_performance_metrics(context.published, context.figures.view, OF_CHANNELS, by=by)
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
        (
            name,
            *other,
            *metric_row(wanted, row, currency, words, smallest=smallest, address=_audit_of(context, row)),
        )
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


def _audit_of(context: Context, row: Row) -> Callable[[str], str]:
    """Where the number of a metric in a row is followed to its conversions."""
    day = {"first": row["date"], "last": row["date"]} if "date" in row else {}
    named = {name: row[name] for name in ("channel", "campaign") if name in row}
    return lambda metric_name: context.address(f"/audit/{metric_name}", **named, **day)


def _chosen(context: Context) -> str:
    asked = context.asked
    return " · ".join(short(name) for name in (asked.channel, asked.campaign) if name) or context.words(
        "page.all_channels"
    )


def _undivided(context: Context) -> str:
    return f" {found}" if (found := undivided(context)) else ""


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
        Part("purchases", "purchases.title", purchases_panel),
        Part("retargeting", "retargeting.title", of(retargeting_panel)),
        Part("unmatched", "unmatched.title", of(unmatched_panel)),
    ),
)
