"""Who was here lately and is likely not to come back, from all that customers do: ranked, with three reasons each."""

from __future__ import annotations

import math

from markupsafe import Markup

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.alive_panels import segment_name
from dashboard.serve.context import Context
from dashboard.serve.persons import login_of, person_columns, wants_file
from dashboard.words import Words
from published.churn import LATELY_DAYS, LikelyLeaver, LikelyLeavers, Reason, read_likely_leavers
from warehouse.tables.gold_churn import REASONS
from warehouse.tables.gold_person_features import FEATURES

MOST_ROWS, MOST_IN_FILE = 25, 50_000
UNITS = {column.name: column.unit for column in FEATURES}


def behaviour_panel(context: Context) -> Panel | None:
    """The list; none where churn from behaviour is not published."""
    words = context.words
    is_file = wants_file(context)
    found = read_likely_leavers(context.published, most=MOST_IN_FILE if is_file else MOST_ROWS)
    if found is None:
        return None
    table = PageTable(
        caption=words("behaviour.caption", days=formats.count(LATELY_DAYS)),
        columns=(
            Column(words("behaviour.rank"), numeric=False),
            *person_columns(context),
            Column(words("behaviour.probability"), hint=words("behaviour.probability_hint")),
            Column(words("behaviour.since")),
            Column(words("behaviour.segment"), numeric=False, hint=words("behaviour.segment_hint")),
            *_reason_columns(words, is_file=is_file),
        ),
        rows=table_rows(
            [_row(rank, each, context, is_file=is_file) for rank, each in enumerate(found.listed, start=1)]
        ),
    )
    served = "behaviour.recency" if found.served == "recency" else "behaviour.behaviour"
    notes = [words(served), words("behaviour.note", model=found.model_version)]
    if not context.sees_persons:
        notes.append(words("persons.hidden"))
    return Panel("behaviour", words("behaviour.title"), _sentence(found, words), table=table, note=" ".join(notes))


def _reason_columns(words: Words, *, is_file: bool) -> list[Column]:
    """Features; in a file each with what it is of the customer and its weight."""
    reasons = (words("behaviour.reason_1"), words("behaviour.reason_2"), words("behaviour.reason_3"))
    values = (words("behaviour.value_1"), words("behaviour.value_2"), words("behaviour.value_3"))
    weights = (words("behaviour.contribution_1"), words("behaviour.contribution_2"), words("behaviour.contribution_3"))
    return [
        column
        for reason, value, weight in zip(reasons, values, weights, strict=True)
        for column in (Column(reason, numeric=False), *([Column(value), Column(weight)] if is_file else []))
    ]


def _row(rank: int, each: LikelyLeaver, context: Context, *, is_file: bool) -> list[str | Markup]:
    words = context.words
    cells: list[str | Markup] = [
        Figure(formats.count(rank), rank),
        *([login_of(each.person_id, words)] if context.sees_persons else []),
        formats.share(each.probability),
        Figure(f"{each.days_since_active:.1f}", each.days_since_active),
        segment_name(each.segment, words),
    ]
    for place in range(REASONS):
        reason = each.reasons[place] if place < len(each.reasons) else None
        cells.append(_reason(reason, words) if reason else Figure(formats.MISSING, None))
        if is_file:
            cells.append(formats.figure(reason.value if reason else None))
            cells.append(Figure(f"{reason.contribution:+.2f}", reason.contribution) if reason else Figure("", None))
    return cells


def _reason(reason: Reason, words: Words) -> str:
    """The feature's name (as in the table where a locale has none), what it is of the customer, and whether it makes
    leaving likelier or less so."""
    name = words.texts.get(f"features.{reason.feature}", reason.feature)
    way = "behaviour.for_leaving" if reason.contribution > 0 else "behaviour.for_staying"
    return Figure(words(way, feature=name, value=_value(reason)), reason.feature)


def _value(reason: Reason) -> str:
    unit = UNITS.get(reason.feature, "")
    if reason.value is None:
        return formats.MISSING
    if unit in ("share", "probability"):
        return formats.share(reason.value)
    if unit == "log ratio":
        return f"×{formats.multiple(math.exp(reason.value))}"
    if unit in ("days", "ratio"):
        return formats.multiple(reason.value)
    return formats.count(reason.value)


def _sentence(found: LikelyLeavers, words: Words) -> str:
    return words(
        "behaviour.sentence",
        customers=words.counted("customer", found.customers),
        days=formats.count(LATELY_DAYS),
        expected=formats.count(round(found.expected)),
        horizon=words(f"behaviour.horizons.{found.horizon}"),
        usual=formats.share(found.base_rate),
    )
