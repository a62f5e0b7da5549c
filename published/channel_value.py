"""What the customers won by channels and campaigns cost and bring, under one attribution model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from published.choices import read_choices
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import GOLD_CHANNEL_VALUE

Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class ChannelWorth:
    """A channel or campaign: what its new customers cost and bring. Ratios are as in gold.channel_value.

    `interval` holds the value model's own error too, `if_model_holds` does not; both are of `ltv_to_cac`.
    """

    channel: str
    campaign: str
    spend: Decimal
    new_customers: float
    cac: float | None
    value_to_date: Decimal
    ltv: float | None
    ltv_to_cac: float | None
    interval: Bounds
    if_model_holds: Bounds
    payback_days: int | None
    payback: str
    ltv_roas: float | None


@dataclass(frozen=True)
class ChannelWorths:
    """Channels, or campaigns, with the most spend first; of the days from `first_day` to `as_of`.

    `margin` is the share of net value that is margin, `level` that of the intervals, None without scores.
    """

    model: str
    first_day: date
    as_of: date
    currency: str
    margin: float
    level: float | None
    rows: tuple[ChannelWorth, ...]

    @property
    def with_spend(self) -> tuple[ChannelWorth, ...]:
        """Those that cost something."""
        return tuple(row for row in self.rows if row.spend)

    @property
    def ltv_to_cac(self) -> float | None:
        """Lifetime value of all customers of those with spend, for each unit of it; None without scores."""
        spent = self.with_spend
        if not spent or any(row.ltv is None and row.new_customers for row in spent):
            return None
        return sum((row.ltv or 0.0) * row.new_customers for row in spent) / float(sum(row.spend for row in spent))


def read_channel_value(published: Published, view: View, *, level: str = "channel") -> ChannelWorths | None:
    """The rows of a level under the view's first model; None where gold.channel_value is not published or has none.

    Of the view, the channel and the campaign count; the days are those of the table. UsageError for an unknown model.
    """
    if not published.has(GOLD_CHANNEL_VALUE):
        return None
    models = read_choices(published, view).models_of(view)
    named = {"channel": view.channel, "campaign": view.campaign if level == "campaign" else None}
    where = "".join(f" and {column} = {quoted(name)}" for column, name in named.items() if name is not None)
    rows = published.rows(
        f"""
        select * from gold_channel_value
        where level = {quoted(level)} and model = {quoted(models[0] if models else "")}{where}
          and as_of <= date '{published.as_of.isoformat()}'
        order by spend desc, new_customers desc, channel, campaign
        """,
        GOLD_CHANNEL_VALUE,
    )
    if not rows:
        return None
    first = rows[0]
    return ChannelWorths(
        model=first["model"],
        first_day=first["first_day"],
        as_of=first["as_of"],
        currency=first["currency"],
        margin=first["margin"],
        level=first["interval_level"],
        rows=tuple(map(_worth, rows)),
    )


def _worth(row: dict[str, Any]) -> ChannelWorth:
    same = ("channel", "campaign", "spend", "new_customers", "cac", "value_to_date", "ltv", "ltv_to_cac")
    return ChannelWorth(
        **{name: row[name] for name in (*same, "payback_days", "payback", "ltv_roas")},
        interval=(row["lower"], row["upper"]),
        if_model_holds=(row["lower_if_model_holds"], row["upper_if_model_holds"]),
    )
