"""The first page: the numbers to steer by, beside their targets and the days before, and what moved them."""

from __future__ import annotations

from decimal import Decimal

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.moved import moved_sentence
from dashboard.panels import Column, PageTable, Panel, Tile, linked, table_rows
from dashboard.serve.context import Context
from dashboard.serve.filters import undivided
from dashboard.serve.metric_cells import metric_label, metric_sentence, metric_text
from dashboard.serve.page import Page, Part, of
from dashboard.time_panels import spend_and_value_panel
from dashboard.words import Words
from published.kpis import KPIS, ChannelMove, read_channel_moves, read_kpis, relative_change, together
from published.metric_figures import currency_of
from published.metrics import Metric, metric
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

MOVED_ROWS = 8


def kpi_panel(context: Context) -> Panel:
    """The numbers to steer by: now, in the days before, and their targets."""
    words, title = context.words, context.words("kpis.title")
    if not context.published.has(GOLD_CHANNEL_PERFORMANCE):
        return Panel("kpis", title, words("roas.missing"))
    now = read_kpis(context.published, context.figures.view)
    if not now["credited_conversions"] and not now["spend"]:
        return Panel("kpis", title, words("kpis.nothing"))
    before = read_kpis(context.published, context.before.view) if context.before and context.had(context.before) else {}
    currency, targets = currency_of(context.published), context.shop.targets
    tiles, rows = [], []
    for name in KPIS:
        kpi = metric(name)
        target = targets.get(name, kpi.target)
        value, earlier = now.get(name), before.get(name)
        text = metric_text(kpi, value, currency, words, unit=True)
        change = formats.change(relative_change(value, earlier))
        note = words("kpis.target", target=metric_text(kpi, target, currency, words, unit=True)) if target else ""
        tiles.append(
            Tile(
                metric_label(kpi, words),
                text,
                " · ".join(part for part in (note, _verdict(kpi, value, target, words)) if part),
                change=words("kpis.change", change=change) if earlier is not None and value is not None else "",
                hint=metric_sentence(kpi, words),
                address=context.address(f"/audit/{name}"),
            )
        )
        rows.append(
            (
                metric_label(kpi, words),
                text,
                metric_text(kpi, earlier, currency, words, unit=True),
                change,
                metric_text(kpi, target, currency, words, unit=True),
            )
        )
    table = PageTable(
        caption=words("kpis.caption", model=words.model(context.choices.models_of(context.figures.view)[0])),
        columns=(
            Column(words("kpis.metric"), numeric=False),
            Column(words("kpis.now")),
            Column(words("kpis.before")),
            Column(words("kpis.changed")),
            Column(words("kpis.aim")),
        ),
        rows=table_rows(rows),
    )
    note = undivided(context)
    return Panel("kpis", title, _days(context), table=table, folded=True, note=note, tiles=tuple(tiles))


def moved_panel(context: Context) -> Panel | None:
    """Which channels moved net revenue since the days before; None where nothing is compared."""
    words, before = context.words, context.before
    if before is None or not context.published.has(GOLD_CHANNEL_PERFORMANCE):
        return None
    title = words("moved.title")
    if not (context.had(context.figures) and context.had(before)):
        return Panel("moved", title, words("moved.no_days_before"))
    moves = read_channel_moves(context.published, context.figures.view, before.view)
    currency = currency_of(context.published)
    rows = [
        (linked(move.channel, context.address("/channels", channel=move.channel)), *_move_cells(move, currency))
        for move in moves
    ]
    table = PageTable(
        caption=words("moved.caption", currency=words.currency(currency)),
        columns=(
            Column(words("moved.channel"), numeric=False),
            Column(words("moved.now")),
            Column(words("moved.before")),
            Column(words("moved.moved")),
            Column(words("moved.changed")),
        ),
        rows=table_rows(rows),
        foot=(words("page.all_channels"), *_move_cells(together(moves), currency)),
    )
    bars = [
        {"channel": move.channel, "position": place, "moved": float(move.moved)}
        for place, move in enumerate(moves[:MOVED_ROWS])
    ]
    chart = chart_of("moved", bars, words, label=words("moved.label"), axis=words("moved.axis"))
    return Panel("moved", title, moved_sentence(moves, currency, words), chart, table, note=words("moved.note"))


def _move_cells(move: ChannelMove, currency: str) -> tuple[str, ...]:
    return (
        *(formats.amount(value, currency) for value in (move.now, move.before, move.moved)),
        formats.change(relative_change(move.now, move.before)),
    )


def _days(context: Context) -> str:
    words, view = context.words, context.figures.view
    days = words("kpis.days", first=words.day(view.first_day), last=words.day(view.last_day))
    if view.first_day is None:
        days = words("kpis.all_days", last=words.day(view.last_day))
    before = context.asked.view_before(context.published.as_of)
    if before is None:
        return days
    return days + words("kpis.compared", first=words.day(before.first_day), last=words.day(before.last_day))


def _verdict(kpi: Metric, value: Decimal | float | None, target: float | None, words: Words) -> str:
    if target is None or value is None or kpi.direction == "neutral":
        return ""
    reached = float(value) >= target if kpi.direction == "up" else float(value) <= target
    return words("kpis.reached" if reached else "kpis.missed")


PAGE = Page(
    "overview",
    (
        Part("kpis", "kpis.title", kpi_panel),
        Part("moved", "moved.title", moved_panel),
        Part("spend-and-value", "spend_and_value.title", of(spend_and_value_panel)),
    ),
)
