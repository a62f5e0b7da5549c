"""The panel that says why conversions are unattributed."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import PageTable, Panel, columns, table_rows
from dashboard.words import Words, capital
from published.figures import Figures
from published.performance import ratio
from published.unattributed import Unattributed


def unattributed_panel(figures: Figures, words: Words) -> Panel | None:
    """Unattributed conversions by cause; None where all are attributed."""
    unattributed = figures.unattributed
    if unattributed is None:
        return None
    currency, kind = unattributed.currency, unattributed.conversion_type
    rows = [
        [
            capital(words.cause(cause.cause)),
            formats.count(cause.conversions),
            formats.share(ratio(cause.conversions, unattributed.conversions), 1),
            formats.amount(cause.value, currency),
        ]
        for cause in unattributed.causes
    ]
    all_of_them = (formats.count(unattributed.conversions), formats.share(1.0, 1))
    table = PageTable(
        caption=capital(
            words("unattributed.caption", conversions=words.conversions(kind), currency=words.currency(currency))
        ),
        columns=columns(
            words("unattributed.cause"),
            words("unattributed.conversions"),
            words("unattributed.share"),
            words("unattributed.value"),
        ),
        rows=table_rows(rows),
        foot=(words("unattributed.all"), *all_of_them, formats.amount(unattributed.value, currency)),
    )
    sentence = words(
        "unattributed.sentence",
        conversions=words.counted_conversions(kind, unattributed.conversions),
        money=words.money(unattributed.value, currency),
        cause=words.cause(unattributed.causes[0].cause),
    )
    return Panel("unattributed", words("unattributed.title"), sentence, table=table, note=words("unattributed.note"))


def causes_listed(unattributed: Unattributed | None, words: Words) -> str:
    """The causes with their numbers, for a sentence; '' where they are not known."""
    if unattributed is None:
        return ""
    listed = ", ".join(
        f"{words.cause(cause.cause)} {formats.count(cause.conversions)}" for cause in unattributed.causes
    )
    return words("touches.causes", listed=listed)
