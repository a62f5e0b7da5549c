"""The page of data: whether the figures can be trusted, and what is missing in them."""

from __future__ import annotations

from dataclasses import replace

from dashboard import formats
from dashboard.ad_abuse_panel import ad_abuse_panel
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, linked, table_rows
from dashboard.robots_panel import robots_panel
from dashboard.run_panels import checks_panel, rows_panel
from dashboard.runbook import section_of, what_to_do
from dashboard.serve.context import Context
from dashboard.serve.freshness_panel import freshness_panel
from dashboard.serve.metric_cells import metric_label, metric_sentence
from dashboard.serve.money_panel import money_panel
from dashboard.serve.page import Page, Part, of
from dashboard.serve.unbroken import day_cell
from dashboard.source_findings_panel import source_findings_panel
from dashboard.tracking_losses_panel import tracking_losses_panel
from dashboard.unattributed_panel import unattributed_panel
from dashboard.unmatched_panel import unmatched_panel
from dashboard.words import Words
from published.gaps import read_gaps
from published.lineage import metrics_of
from published.metrics import metric
from published.run_facts import CheckFigures
from published.same_buyers import read_same_buyers
from warehouse.tables import ALL_TABLES


def data_checks_panel(context: Context) -> Panel:
    """Every check of the published versions, failures first; a failed one says what to do."""
    words = context.words
    panel = replace(checks_panel(context.figures, words), note=words("data_checks.note"))
    if panel.table is None:
        return panel
    rows = [
        (*row, _what_to_do(check, words))
        for row, check in zip(panel.table.rows, context.figures.facts.checks, strict=True)
    ]
    columns = (*panel.table.columns, Column(words("data_checks.what_to_do"), numeric=False))
    return replace(panel, table=replace(panel.table, columns=columns, rows=table_rows(rows)))


def _what_to_do(check: CheckFigures, words: Words) -> Figure:
    way_out = "" if check.passed else what_to_do(check.name, words) or words("data_checks.unknown")
    return Figure(way_out, section_of(check.name))


def gaps_panel(context: Context) -> Panel:
    """The shares of conversions that are unattributed and direct, by week, under the view's first model."""
    words, title = context.words, context.words("gaps.title")
    weeks = read_gaps(context.published, context.figures.view)
    if not any(week.conversions for week in weeks):
        return Panel("gaps", title, words("gaps.missing"))
    unattributed, direct = metric("unattributed_share"), metric("direct_share")
    chart = chart_of(
        "gaps",
        [
            {"day": week.monday.isoformat(), "share": share, "what": metric_label(each, words)}
            for week in weeks
            for each, share in ((unattributed, week.unattributed), (direct, week.direct))
            if share is not None
        ],
        words,
        label=words("gaps.label", weeks=str(len(weeks))),
        day_axis=words("gaps.day_axis"),
        axis=words("gaps.axis"),
    )
    last = weeks[-1]
    table = PageTable(
        caption=words("gaps.caption"),
        columns=(
            Column(words("gaps.week"), numeric=False),
            Column(words("gaps.days")),
            Column(words("gaps.conversions")),
            *(Column(metric_label(each, words), hint=metric_sentence(each, words)) for each in (unattributed, direct)),
        ),
        rows=table_rows(
            [
                (
                    day_cell(week.monday),
                    formats.count(week.days),
                    formats.count(week.conversions),
                    formats.share(week.unattributed, 1),
                    formats.share(week.direct, 1),
                )
                for week in reversed(weeks)
            ]
        ),
    )
    sentence = words(
        "gaps.sentence",
        day=words.day(last.monday),
        unattributed=formats.share(last.unattributed, 1),
        direct=formats.share(last.direct, 1),
    )
    return Panel("gaps", title, sentence, chart, table, note=words("gaps.note"))


def same_buyers_panel(context: Context) -> Panel | None:
    """How many orders carry another user in the event than in the feed, and what became of them."""
    words, found = context.words, read_same_buyers(context.published)
    if found is None:
        return None
    title = words("same_buyers.title")
    sentence = words("same_buyers.sentence", differ=formats.count(found.differ), all=formats.count(found.in_both))
    if not found.by_outcome:
        return Panel("same-buyers", title, sentence)
    names = {
        "alias": words("same_buyers.alias"),
        "buyer": words("same_buyers.buyer"),
        "several_buyers": words("same_buyers.several_buyers"),
        "shared": words("same_buyers.shared"),
    }
    table = PageTable(
        caption=words("same_buyers.caption"),
        columns=(
            Column(words("same_buyers.outcome"), numeric=False),
            Column(words("same_buyers.logins")),
            Column(words("same_buyers.orders")),
        ),
        rows=table_rows(
            [
                (Figure(names.get(outcome, outcome), outcome), formats.count(logins), formats.count(orders))
                for outcome, (logins, orders) in found.by_outcome.items()
            ]
        ),
    )
    return Panel("same-buyers", title, sentence, table=table, note=words("same_buyers.note"))


def dictionary_panel(context: Context) -> Panel:
    """Where to look up what a table or a metric means, and from what it is made."""
    words = context.words
    layers = ("bronze", "silver", "gold", "ops")
    meanings = {
        "bronze": words("dictionary.bronze"),
        "silver": words("dictionary.silver"),
        "gold": words("dictionary.gold"),
        "ops": words("dictionary.ops"),
    }
    tables = {layer: [table for table in ALL_TABLES if table.layer == layer] for layer in layers}
    table = PageTable(
        caption=words("dictionary.layers_caption"),
        columns=(
            Column(words("dictionary.layer"), numeric=False),
            Column(words("dictionary.holds"), numeric=False),
            Column(words("dictionary.tables")),
            Column(words("dictionary.metrics")),
        ),
        rows=table_rows(
            [
                (
                    linked(layer, context.address("/dictionary/tables")),
                    meanings[layer],
                    formats.count(len(tables[layer])),
                    formats.count(sum(len(metrics_of(each.full_name)) for each in tables[layer])),
                )
                for layer in layers
            ]
        ),
    )
    return Panel("dictionary", words("dictionary.title"), words("dictionary.where"), table=table)


PAGE = Page(
    "data",
    (
        Part("freshness", "freshness.title", freshness_panel),
        Part("checks", "checks.title", data_checks_panel),
        Part("money", "money.title", money_panel),
        Part("rows", "rows.title", of(rows_panel)),
        Part("gaps", "gaps.title", gaps_panel),
        Part("unattributed", "unattributed.title", of(unattributed_panel)),
        Part("tracking-losses", "tracking_losses.title", of(tracking_losses_panel)),
        Part("same-buyers", "same_buyers.title", same_buyers_panel),
        Part("source-findings", "source_findings.title", of(source_findings_panel)),
        Part("unmatched", "unmatched.title", of(unmatched_panel)),
        Part("robots", "robots.title", of(robots_panel)),
        Part("ad-abuse", "ad_abuse.title", of(ad_abuse_panel)),
        Part("dictionary", "dictionary.title", dictionary_panel),
    ),
    is_live=True,  # files land between publications
)
