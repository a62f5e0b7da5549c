"""The landed rows of touches and of a conversion: the file of each, and the line where bronze has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from published.audited_number import moment_sql
from published.delta_files import Row
from published.landed_ids import LandedIds, conversion_id_of, landed_order_id
from published.publication import Published, quoted
from warehouse.tables import BRONZE_EVENTS, BRONZE_ORDERS

PURCHASE = "purchase"
MOST_RECORDS = 1_000  # of one conversion
EVENT_COLUMNS = "event_id, event_name, event_at, order_id, source_file"


@dataclass(frozen=True)
class LandedRecord:
    """One landed row: its table of bronze, its file (as bronze names it) and its line; None where bronze has no line.

    `what` is an event's name, or the status of an order; `at` when it happened, or when the order's version was
    written. `record_id` is the event_id or order_id, as it landed; it is personal. Of several versions of an order
    `counts` is true for the newest.
    """

    table: str
    file: str
    line: int | None
    what: str
    at: datetime
    record_id: str
    counts: bool = True


def landed_events(published: Published, moments: Mapping[str, datetime], ids: LandedIds) -> dict[str, LandedRecord]:
    """The landed events of ids as silver has them, each with its moment; without those that are not found.

    bronze.events is not published: its newest version is read, which has every event that an older one had.
    """
    if not moments:
        return {}
    at = ", ".join(sorted({moment_sql(moment) for moment in moments.values()}))
    found = _events(published, f"event_at in ({at})", lambda row: ids.of(row["event_id"]) in moments)
    records = {ids.of(row["event_id"]): _of_event(row) for row in found}
    lacking = [id_ for id_ in moments if id_ not in records]
    if lacking and ids.secret is None:  # another copy of the event, with another time, was kept since then
        wanted = f"event_id in ({', '.join(map(quoted, lacking))})"
        records |= {row["event_id"]: _of_event(row) for row in _events(published, wanted, lambda row: True)}
    return records


def landed_rows_of_conversion(published: Published, conversion: Row, ids: LandedIds) -> tuple[LandedRecord, ...]:
    """The landed rows that a conversion was made from: the versions of its order, newest first, then its events in
    order of time; at most MOST_RECORDS of each.

    With tokens for ids, orders and purchases are looked for at the moment of the conversion alone.
    """
    at = moment_sql(conversion["converted_at"])
    if conversion["conversion_type"] != PURCHASE:

        def is_it(row: Row) -> bool:
            of = conversion_id_of(conversion["conversion_type"], ids.of(row["event_id"]))
            return bool(of == conversion["conversion_id"])

        named = f"event_name = {quoted(conversion['conversion_type'])} and event_at = {at}"
        return tuple(map(_of_event, _events(published, named, is_it)))
    order_id = conversion["order_id"]
    landed_id, event_id = landed_order_id(order_id)
    if ids.secret is not None:
        of_order, of_event = f"order_at = {at}", f"event_at = {at}"
    elif landed_id is not None:
        of_order = of_event = f"order_id = {quoted(landed_id)}"
    else:
        of_order, of_event = "false", f"event_id = {quoted(event_id or '')}"
    events = _events(
        published,
        f"event_name in ('purchase', 'refund') and {of_event}",
        lambda row: ids.of_money_event(row["event_id"], row["order_id"]) == order_id,
    )
    return (*_orders(published, of_order, order_id, ids), *map(_of_event, events))


def _events(published: Published, where: str, is_it: Callable[[Row], bool]) -> list[Row]:
    rows = published.newest_rows(
        f"""
        select {EVENT_COLUMNS} from bronze_events where {where} order by event_at, event_id
        limit {MOST_RECORDS}
        """,
        BRONZE_EVENTS,
    )
    return [row for row in rows if is_it(row)]


def _orders(published: Published, where: str, order_id: str, ids: LandedIds) -> Iterable[LandedRecord]:
    found = published.newest_rows(
        f"""
        select order_id, status, updated_at, source_file, source_line, part from bronze_orders where {where}
        order by updated_at desc, source_file desc, source_line desc limit {MOST_RECORDS}
        """,
        BRONZE_ORDERS,
    )
    rows = [row for row in found if ids.of_order(row["order_id"]) == order_id]
    for place, row in enumerate(rows):
        is_line_of_newest = row["part"] is not None and row["updated_at"] == rows[0]["updated_at"]
        yield LandedRecord(
            table=BRONZE_ORDERS.full_name,
            file=row["source_file"],
            line=row["source_line"],
            what=row["status"],
            at=row["updated_at"],
            record_id=row["order_id"],
            counts=place == 0 or is_line_of_newest,
        )


def _of_event(row: Row) -> LandedRecord:
    return LandedRecord(
        table=BRONZE_EVENTS.full_name,
        file=row["source_file"],
        line=None,
        what=row["event_name"],
        at=row["event_at"],
        record_id=row["event_id"],
    )
