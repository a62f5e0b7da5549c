"""How often the customers of each acquisition channel buy again, at equal age."""

from __future__ import annotations

from dataclasses import dataclass

from published.publication import Published
from published.sql import ask
from warehouse.tables import GOLD_COHORT_VALUE


@dataclass(frozen=True)
class RepeatRate:
    """The customers of a channel who have reached the age, those of them who bought on a second day by then, and the
    share with its 95% interval."""

    channel: str
    customers: int
    repeat_customers: int
    rate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class RepeatRates:
    """The channels, most often first, ties by name, at `age` months after the month of the first purchase."""

    age: int
    channels: tuple[RepeatRate, ...]


def read_repeat_rates(published: Published) -> RepeatRates | None:
    """The rates at the oldest of 0, 1, 2 or 3 months that customers of at least half of the channels have reached; None
    where no month is over. The figures are those of the view repeat_rate_by_channel."""
    if not published.has(GOLD_COHORT_VALUE):
        return None
    sql = "select * from repeat_rate_by_channel where age <= 3 order by age, repeat_rate desc, acquisition_channel"
    rows = ask(published, sql, limit=100_000).dicts()
    if not rows:
        return None
    channels = {age: [row for row in rows if row["age"] == age] for age in sorted({row["age"] for row in rows})}
    enough = max(len(of_age) for of_age in channels.values()) / 2
    age = max(age for age, of_age in channels.items() if len(of_age) >= enough)
    found = tuple(
        RepeatRate(
            row["acquisition_channel"],
            int(row["customers"]),
            int(row["repeat_customers"]),
            row["repeat_rate"],
            row["repeat_rate_lower"],
            row["repeat_rate_upper"],
        )
        for row in channels[age]
    )
    return RepeatRates(int(age), found)
