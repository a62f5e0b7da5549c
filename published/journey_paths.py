"""The paths to the conversions of a view, by its days and channel."""

from __future__ import annotations

from collections.abc import Collection

from published.delta_files import Row
from published.journeys import Journeys, journeys_of
from published.paths import MOST_TOUCHES, TOP_PATHS, PathFigures, PathSummary
from published.publication import Published, quoted
from published.view import View

BETWEEN = "\x1f"  # stands between the channels of a path where it is one text; no name holds it
SHORT = 8  # touches; of a path up to here each channel is looked up, which is far cheaper than to put it together
# Sums and not plain columns meet in the union: DataFusion refuses one of columns whose comments differ.
EVERY_PATH = f"""
    timed as (
        select journey_id, report_value, path, touches,
               cast(extract(epoch from (ended_at - path[1]['touched_at'])) as double) as seconds
        from converted where touches > 0
    ),
    short_paths as (
        select concat_ws('{BETWEEN}', {{channels}}) as name, report_value + 0 as value, seconds + 0 as seconds
        from timed where touches <= {SHORT}
    ),
    long_paths as (
        select string_agg(touch['channel'], '{BETWEEN}' order by position) as name,
               any_value(report_value) + 0 as value, any_value(seconds) + 0 as seconds
        from (
            select journey_id, report_value, seconds, unnest(path) as touch, unnest(range(1, touches + 1)) as position
            from timed where touches > {SHORT}
        )
        group by journey_id
    ),
    every_path as (select * from short_paths union all select * from long_paths)
"""


def read_journey_paths(published: Published, view: View) -> PathSummary | None:
    """As `published.paths.read_paths`, of the view's days, channel and campaign; None without a conversion on them.

    Over all days and channels the figures are those of gold.path_summary; days_to_convert is unrounded.
    """
    journeys = journeys_of(published, view)
    if journeys is None:
        return None
    counts = journeys.rows(
        f"""
        select least(touches, {MOST_TOUCHES}) as touches, max(report_currency) as currency, count(*) as conversions
        from converted group by 1 order by 1
        """
    )
    by_touches = {int(row["touches"]): int(row["conversions"]) for row in counts}
    if not by_touches:
        return None
    ranked = _ranked(journeys)
    top = [row for row in ranked if row["place"] <= TOP_PATHS]
    mixed = [row for row in ranked if row["is_mixed"] and row["place_of_kind"] <= TOP_PATHS]
    others = _non_conversions(journeys, {row["path"] for row in ranked})
    return PathSummary(
        conversion_type=journeys.conversion_type,
        currency=counts[0]["currency"],
        top=tuple(_figures(row, others) for row in top),
        top_mixed=tuple(_figures(row, others) for row in mixed),
        untouched=by_touches.pop(0, 0),
        by_touches=by_touches,
        distinct_paths=int(ranked[0]["paths"]) if ranked else 0,
    )


def _ranked(journeys: Journeys) -> list[Row]:
    """The paths with the most conversions, of all and of those with more than one channel."""
    order = f"order by conversions desc, value desc, replace(name, '{BETWEEN}', ' > ')"
    rows = journeys.rows(
        f"""
        , {EVERY_PATH.format(channels=_channels(SHORT))},
        by_path as (
            select name, cardinality(array_distinct(string_to_array(name, '{BETWEEN}'))) > 1 as is_mixed,
                   count(*) as conversions, sum(value) as value, avg(seconds) / 86400 as days_to_convert
            from every_path group by name
        ),
        ranked as (
            select *, count(*) over () as paths, row_number() over ({order}) as place,
                   row_number() over (partition by is_mixed {order}) as place_of_kind
            from by_path
        )
        select * from ranked where place <= {TOP_PATHS} or (is_mixed and place_of_kind <= {TOP_PATHS}) order by place
        """
    )
    return [row | {"path": tuple(row["name"].split(BETWEEN))} for row in rows]


def _channels(touches: int) -> str:
    """The channels of the first touches as SQL; null beyond the end of a path."""
    return ", ".join(f"path[{step}]['channel']" for step in range(1, touches + 1))


def _non_conversions(journeys: Journeys, paths: Collection[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """How many journeys of each of these paths ended without a conversion.

    Most journeys do, so no path is put together here: those as long as one of `paths` are counted touch by touch.
    """
    lengths = sorted({len(path) for path in paths})
    if not lengths:
        return {}
    by_name = {BETWEEN.join(path): path for path in paths}
    rows = journeys.rows(
        f"""
        , others as (
            select concat_ws('{BETWEEN}', {_channels(lengths[-1])}) as name from journeys
            where conversion_id is null and touches in ({", ".join(map(str, lengths))})
        )
        select name, count(*) as journeys from others
        where name in ({", ".join(quoted(name) for name in sorted(by_name))}) group by name
        """
    )
    return {by_name[row["name"]]: int(row["journeys"]) for row in rows}


def _figures(row: Row, non_conversions: dict[tuple[str, ...], int]) -> PathFigures:
    path = row["path"]
    return PathFigures(
        path, int(row["conversions"]), non_conversions.get(path, 0), row["value"], row["days_to_convert"]
    )
