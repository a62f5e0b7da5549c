"""Orders: the value of each purchase, its refund or cancellation, and the rows of the orders feed."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np

from simulator.shop import DAY, Bools, Floats, Ints, Shop, identifiers, money_text
from simulator.times import iso_times
from simulator.world import World

COLUMNS = (
    "order_id", "user_id", "anonymous_id", "order_ts", "value", "currency", "status", "refunded_value", "items",
    "updated_at", "deleted",
)  # fmt: skip
PAID, REFUNDED, PARTLY_REFUNDED, CANCELLED, DELETED = range(5)


@dataclass(frozen=True)
class Orders:
    """One entry per purchase, in the same order."""

    order_id: list[str]
    user_id: list[str]  # '' = a guest
    anonymous_id: list[str]
    seconds: Floats
    value: list[str]  # in currency, as written
    currency: list[str]
    worth: Floats  # value in the shop's currency
    items: Ints
    fate: Ints  # PAID .. DELETED
    changed_at: Floats  # seconds; when the order was refunded, cancelled or deleted, inf = never
    refunded: list[str]
    has_event: Bools
    has_row: Bools


def user_ids(people: int) -> list[str]:
    """The login name of every person, also of people who never log in."""
    return [f"u{index:06d}" for index in range(1, people + 1)]


def make_orders(world: World, seconds: Floats) -> Orders:
    """One order per purchase: value from Gamma-Gamma, refund or cancellation within two weeks, and which feed lacks it.

    `seconds` are the times of the purchases since 1970 UTC.
    """
    shop, people, purchases = world.shop, world.people, world.purchases
    random = shop.random("orders")
    count = len(purchases.person)
    rounding = 100.0 if shop.mean_order_value >= 10_000 else 0.01
    worth = random.gamma(shop.spend_p, 1.0, count) / people.spend_rate[purchases.person]
    worth = np.maximum(np.round(worth / rounding), 1) * rounding
    in_usd = random.random(count) < shop.usd_order_share
    amount = np.where(in_usd, np.maximum(np.round(worth * shop.usd_per_unit, 2), 0.01), worth)
    shares = [shop.refund_share, shop.partial_refund_share, shop.cancel_share, shop.delete_share]
    fate = random.choice(5, count, p=[1 - sum(shares), *shares])
    wait = random.uniform(0.1, 14, count) * np.where(fate == CANCELLED, 0.1, 1.0)
    part = np.where(in_usd, np.round(amount * 0.4, 2), np.maximum(np.round(amount * 0.4 / rounding), 1) * rounding)
    refunded = np.where(fate == REFUNDED, amount, np.where(fate == PARTLY_REFUNDED, part, 0.0))
    currency = np.where(in_usd, "USD", shop.currency).tolist()
    member = ~people.guest[purchases.person]
    users = user_ids(people.count)
    visited = purchases.visit >= 0
    device = np.where(visited, world.visits.device[purchases.visit], people.web_device[purchases.person])
    cookie = ~member | (visited & (random.random(count) < 0.9))
    feed = random.random((2, count))
    return Orders(
        order_id=[f"A{number[:12]}" for number in identifiers(np.arange(count), shop.seed * 4 + 2)],
        user_id=[users[p] if is_member else "" for p, is_member in zip(purchases.person, member, strict=True)],
        anonymous_id=[
            people.devices.anonymous_id[d] if has else "" for d, has in zip(device.tolist(), cookie, strict=True)
        ],
        seconds=seconds,
        value=[money_text(value, code) for value, code in zip(amount.tolist(), currency, strict=True)],
        currency=currency,
        worth=worth,
        items=1 + random.poisson(worth / shop.mean_order_value * 0.8),
        fate=fate,
        changed_at=np.where(fate == PAID, np.inf, seconds + np.round(wait * DAY)),
        refunded=[money_text(value, code) for value, code in zip(refunded.tolist(), currency, strict=True)],
        has_event=visited & (feed[0] > 0.02),
        has_row=~visited | (feed[1] > 0.01),
    )


def order_files(shop: Shop, orders: Orders) -> dict[str, list[list[str]]]:
    """Rows per file name: first the history up to start_date, then one file per day with new and changed orders.

    A change within the file's period is in the order's first row; a later change is another row with a newer
    updated_at. Changes after the last day are left out. Two in a hundred orders arrive a day late.
    """
    random = shop.random("orders feed")
    start = shop.start_seconds
    slow = random.random(len(orders.order_id)) < 0.02
    made = np.maximum(np.floor((orders.seconds - start) / DAY), -1)
    shown = (made + (slow & (made >= 0))).astype(np.int64)
    changed = np.floor((orders.changed_at - start) / DAY)
    files: dict[int, list[tuple[float, list[str]]]] = {day: [] for day in range(-1, shop.days)}
    ordered = iso_times(shop, orders.seconds)
    updated = iso_times(shop, np.where(orders.fate == PAID, orders.seconds, orders.changed_at))
    for row in np.flatnonzero(orders.has_row & (shown < shop.days)).tolist():
        first_is_final = changed[row] <= shown[row]
        key = float(orders.seconds[row])
        files[int(shown[row])].append((key, _row(orders, row, ordered[row], updated[row], final=first_is_final)))
        if not first_is_final and changed[row] < shop.days:
            later = _row(orders, row, ordered[row], updated[row], final=True)
            files[int(changed[row])].append((float(orders.changed_at[row]), later))
    return {f"orders-{shop.day(day)}.csv": [row for _, row in sorted(rows)] for day, rows in files.items()}


def _row(orders: Orders, row: int, ordered: str, updated: str, *, final: bool) -> list[str]:
    fate = int(orders.fate[row]) if final else PAID
    status = {REFUNDED: "refunded", PARTLY_REFUNDED: "paid", CANCELLED: "cancelled"}.get(fate, "paid")
    return [
        orders.order_id[row], orders.user_id[row], orders.anonymous_id[row], ordered, orders.value[row],
        orders.currency[row], status, orders.refunded[row] if final else money_text(0.0, orders.currency[row]),
        str(int(orders.items[row])), updated if final else ordered, "true" if fate == DELETED else "false",
    ]  # fmt: skip


def csv_text(columns: tuple[str, ...], rows: list[list[str]]) -> bytes:
    """A CSV file with its header, as bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
