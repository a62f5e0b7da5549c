"""The panel about ad abuse: claims of ads that led to nothing, and what they cost."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.words import Words
from published.ad_abuse import AdAbuseFigures, read_ad_abuse
from published.figures import Figures


def ad_abuse_panel(figures: Figures, words: Words) -> Panel | None:
    """Flagged claims and their spend, by placement; None where ads claim nothing."""
    abuse = read_ad_abuse(figures.published, figures.view)
    if abuse is None:
        return None
    title, claims = words("ad_abuse.title"), formats.count(abuse.claims)
    if not abuse.abusive_claims:
        return Panel("ad-abuse", title, words("ad_abuse.none", claims=claims))
    sentence = words(
        "ad_abuse.sentence",
        flagged=formats.count(abuse.abusive_claims),
        claims=claims,
        part=formats.share(abuse.share),
        spend_part=formats.share(abuse.spend_share),
        money=words.money(abuse.abusive_spend, abuse.currency),
    )
    return Panel("ad-abuse", title, sentence, table=_table(abuse, words), folded=True, note=words("ad_abuse.note"))


def _table(abuse: AdAbuseFigures, words: Words) -> PageTable:
    names = (
        words("ad_abuse.campaign"),
        words("ad_abuse.placement"),
        words("ad_abuse.source"),
        words("ad_abuse.channel"),
    )
    counts = (words("ad_abuse.claims"), words("ad_abuse.flagged"), words("ad_abuse.share"), words("ad_abuse.spend"))
    return PageTable(
        caption=words("ad_abuse.caption", currency=words.currency(abuse.currency)),
        columns=(*(Column(name, numeric=False) for name in names), *(Column(count) for count in counts)),
        rows=table_rows(
            [
                [
                    one.campaign,
                    one.placement,
                    one.source,
                    one.channel,
                    formats.count(one.claims),
                    formats.count(one.abusive_claims),
                    formats.share(one.share),
                    formats.amount(one.abusive_spend, abuse.currency),
                ]
                for one in abuse.placements
            ]
        ),
    )
