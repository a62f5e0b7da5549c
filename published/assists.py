"""Which channels assist: they are in the path to a conversion that another channel closes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from published.journeys import EVERY_TOUCH, journeys_of
from published.publication import Published
from published.view import View


@dataclass(frozen=True)
class ChannelAssists:
    """The conversions that one channel is in the path of.

    `assisted` are those with a touch of it before the last touch, as the metric assisted_conversions counts;
    `assists` those whose last touch is another channel's, worth `value` net, and `last` those whose last touch is its.
    """

    channel: str
    conversions: int
    assisted: int
    assists: int
    last: int
    value: Decimal

    @property
    def ratio(self) -> float | None:
        """Assists for each last touch: above 1 it opens and helps more than it closes; None without a last touch."""
        return self.assists / self.last if self.last else None


@dataclass(frozen=True)
class Assists:
    """Every channel in the paths to conversions of one type, most assists first, ties by name.

    `conversions` are those with a touch, `with_assist` those of more than one channel. A conversion counts for every
    channel in its path: channels never add up.
    """

    conversion_type: str
    currency: str
    conversions: int
    with_assist: int
    channels: tuple[ChannelAssists, ...]


def read_assists(published: Published, view: View) -> Assists | None:
    """Assists by channel, of the conversions of the view; None without a touch, or without the table."""
    journeys = journeys_of(published, view)
    if journeys is None:
        return None
    rows = journeys.rows(
        f"""
        , {EVERY_TOUCH},
        roles as (
            select journey_id, channel, any_value(report_value) as value, min(position) < any_value(touches) as helps,
                   max(position) = any_value(touches) as closes, count(*) = any_value(touches) as alone
            from every_touch group by journey_id, channel
        )
        select channel, count(*) as conversions, sum(case when helps then 1 else 0 end) as assisted,
               sum(case when closes then 0 else 1 end) as assists, sum(case when closes then 1 else 0 end) as last,
               sum(case when closes then cast(0 as decimal(28, 6)) else cast(value as decimal(28, 6)) end) as value,
               sum(case when closes and not alone then 1 else 0 end) as closes_for_others
        from roles group by channel order by assists desc, channel
        """
    )
    if not rows:
        return None
    currency = journeys.rows("select max(report_currency) as currency from converted")[0]["currency"]
    channels = tuple(
        ChannelAssists(
            row["channel"],
            conversions=int(row["conversions"]),
            assisted=int(row["assisted"]),
            assists=int(row["assists"]),
            last=int(row["last"]),
            value=row["value"],
        )
        for row in rows
    )
    return Assists(
        journeys.conversion_type,
        currency,
        conversions=sum(channel.last for channel in channels),
        with_assist=sum(int(row["closes_for_others"]) for row in rows),
        channels=channels,
    )
