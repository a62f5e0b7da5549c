"""Which small steps, such as add_to_cart, are followed by a conversion more often than visits without them."""

from __future__ import annotations

from dataclasses import dataclass

from published.choices import read_choices
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import GOLD_CONVERSION_LINKS

EVERY_CHANNEL = "(all)"


@dataclass(frozen=True)
class SmallStep:
    """Visits with one step, and the part of them that was followed by the conversion, beside visits without it.

    `lift` is the ratio of the two parts, with its 95% interval; None where no visit without the step was followed.
    """

    step: str
    visits: int
    followed: int
    probability: float
    lower: float
    upper: float
    other_visits: int
    other_followed: int
    lift: float | None
    lift_lower: float | None
    lift_upper: float | None

    @property
    def other_probability(self) -> float | None:
        """The part of the visits without the step; None where there are none."""
        return self.other_followed / self.other_visits if self.other_visits else None


@dataclass(frozen=True)
class SmallSteps:
    """The steps before one type of conversion, the greatest lift first, ties by name; `channel` is '' for all."""

    conversion_type: str
    channel: str
    within_days: int
    steps: tuple[SmallStep, ...]


def read_small_steps(published: Published, view: View) -> SmallSteps | None:
    """The steps before conversions of the view's type, of visits by its channel; None where nothing is published of
    them. The table is of all visits that are old enough: the view's days do not matter."""
    if not published.has(GOLD_CONVERSION_LINKS):
        return None
    conversion_type = read_choices(published, view).type_of(view)
    rows = published.rows(
        f"""
        select auxiliary_type as step, within_days, visits, followed, probability, probability_lower as lower,
               probability_upper as upper, other_visits, other_followed, lift, lift_lower, lift_upper
        from gold_conversion_links
        where conversion_type = {quoted(conversion_type)} and channel = {quoted(view.channel or EVERY_CHANNEL)}
        order by lift desc nulls last, auxiliary_type
        """,
        GOLD_CONVERSION_LINKS,
    )
    if not rows:
        return None
    days = int(rows[0]["within_days"])
    steps = tuple(SmallStep(**{name: value for name, value in row.items() if name != "within_days"}) for row in rows)
    return SmallSteps(conversion_type, view.channel or "", days, steps)
