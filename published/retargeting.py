"""How much of each channel's spend and credit is retargeting."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from published.choices import read_choices
from published.performance import ZERO, ratio
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

AMOUNTS = ("spend", "value", "retargeting_spend", "retargeting_value")


@dataclass(frozen=True)
class RetargetingShare:
    """One channel's spend and credited net value, and the parts of both that are retargeting; `channel` is empty for
    all channels."""

    channel: str
    spend: Decimal
    value: Decimal
    retargeting_spend: Decimal
    retargeting_value: Decimal

    @property
    def spend_share(self) -> float | None:
        """The part of the spend; None without spend."""
        return ratio(self.retargeting_spend, self.spend)

    @property
    def value_share(self) -> float | None:
        """The part of the credited value; None without value."""
        return ratio(self.retargeting_value, self.value)

    @property
    def roas(self) -> float | None:
        """ROAS of the retargeting; None without spend on it."""
        return ratio(self.retargeting_value, self.retargeting_spend)

    @property
    def other_roas(self) -> float | None:
        """ROAS of the rest of the channel; None without spend on it."""
        return ratio(self.value - self.retargeting_value, self.spend - self.retargeting_spend)


@dataclass(frozen=True)
class RetargetingFigures:
    """The channels with retargeting on the view's days under `model`, those with the most of its value first; `total`
    is of all channels, also of those without any."""

    currency: str
    model: str
    channels: tuple[RetargetingShare, ...]
    total: RetargetingShare


def read_retargeting(published: Published, view: View) -> RetargetingFigures | None:
    """Retargeting by channel, of the view's type and its first model; None where there is none of it."""
    if not published.has_column(GOLD_CHANNEL_PERFORMANCE, "is_retargeting"):
        return None
    choices = read_choices(published, view)
    if not choices.models:
        return None
    model = choices.models_of(view)[0]
    rows = published.rows(
        f"""
        select channel, max(currency) as currency, sum(spend) as spend, sum(credited_value) as value,
               sum(case when is_retargeting then spend else 0 end) as retargeting_spend,
               sum(case when is_retargeting then credited_value else 0 end) as retargeting_value
        from gold_channel_performance
        where date_basis = '{view.date_basis}' and {view.within_days} and model = {quoted(model)}
          and conversion_type = {quoted(choices.type_of(view))} and date <= date '{published.as_of.isoformat()}'
        group by channel
        order by retargeting_value desc, retargeting_spend desc, channel
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )
    every = [RetargetingShare(row["channel"], *(row[name] for name in AMOUNTS)) for row in rows]
    channels = tuple(one for one in every if one.retargeting_spend or one.retargeting_value)
    if not channels:
        return None
    total = RetargetingShare("", *(sum((getattr(one, name) for one in every), ZERO) for name in AMOUNTS))
    return RetargetingFigures(rows[0]["currency"], model, channels, total)
