"""The journeys of a view: what every figure about paths is counted over.

silver.journeys and not the credits of a model: every touch stands there once, whichever models are credited, beside the
journeys that ended without a conversion.
"""

from __future__ import annotations

from dataclasses import dataclass

from published.choices import read_choices
from published.days import within_days
from published.delta_files import Row
from published.publication import Published, quoted
from published.view import View
from warehouse.contracts import Table
from warehouse.tables import SILVER_CONVERSIONS, SILVER_JOURNEYS, SILVER_TOUCHPOINTS
from warehouse.terms import NOT_SET

# One row per touch of a converting journey; position counts from 1 to touches.
EVERY_TOUCH = """
    every_touch as (
        select journey_id, report_value, touches, position, touch['channel'] as channel
        from (
            select journey_id, report_value, touches, unnest(path) as touch, unnest(range(1, touches + 1)) as position
            from converted where touches > 0
        )
    )
"""


# Which conversions are of these customers; journeys without a conversion are nobody's purchase and stay.
OF_CUSTOMERS = {"all": "true", "new": "is_first_purchase", "returning": "not is_first_purchase"}


@dataclass(frozen=True)
class Journeys:
    """The journeys of one conversion type that a view selects, by `within`, a condition in SQL over `tables`."""

    published: Published
    conversion_type: str
    within: str
    tables: tuple[Table, ...]

    def rows(self, select: str) -> list[Row]:
        """The rows of a query over `journeys` and `converted`, those that ended in a conversion: silver.journeys with
        `touches`, the length of the path."""
        return self.published.rows(
            f"""
            with journeys as (
                select *, cast(cardinality(path) as bigint) as touches from silver_journeys where {self.within}
            ),
            converted as (select * from journeys where conversion_id is not null)
            {select}
            """,
            *self.tables,
        )


def journeys_of(published: Published, view: View) -> Journeys | None:
    """The journeys of the view's type and days, with a touch of its channel, campaign and platform; None if not
    published.

    A conversion counts on the day when it converted, another journey on the day of its last touch. `customers` and
    `currency` leave out conversions of others. Models and the date basis do not apply. UsageError when the view names
    an unknown type.
    """
    if not published.has(SILVER_JOURNEYS):
        return None
    conversion_type = read_choices(published, view).type_of(view)
    of_type = f"conversion_type = {quoted(conversion_type)} and {within_days('ended_at', view)}"
    within = f"{of_type} and (conversion_id is null or {OF_CUSTOMERS[view.customers]})"
    tables: tuple[Table, ...] = (SILVER_JOURNEYS,)
    if view.currency is not None:
        tables = (*tables, SILVER_CONVERSIONS)
        in_currency = f"select conversion_id from silver_conversions where currency = {quoted(view.currency)}"
        within += f" and (conversion_id is null or conversion_id in ({in_currency}))"
    touched = []
    if view.channel is not None:
        touched.append(f"touch['channel'] = {quoted(view.channel)}")
    if view.campaign is not None:
        touched.append(f"coalesce(touch['campaign'], {quoted(NOT_SET)}) = {quoted(view.campaign)}")
    if view.platform is not None:
        tables = (*tables, SILVER_TOUCHPOINTS)
        on_platform = f"select touchpoint_id from silver_touchpoints where platform = {quoted(view.platform)}"
        touched.append(f"touch['touchpoint_id'] in ({on_platform})")
    if touched:
        within += f""" and journey_id in (
            select journey_id from (select journey_id, unnest(path) as touch from silver_journeys where {of_type})
            where {" and ".join(touched)}
        )"""
    return Journeys(published, conversion_type, within, tables)
