"""What contacting customers is expected to earn, and what the model behind it was worth in the past."""

from __future__ import annotations

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.words import Words
from published.retention_profit import (
    PastForecast,
    RetentionProfit,
    Threshold,
    read_past_forecasts,
    read_retention_profit,
)
from warehouse.tables.gold_retention_profit import AUDIENCES, BEST

EVERYBODY, HIGH_VALUE = AUDIENCES


def profit_panel(context: Context) -> Panel:
    """The expected profit by how many are contacted, of everybody and of high-value customers, with the best marked."""
    words, title = context.words, context.words("profit.title")
    found = read_retention_profit(context.published)
    if found is None:
        return Panel("profit", title, words("leaving.missing"))
    names = {EVERYBODY: words("profit.everybody"), HIGH_VALUE: words("profit.high_value")}
    points = [
        {
            "audience": str(names.get(each.audience, each.audience)),
            "contacts": each.contacts,
            "profit": each.profit,
            "lower": each.lower,
            "upper": each.upper,
            "is_best": each.threshold == BEST,
        }
        for each in found.thresholds
    ]
    chart = chart_of(
        "retention_profit",
        points,
        words,
        label=words("profit.label"),
        axis=words("profit.axis"),
        profit_axis=words("profit.profit_axis", currency=words.currency(found.currency)),
    )
    table = PageTable(
        caption=words("profit.caption", currency=words.currency(found.currency)),
        columns=(
            Column(words("profit.audience"), numeric=False),
            Column(words("profit.contacted"), numeric=False),
            Column(words("profit.contacts")),
            Column(words("profit.least_at_risk")),
            Column(words("profit.expected")),
            Column(words("profit.lower")),
            Column(words("profit.upper")),
            Column(words("profit.break_even"), hint=words("profit.break_even_hint")),
        ),
        rows=table_rows(
            [_row(each, found, names.get(each.audience, each.audience), words) for each in found.thresholds]
        ),
    )
    low, high = (formats.share(bound, 1) for bound in found.uplift[1:])
    note = words(
        "profit.note",
        uplift=formats.share(found.uplift[0], 1),
        low=low,
        high=high,
        cost=words.money(found.contact_cost, found.currency),
        leaving_days=str(found.leaving_days),
        horizon=str(found.horizon_days),
        level=formats.share(found.level),
    )
    return Panel("profit", title, _sentence(found, words), chart, table, folded=True, note=note)


def past_panel(context: Context) -> Panel:
    """How well the model ranked who bought again above others, on days of the past whose outcome is known."""
    words, title = context.words, context.words("past.title")
    found = read_past_forecasts(context.published)
    if not found:
        return Panel("past", title, words("past.missing"))
    table = PageTable(
        caption=words("past.caption"),
        columns=(
            Column(words("past.cutoff"), numeric=False),
            Column(words("past.until"), numeric=False),
            Column(words("past.customers")),
            Column(words("past.auc"), hint=words("past.auc_hint")),
            Column(words("past.recency_auc")),
            Column(words("past.brier"), hint=words("past.brier_hint")),
            Column(words("past.base_brier")),
            Column(words("past.reliability"), hint=words("past.reliability_hint")),
        ),
        rows=table_rows([_past_row(each) for each in found]),
    )
    return Panel("past", title, _past_sentence(found, words), table=table, note=words("past.note"))


def _row(each: Threshold, found: RetentionProfit, audience: str, words: Words) -> list[str]:
    currency = found.currency
    threshold = words("profit.best") if each.threshold == BEST else each.threshold
    return [
        Figure(audience, each.audience),
        Figure(threshold, each.threshold),
        formats.count(each.contacts),
        *(formats.amount(value, currency) for value in (each.least_at_risk, each.profit, each.lower, each.upper)),
        formats.share(each.break_even_uplift, 1),
    ]


def _sentence(found: RetentionProfit, words: Words) -> str:
    best = found.best(EVERYBODY)
    if best is None or not best.contacts:
        return words("profit.nobody")
    sentence = words("profit.sentence", **_of(best, found, words))
    valuable = found.best(HIGH_VALUE)
    if valuable is None or not valuable.contacts:
        return sentence
    return sentence + words("profit.valuable", **_of(valuable, found, words))


def _of(best: Threshold, found: RetentionProfit, words: Words) -> dict[str, str]:
    return {
        "customers": words.counted("customer", best.contacts),
        "profit": words.money(best.profit, found.currency),
        "low": words.money(best.lower, found.currency),
        "high": words.money(best.upper, found.currency),
        "break_even": formats.share(best.break_even_uplift, 1),
    }


def _past_row(each: PastForecast) -> list[str]:
    return [
        Figure(each.cutoff.isoformat(), each.cutoff),
        Figure(each.until.isoformat(), each.until),
        formats.count(each.customers),
        formats.share(each.auc, 1),
        formats.share(each.recency_auc, 1),
        formats.count(each.brier, 3),
        formats.count(each.base_brier, 3),
        formats.share(each.reliability_error, 1),
    ]


def _past_sentence(found: tuple[PastForecast, ...], words: Words) -> str:
    newest = found[0]
    return words(
        "past.sentence",
        until=words.day(newest.until),
        cutoff=words.day(newest.cutoff),
        auc=formats.share(newest.auc),
        recency=formats.share(newest.recency_auc),
        brier=formats.count(newest.brier, 3),
        base=formats.count(newest.base_brier, 3),
    )
