"""What new users of each campaign will bring, as predicted at the end of their first week, beside what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import log, sqrt

from published.chance import NORMAL_95, Bounds
from published.choices import read_choices
from published.delta_files import Row
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_EARLY_VALUE

WEEK = 7  # the age at which a campaign is judged
SHOWN_HORIZON = 90  # days; the longest that has a model where this one has none
MAYBE_NOBODY = -log(0.025)  # buyers expected, 3.7: of as many, nobody comes 1 time in 40


@dataclass(frozen=True)
class FirstWeek:
    """New users of a campaign, what they had brought at the end of their first week, and what is expected after it.

    `buyers` had bought by then; `to_come` is the expected value from then to the horizon, of `buyers_to_come` who are
    expected to buy in it, and `variance` that of its total, chance and the model's own error together. A campaign that
    cost something and brought nobody has no new users.
    """

    channel: str
    campaign: str
    new_users: int
    buyers: int
    value_to_date: Decimal
    to_come: float
    buyers_to_come: float
    variance: float
    spend: Decimal

    @property
    def value(self) -> float:
        """What all of them are expected to bring within the horizon."""
        return float(self.value_to_date) + self.to_come

    @property
    def bounds(self) -> Bounds:
        """The 95% interval of what all of them will bring: never below what they have brought."""
        to_come = value_bounds(self.to_come, self.variance, buyers=self.buyers_to_come)
        return Bounds(float(self.value_to_date) + to_come.lower, float(self.value_to_date) + to_come.upper)

    def each(self, total: Decimal | float) -> float | None:
        """A total per new user; None without any."""
        return float(total) / self.new_users if self.new_users else None

    def for_spend(self, total: float) -> float | None:
        """A total for each unit of spend; None without any."""
        return total / float(self.spend) if self.spend else None


@dataclass(frozen=True)
class FirstWeeks:
    """Campaigns with most new users first, then with most spend, then by name; those of first days from `first_day` to
    `last_day`.

    Values are gross and within `horizon_days` from the first day. `model_served` and `mean_served` are the new users
    for whom behaviour predicts, and the mean of their channel.
    """

    as_of: date
    first_day: date
    last_day: date
    horizon_days: int
    currency: str
    model_version: str
    model_served: int
    mean_served: int
    campaigns: tuple[FirstWeek, ...]

    @property
    def new_users(self) -> int:
        """All new users."""
        return sum(one.new_users for one in self.campaigns)


def value_bounds(expected: float, variance: float, *, buyers: float) -> Bounds:
    """The 95% interval of what many persons will spend: a sum that is `expected`, of as many `buyers` as are expected.

    Such a sum is skewed, about as a gamma distribution (Wilson and Hilferty, The distribution of chi-square, PNAS 17,
    1931). Where next to nothing is expected, that is too narrow above, and the normal bound counts; where nobody at all
    may as well buy, it is 0 below.
    """
    if expected <= 0:
        return Bounds(0.0, 0.0)
    errors = sqrt(variance) / expected  # 1 / sqrt(k) of a gamma distribution
    middle, half = 1 - errors**2 / 9, NORMAL_95 * errors / 3
    lower = expected * max(middle - half, 0.0) ** 3 if buyers > MAYBE_NOBODY else 0.0
    return Bounds(lower, expected * max((middle + half) ** 3, 1 + NORMAL_95 * errors))


def read_first_weeks(published: Published, view: View) -> FirstWeeks | None:
    """The new users of the newest day whose first week is over, by acquisition campaign, with the spend of their first
    days.

    None where gold.early_value is not published, or nobody's first week is over. Of the view the channel and the
    campaign count; the first days are those of the table.
    """
    if not published.has(GOLD_EARLY_VALUE):
        return None
    shown = _of_newest_day(published)
    found = published.rows(
        f"""
        {shown}
        select max(as_of) as as_of, min(first_day) as first_day, max(first_day) as last_day,
               max(horizon_days) as horizon_days, max(currency) as currency, max(model_version) as model_version,
               sum(case when served = 'behaviour' then 1 else 0 end) as model_served, count(*) as new_users
        from shown
        """,
        GOLD_EARLY_VALUE,
    )[0]
    if not found["new_users"]:
        return None
    users = {(row["channel"], row["campaign"]): row for row in _users(published, view, shown)}
    spent = _spent(published, view, found["first_day"], found["last_day"])
    campaigns = [_first_week(key, users.get(key), spent.get(key, Decimal(0))) for key in {*users, *spent}]
    if not campaigns:
        return None
    served = int(found["model_served"])
    return FirstWeeks(
        **{name: found[name] for name in ("as_of", "first_day", "last_day", "currency", "model_version")},
        horizon_days=int(found["horizon_days"]),
        model_served=served,
        mean_served=int(found["new_users"]) - served,
        campaigns=tuple(sorted(campaigns, key=lambda one: (-one.new_users, -one.spend, one.channel, one.campaign))),
    )


def _of_newest_day(published: Published) -> str:
    """SQL of `shown`: a row per new user of the newest day, at the age of a week and the horizon that is shown."""
    return f"""
        with week as (
            select * from gold_early_value where age_days = {WEEK} and as_of = (
                select max(as_of) from gold_early_value where as_of <= date '{published.as_of.isoformat()}'
            )
        ),
        shown as (
            select * from week where horizon_days = (
                select coalesce(max(case when horizon_days = {SHOWN_HORIZON} then horizon_days end), max(horizon_days))
                from week
            )
        )
    """


def _users(published: Published, view: View, shown: str) -> list[Row]:
    named = {"acquisition_channel": view.channel, "acquisition_campaign": view.campaign}
    where = "".join(f" and {column} = {quoted(name)}" for column, name in named.items() if name is not None)
    return published.rows(
        f"""
        {shown}
        select acquisition_channel as channel, acquisition_campaign as campaign, count(*) as new_users,
               sum(case when has_bought then 1 else 0 end) as buyers, sum(value_to_date) as value_to_date,
               sum(buys_probability * amount_if_buys) as to_come, sum(buys_probability) as buyers_to_come,
               sum(standard_deviation * standard_deviation) as by_chance, max(model_error) as model_error
        from shown where true{where} group by acquisition_channel, acquisition_campaign
        """,
        GOLD_EARLY_VALUE,
    )


def _first_week(key: tuple[str, str], row: Row | None, spend: Decimal) -> FirstWeek:
    if row is None:
        return FirstWeek(*key, 0, 0, Decimal(0), 0.0, 0.0, 0.0, spend)
    same = ("new_users", "value_to_date", "to_come", "buyers_to_come")
    variance = row["by_chance"] + (row["model_error"] * row["to_come"]) ** 2
    return FirstWeek(
        *key, **{name: row[name] for name in same}, buyers=int(row["buyers"]), variance=variance, spend=spend
    )


def _spent(published: Published, view: View, first: date, last: date) -> dict[tuple[str, str], Decimal]:
    """Spend of these days by channel and campaign; spend repeats in each model, type and basis, so it is of one."""
    if not published.has(GOLD_CHANNEL_PERFORMANCE):
        return {}
    choices = read_choices(published, View())
    if not choices.models:
        return {}
    named = {"channel": view.channel, "campaign": view.campaign}
    where = "".join(f" and {column} = {quoted(name)}" for column, name in named.items() if name is not None)
    rows = published.rows(
        f"""
        select channel, campaign, sum(spend) as spend from gold_channel_performance
        where date_basis = 'conversion' and model = {quoted(choices.models[0])}
          and conversion_type = {quoted(choices.type_of(View()))}
          and date between date '{first.isoformat()}' and date '{last.isoformat()}'{where}
        group by channel, campaign having sum(spend) > 0
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )
    return {(row["channel"], row["campaign"]): row["spend"] for row in rows}
