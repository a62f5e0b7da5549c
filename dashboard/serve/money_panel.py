"""The panel about money: what became of every amount between its landed file and gold."""

from __future__ import annotations

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.words import Words
from published.metric_figures import currency_of
from published.money import Landed, Outcome, Reported, read_landed_money, read_outcomes, read_reported


def money_panel(context: Context) -> Panel:
    """Three accounts: of the files, of what counts, and of what gold has; each amount in its own currency."""
    words, title = context.words, context.words("money.title")
    landed, outcomes = read_landed_money(context.published), read_outcomes(context.published)
    reported = read_reported(context.published)
    if not (landed or outcomes):
        return Panel("money", title, words("money.missing"))
    wrong = sum(not one.adds_up for one in landed) + sum(not one.adds_up for one in reported)
    sentence = words(
        "money.wrong" if wrong else "money.adds_up",
        wrong=formats.count(wrong),
        accounts=formats.count(len(landed) + len(reported)),
    )
    tables = [
        *([_reported(reported, currency_of(context.published), words)] if reported else []),
        *([_landed(landed, words)] if landed else []),
        *([_outcomes(outcomes, words)] if outcomes else []),
    ]
    return Panel("money", title, sentence, table=tables[0], more=tuple(tables[1:]), note=words("money.note"))


def _reported(reported: tuple[Reported, ...], currency: str, words: Words) -> PageTable:
    names = {"purchases": words("money.purchases"), "spend": words("money.spend")}
    return PageTable(
        caption=words("money.reported_caption", currency=words.currency(currency)),
        columns=(
            Column(words("money.what"), numeric=False),
            Column(words("money.silver")),
            Column(words("money.not_credited"), hint=words("money.not_credited_hint")),
            Column(words("money.credited")),
            Column(words("money.gold")),
            Column(words("money.adds_up_heading"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    Figure(names[one.what], one.what),
                    formats.amount(one.silver, currency),
                    formats.amount(one.silver - one.credited, currency),
                    formats.amount(one.credited, currency),
                    formats.amount(one.gold, currency),
                    _yes_or_no(one.adds_up, words),
                )
                for one in reported
            ]
        ),
    )


def _landed(landed: tuple[Landed, ...], words: Words) -> PageTable:
    kinds = {
        "order": words("money.order"),
        "purchase": words("money.purchase_event"),
        "refund": words("money.refund_event"),
        "spend": words("money.spend_row"),
    }
    return PageTable(
        caption=words("money.landed_caption"),
        columns=(
            Column(words("money.kind"), numeric=False),
            Column(words("money.currency"), numeric=False),
            Column(words("money.rows")),
            Column(words("money.read")),
            Column(words("money.known")),
            Column(words("money.refused")),
            Column(words("money.replaced")),
            Column(words("money.stored")),
            Column(words("money.adds_up_heading"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    Figure(kinds.get(one.kind, one.kind), one.kind),
                    one.currency or words("money.no_currency"),
                    formats.count(one.rows),
                    *(
                        formats.amount(value, one.currency)
                        for value in (one.read, one.known, one.refused, one.replaced, one.stored)
                    ),
                    _yes_or_no(one.adds_up, words),
                )
                for one in landed
            ]
        ),
    )


def _outcomes(outcomes: tuple[Outcome, ...], words: Words) -> PageTable:
    inputs = {
        "orders": words("money.order"),
        "purchase_events": words("money.purchase_event"),
        "refund_events": words("money.refund_event"),
        "ad_spend": words("money.spend_row"),
        "exchange_rates": words("money.rate"),
    }
    names = {
        "counted": words("money.counted"),
        "replaced": words("money.replaced_by_newer"),
        "same_again": words("money.same_again"),
        "in_feed": words("money.in_feed"),
        "cancelled": words("money.cancelled"),
        "deleted": words("money.deleted"),
        "pending": words("money.pending"),
        "credited": words("money.taken_off"),
        "set_aside": words("money.set_aside"),
        "left_out": words("money.left_out"),
        "too_large": words("money.too_large"),
        "unsettled": words("money.unsettled"),
    }
    return PageTable(
        caption=words("money.outcomes_caption"),
        columns=(
            Column(words("money.kind"), numeric=False),
            Column(words("money.currency"), numeric=False),
            Column(words("money.outcome"), numeric=False),
            Column(words("money.reason"), numeric=False),
            Column(words("money.rows")),
            Column(words("money.amount")),
        ),
        rows=table_rows(
            [
                (
                    Figure(inputs.get(one.input, one.input), one.input),
                    one.currency,
                    Figure(names.get(one.outcome, one.outcome), one.outcome),
                    one.reason,
                    formats.count(one.rows),
                    formats.amount(one.amount, one.currency),
                )
                for one in outcomes
            ]
        ),
    )


def _yes_or_no(holds: bool, words: Words) -> str:
    return Figure(words("money.yes" if holds else "money.no"), str(holds).lower())
