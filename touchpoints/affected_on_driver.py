"""Whom a change affects, from few ties, as sets of plain texts: a query less for each of ten sets.

touchpoints.affected_by_joins says the same for any number of ties.
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from touchpoints.ids import (
    BY_ANONYMOUS_ID,
    BY_EVENT,
    BY_USER,
    DEVICE,
    EVENT,
    ORDER,
    USER,
    composed,
    taken_apart,
)
from touchpoints.ties import CHANGED, LINK, PERSON, RENAMED, VERSION

Pairs = set[tuple[str, str]]


class AffectedIds(NamedTuple):
    """The ids of the affected persons, and of the devices and orders whose whole input they need."""

    persons: set[str]
    devices: set[str]
    orders: set[str]


def affected_on_driver(ties: pa.Table) -> AffectedIds:
    """The affected ids by `ties` (one row per row of `ties_of`)."""
    changed, versions, links = (_of_kind(ties, kind) for kind in (CHANGED, VERSION, LINK))
    other_persons = {person for _, _, _, person in _of_kind(ties, PERSON)}
    renamed = {user for _, user, _, _ in _of_kind(ties, RENAMED)}

    orders_of_devices: Pairs = {(device, order) for device, _, order, _ in links if order}
    orders_of_devices |= {(device, order) for device, _, order, _ in versions if device}
    logins: Pairs = {(device, user) for device, user, _, _ in links if user}
    devices_of_order = _second_by_first({(order, device) for device, order in orders_of_devices})
    logins |= {(device, user) for _, user, order, _ in versions if user for device in devices_of_order.get(order, ())}
    buyers: Pairs = {(order, user) for _, user, order, _ in versions if user}

    order_ids = {order for _, _, order, _ in changed if order}
    changed_devices = {device for device, _, _, _ in changed if device}
    changed_devices |= {device for device, order in orders_of_devices if order in order_ids}
    changed_devices |= {device for device, user in logins if user in renamed}
    users = renamed | {user for device, user in logins if device in changed_devices}
    users |= {user for _, user, _, _ in changed if user}
    users |= {user for order, user in buyers if order in order_ids}
    users |= taken_apart(BY_USER, changed_devices) | taken_apart(USER, other_persons)

    persons = composed(USER, users)
    persons |= composed(DEVICE, taken_apart(BY_ANONYMOUS_ID, changed_devices))
    persons |= composed(EVENT, taken_apart(BY_EVENT, changed_devices))
    persons |= composed(ORDER, order_ids) | other_persons

    their_devices = changed_devices | {device for device, user in logins if user in users}
    their_devices |= composed(BY_USER, users)
    their_devices |= composed(BY_ANONYMOUS_ID, taken_apart(DEVICE, persons))
    their_devices |= composed(BY_EVENT, taken_apart(EVENT, persons))
    their_orders = order_ids | {order for order, user in buyers if user in users}
    their_orders |= {order for device, order in orders_of_devices if device in their_devices}
    their_orders |= taken_apart(ORDER, persons)
    # An order with events on several devices needs all of them.
    devices = their_devices | {device for device, order in orders_of_devices if order in their_orders}
    orders = their_orders | {order for device, order in orders_of_devices if device in devices}
    return AffectedIds(persons, devices, orders)


def _second_by_first(pairs: Pairs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for first, second in pairs:
        found.setdefault(first, []).append(second)
    return found


def _of_kind(ties: pa.Table, kind: str) -> list[tuple[str, str, str, str]]:
    """device, user_id, order_id and person_id of the ties of one kind, '' for null: no id is blank."""
    of_kind = ties.filter(pc.equal(ties["kind"], kind))
    device, user, order, person = (
        pc.fill_null(of_kind[name], "").to_pylist() for name in ("device", "user_id", "order_id", "person_id")
    )
    return list(zip(device, user, order, person, strict=True))
