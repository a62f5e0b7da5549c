"""The panel about campaigns whose spend and touches do not meet."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.words import Words
from published.figures import Figures
from published.unmatched import UnmatchedCampaign, UnmatchedSpend


def unmatched_panel(figures: Figures, words: Words) -> Panel | None:
    """Spend without touches beside paid touches without spend; None where all of it meets."""
    unmatched = figures.unmatched
    if unmatched is None:
        return None
    tables = [table for table in (_without_touches(unmatched, words), _without_spend(unmatched, words)) if table.rows]
    return Panel(
        "unmatched",
        words("unmatched.title"),
        _sentence(unmatched, words),
        table=tables[0],
        note=words("unmatched.note"),
        more=tuple(tables[1:]),
    )


def _sentence(unmatched: UnmatchedSpend, words: Words) -> str:
    if not unmatched.spend:
        return words("unmatched.all_met")
    return words(
        "unmatched.sentence",
        part=formats.share(unmatched.share),
        money=words.money(unmatched.spend, unmatched.currency),
    )


def _without_touches(unmatched: UnmatchedSpend, words: Words) -> PageTable:
    currency = unmatched.currency
    return PageTable(
        caption=words("unmatched.without_touches", currency=words.currency(currency)),
        columns=(*_names(words), Column(words("unmatched.spend"))),
        rows=table_rows([[*_named(one), formats.amount(one.spend, currency)] for one in unmatched.without_touches]),
    )


def _without_spend(unmatched: UnmatchedSpend, words: Words) -> PageTable:
    currency = unmatched.currency
    return PageTable(
        caption=words("unmatched.without_spend", model=words.model(unmatched.model), currency=words.currency(currency)),
        columns=(
            *_names(words),
            Column(words("unmatched.touches")),
            Column(words("unmatched.conversions")),
            Column(words("unmatched.value")),
        ),
        rows=table_rows(
            [
                [
                    *_named(one),
                    formats.count(one.touches),
                    formats.count(one.conversions, 1),
                    formats.amount(one.value, currency),
                ]
                for one in unmatched.without_spend
            ]
        ),
    )


def _names(words: Words) -> tuple[Column, ...]:
    labels = (
        words("unmatched.campaign"),
        words("unmatched.source"),
        words("unmatched.medium"),
        words("unmatched.channel"),
    )
    return tuple(Column(label, numeric=False) for label in labels)


def _named(one: UnmatchedCampaign) -> tuple[str, ...]:
    return (one.campaign, one.source, one.medium, one.channel)
