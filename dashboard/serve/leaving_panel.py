"""Whom to contact so that they stay: the retention list, best first, and as a file for the CRM."""

from __future__ import annotations

from markupsafe import Markup

from dashboard import formats
from dashboard.customer_panels import at_risk_panel
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.alive_panels import segment_name
from dashboard.serve.context import Context
from dashboard.serve.long_text import long_text
from dashboard.serve.persons import login_of, person_columns, wants_file
from dashboard.words import Words
from published.leaving import SILENT_CHANCE_DAYS, Leaver, Leavers, read_leavers
from warehouse.tables import GOLD_RETENTION_LIST

MOST_ROWS, MOST_IN_FILE = 25, 50_000
HIGH_VALUE = "high_value"  # what `open` names for the high-value customers alone


def leaving_panel(context: Context) -> Panel | None:
    """The customers whose contact is worth its cost, or why there is no list."""
    words, title = context.words, context.words("leaving.title")
    is_file = wants_file(context)
    valuable_only = context.asked.open == HIGH_VALUE
    most = MOST_IN_FILE if is_file else MOST_ROWS
    found = read_leavers(context.published, most=most, valuable_only=valuable_only)
    if found is None:
        missing = "leaving.nobody" if context.published.has(GOLD_RETENTION_LIST) else "leaving.missing"
        return Panel("leaving", title, words(missing))
    table = PageTable(
        caption=words("leaving.caption", currency=words.currency(found.currency)),
        columns=(
            Column(words("leaving.rank"), numeric=False),
            *person_columns(context),
            Column(words("leaving.value_at_risk"), hint=words("leaving.value_at_risk_hint")),
            Column(words("leaving.leaving"), hint=words("leaving.leaving_hint")),
            Column(words("leaving.last_purchase")),
            Column(words("leaving.expected_gain"), hint=words("leaving.expected_gain_hint")),
            *_file_columns(words, is_file=is_file),
            Column(words("leaving.segment"), numeric=False),
            Column(words("leaving.reason"), numeric=False),
        ),
        rows=table_rows([_row(each, found, context, is_file=is_file) for each in found.listed]),
    )
    notes = [words("leaving.note", rows=formats.count(MOST_IN_FILE)), words("leaving.behaviour")]
    if not context.sees_persons:
        notes.append(words("persons.hidden"))
    return Panel("leaving", title, _sentence(found, words), table=table, note=" ".join(notes))


def at_risk_without_campaign(context: Context) -> Panel | None:
    """Where no retention list is published, the customers with the most value at risk, without ids."""
    if read_leavers(context.published, most=1) is not None:
        return None
    return at_risk_panel(context.figures, context.words)


def _file_columns(words: Words, *, is_file: bool) -> tuple[Column, ...]:
    """What a CRM may want and a page has no room for."""
    if not is_file:
        return ()
    return (
        Column(words("leaving.expected_gain_lower")),
        Column(words("leaving.expected_gain_upper")),
        Column(words("leaving.is_high_value"), numeric=False),
        Column(words("leaving.acquisition_channel"), numeric=False),
    )


def _row(each: Leaver, found: Leavers, context: Context, *, is_file: bool) -> list[str | Markup]:
    words, currency = context.words, found.currency
    gain = words(
        "leaving.gain",
        figure=formats.amount(each.expected_gain, currency),
        low=formats.amount(each.expected_gain_lower, currency),
        high=formats.amount(each.expected_gain_upper, currency),
    )
    more = [
        formats.amount(each.expected_gain_lower, currency),
        formats.amount(each.expected_gain_upper, currency),
        words("leaving.yes") if each.is_valuable else words("leaving.no"),
        each.acquisition_channel,
    ]
    star = " ★" if each.is_valuable and not is_file else ""
    return [
        Figure(f"{each.rank:,}{star}", each.rank),
        *([login_of(each.person_id, words)] if context.sees_persons else []),
        formats.amount(each.value_at_risk, currency),
        formats.share(each.leaving),
        Figure(each.last_purchase_on.isoformat(), each.last_purchase_on),
        Figure(gain, each.expected_gain),
        *(more if is_file else []),
        segment_name(each.segment, words),
        _reason(each, words),
    ]


def _reason(each: Leaver, words: Words) -> str | Markup:
    """The reason that score wrote, which is English; in another language it is made from the same figures."""
    if each.reason is None or each.purchase_days is None or each.buys_again is None:
        return Figure(formats.MISSING, each.reason)
    if words.language == "en":
        return long_text(each.reason, each.reason)
    shown = words(
        "leaving.why",
        purchases=formats.count(each.purchase_days),
        silent=formats.count(each.silent_days),
        meaning=words.texts.get(f"segments.{each.segment}.meaning", formats.MISSING),
        chance=formats.share(each.buys_again),
        days=str(SILENT_CHANCE_DAYS),
    )
    return long_text(shown, each.reason)


def _sentence(found: Leavers, words: Words) -> str:
    return words(
        "leaving.sentence",
        customers=words.counted("customer", found.customers),
        money=words.money(found.value_at_risk, found.currency),
        gain=words.money(found.expected_gain, found.currency),
        valuable=formats.count(found.valuable),
        shown=formats.count(len(found.listed)),
    )
