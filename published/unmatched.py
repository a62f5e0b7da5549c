"""Campaigns with spend that no touch meets, and paid touches that no spend meets."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from published.performance import ratio
from published.publication import Published
from warehouse.tables import GOLD_UNMATCHED_SPEND, SILVER_AD_SPEND

MOST_CAMPAIGNS = 10  # of each kind


@dataclass(frozen=True)
class UnmatchedCampaign:
    """One campaign, with what it has of spend, touches and credited net value."""

    channel: str
    source: str
    medium: str
    campaign: str
    spend: Decimal
    touches: int
    conversions: float
    value: Decimal


@dataclass(frozen=True)
class UnmatchedSpend:
    """gold.unmatched_spend over all days: the campaigns with the most spend and no touch, and those with the most
    credited value (under `model`), then touches, and no spend; `spend` of all campaigns without touch, of
    `all_spend`."""

    currency: str
    model: str
    spend: Decimal
    all_spend: Decimal
    without_touches: tuple[UnmatchedCampaign, ...]
    without_spend: tuple[UnmatchedCampaign, ...]

    @property
    def share(self) -> float | None:
        """The part of all spend that meets no touch; None without spend."""
        return ratio(self.spend, self.all_spend)


def read_unmatched(published: Published) -> UnmatchedSpend | None:
    """What does not meet; None where all does, and where the tables are not published. No field of a view applies."""
    if not published.has(GOLD_UNMATCHED_SPEND, SILVER_AD_SPEND):
        return None
    (total,) = published.rows(
        "select max(currency) as currency, max(model) as model, sum(spend) as spend from gold_unmatched_spend",
        GOLD_UNMATCHED_SPEND,
    )
    if total["currency"] is None:
        return None
    (all_spend,) = published.rows("select sum(report_spend) as spend from silver_ad_spend", SILVER_AD_SPEND)
    return UnmatchedSpend(
        currency=total["currency"],
        model=total["model"],
        spend=total["spend"],
        all_spend=all_spend["spend"] or Decimal(0),
        without_touches=_campaigns(published, lacks="touches", order="spend desc"),
        without_spend=_campaigns(published, lacks="spend", order="value desc, touches desc"),
    )


def _campaigns(published: Published, *, lacks: str, order: str) -> tuple[UnmatchedCampaign, ...]:
    rows = published.rows(
        f"""
        select channel, source, medium, campaign, spend, touches, credited_conversions as conversions,
               credited_value as value
        from gold_unmatched_spend where lacks = '{lacks}'
        order by {order}, channel, source, medium, campaign limit {MOST_CAMPAIGNS}
        """,
        GOLD_UNMATCHED_SPEND,
    )
    return tuple(UnmatchedCampaign(**row) for row in rows)
