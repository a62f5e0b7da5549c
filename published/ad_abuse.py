"""Claims of ads that are abuse, by campaign and placement."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from published.performance import ratio
from published.publication import Published
from published.view import View
from warehouse.tables import GOLD_AD_ABUSE, SILVER_AD_SPEND

MOST_PLACEMENTS = 15


@dataclass(frozen=True)
class AbusedPlacement:
    """A campaign's placement with flagged claims, and what they cost."""

    channel: str
    source: str
    medium: str
    campaign: str
    placement: str
    claims: int
    abusive_claims: int
    abusive_spend: Decimal

    @property
    def share(self) -> float | None:
        """The part of its claims that is flagged."""
        return ratio(self.abusive_claims, self.claims)


@dataclass(frozen=True)
class AdAbuseFigures:
    """Flagged claims of a view's days among all claims, their part of `all_spend`, and the placements with the most."""

    currency: str
    claims: int
    abusive_claims: int
    abusive_spend: Decimal
    all_spend: Decimal
    placements: tuple[AbusedPlacement, ...]

    @property
    def share(self) -> float | None:
        """The part of the claims that is flagged."""
        return ratio(self.abusive_claims, self.claims)

    @property
    def spend_share(self) -> float | None:
        """The part of all ad spend that paid for flagged claims; None without spend."""
        return ratio(self.abusive_spend, self.all_spend)


def read_ad_abuse(published: Published, view: View) -> AdAbuseFigures | None:
    """Ad abuse on the view's days; None where nothing claims anything, and where the tables are not published."""
    if not published.has(GOLD_AD_ABUSE, SILVER_AD_SPEND):
        return None
    (total,) = published.rows(
        f"""
        select max(currency) as currency, sum(claims) as claims, sum(abusive_claims) as abusive_claims,
               sum(abusive_spend) as abusive_spend
        from gold_ad_abuse where {view.within_days}
        """,
        GOLD_AD_ABUSE,
    )
    if not total["claims"]:
        return None
    (spent,) = published.rows(
        f"""
        select sum(spend) as spend from (select spend_date as date, report_spend as spend from silver_ad_spend)
        where {view.within_days}
        """,
        SILVER_AD_SPEND,
    )
    rows = published.rows(
        f"""
        select channel, source, medium, campaign, placement, sum(claims) as claims,
               sum(abusive_claims) as abusive_claims, sum(abusive_spend) as abusive_spend
        from gold_ad_abuse where {view.within_days}
        group by channel, source, medium, campaign, placement having sum(abusive_claims) > 0
        order by abusive_spend desc, abusive_claims desc, channel, source, medium, campaign, placement
        limit {MOST_PLACEMENTS}
        """,
        GOLD_AD_ABUSE,
    )
    return AdAbuseFigures(
        currency=total["currency"],
        claims=total["claims"],
        abusive_claims=total["abusive_claims"],
        abusive_spend=total["abusive_spend"],
        all_spend=spent["spend"] or Decimal(0),
        placements=tuple(AbusedPlacement(**row) for row in rows),
    )
