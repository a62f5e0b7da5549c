"""Which digests were sent: rows that are added to ops.digests without Spark, one for each that a destination took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from deltalake import QueryBuilder

from published.delta_files import exists, fetch, location, open_table
from published.publication import quoted
from warehouse.arrow.insert import insert_once
from warehouse.tables import OPS_DIGESTS

FIGURES: Literal["figures"] = "figures"
NO_NEW_DATA: Literal["no_new_data"] = "no_new_data"
Content = Literal["figures", "no_new_data"]
SAME = " and ".join(f"old.{name} = new.{name}" for name in OPS_DIGESTS.key)


@dataclass(frozen=True)
class SentDigest:
    """A digest that a destination has taken; see ops.digests."""

    team: str
    destination: str
    content: Content
    day: date
    run_id: str
    sent_at: datetime


def sent_digests(lake: str, team: str) -> tuple[SentDigest, ...]:
    """The digests of a team, the newest day first, then the newest moment, then by destination."""
    if not exists(lake, OPS_DIGESTS):
        return ()
    query = QueryBuilder().register("ops_digests", open_table(lake, OPS_DIGESTS, version=None))
    columns = ", ".join(OPS_DIGESTS.column_names)
    rows = fetch(
        query,
        f"select {columns} from ops_digests where team = {quoted(team)} "
        "order by day desc, sent_at desc, destination, content",
        what=OPS_DIGESTS.full_name,
    )
    return tuple(SentDigest(**row) for row in rows)


def record_sent(lake: str, sent: SentDigest) -> None:
    """Writes that a destination has taken a digest; the same one once. NotWritable where the lake takes nothing."""
    insert_once(location(lake, OPS_DIGESTS), OPS_DIGESTS, asdict(sent), same=SAME)


def due(
    sent: Sequence[SentDigest], destination: str, *, as_of: date, moment: datetime, timezone: str
) -> Content | None:
    """What a destination gets at `moment` of a publication as of `as_of`; None = nothing more that day.

    Figures of a day go out once. On a later day of `timezone`, the reporting zone, without newer figures it gets a line
    that none came, once a day.
    """
    own = [one for one in sent if one.destination == destination]
    newest = max((one.day for one in own if one.content == FIGURES), default=None)
    if newest is None or as_of > newest:
        return FIGURES
    zone = ZoneInfo(timezone)
    was_sent_today = moment.astimezone(zone).date() in {one.sent_at.astimezone(zone).date() for one in own}
    return None if was_sent_today else NO_NEW_DATA
