"""The panel about retargeting: how much of each channel's spend and credit goes to people who were here before."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.words import Words
from published.figures import Figures
from published.retargeting import RetargetingFigures, read_retargeting


def retargeting_panel(figures: Figures, words: Words) -> Panel | None:
    """Retargeting by channel; None where no campaign is retargeting."""
    found = read_retargeting(figures.published, figures.view)
    if found is None:
        return None
    total = found.total
    sentence = words(
        "retargeting.sentence",
        model=words.model(found.model),
        value_part=formats.share(total.value_share),
        value=words.money(total.retargeting_value, found.currency),
        spend_part=formats.share(total.spend_share),
        spend=words.money(total.retargeting_spend, found.currency),
    )
    return Panel(
        "retargeting",
        words("retargeting.title"),
        sentence,
        table=_table(found, words),
        note=words("retargeting.note"),
    )


def _table(found: RetargetingFigures, words: Words) -> PageTable:
    numbers = (
        words("retargeting.value"),
        words("retargeting.value_share"),
        words("retargeting.spend"),
        words("retargeting.spend_share"),
        words("retargeting.roas"),
        words("retargeting.other_roas"),
    )
    return PageTable(
        caption=words("retargeting.caption", model=words.model(found.model), currency=words.currency(found.currency)),
        columns=(
            Column(words("retargeting.channel"), numeric=False),
            *(Column(name) for name in numbers),
        ),
        rows=table_rows(
            [
                [
                    one.channel,
                    formats.amount(one.retargeting_value, found.currency),
                    formats.share(one.value_share),
                    formats.amount(one.retargeting_spend, found.currency),
                    formats.share(one.spend_share),
                    words.roas(one.roas),
                    words.roas(one.other_roas),
                ]
                for one in found.channels
            ]
        ),
    )
