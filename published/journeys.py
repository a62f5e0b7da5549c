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
from warehouse.tables import SILVER_JOURNEYS

NOT_SET = "(not set)"
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


@dataclass(frozen=True)
class Journeys:
    """The journeys of one conversion type that ended on the days of a view, by `within`, a condition in SQL."""

    published: Published
    conversion_type: str
    within: str

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
            SILVER_JOURNEYS,
        )


def journeys_of(published: Published, view: View, timezone: str) -> Journeys | None:
    """The journeys of the view's type, of its days, with a touch of its channel and campaign; None if not published.

    A conversion counts on the day when it converted, another journey on the day of its last touch. Models and the date
    basis do not apply. UsageError when the view names an unknown type.
    """
    if not published.has(SILVER_JOURNEYS):
        return None
    conversion_type = read_choices(published, view).type_of(view)
    of_type = f"conversion_type = {quoted(conversion_type)} and {within_days('ended_at', view, timezone)}"
    touched = [
        *([f"touch['channel'] = {quoted(view.channel)}"] if view.channel is not None else []),
        *([f"coalesce(touch['campaign'], '{NOT_SET}') = {quoted(view.campaign)}"] if view.campaign is not None else []),
    ]
    within = of_type
    if touched:
        within += f""" and journey_id in (
            select journey_id from (select journey_id, unnest(path) as touch from silver_journeys where {of_type})
            where {" and ".join(touched)}
        )"""
    return Journeys(published, conversion_type, within)
