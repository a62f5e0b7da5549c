"""Small random worlds, many in one landing folder: inputs of a shop that affect each other, by seed.

Every id has its world's prefix, so that worlds share a lake without affecting each other; they share only the exchange
rates and the sums of gold.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

Row = dict[str, Any]

FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 45  # more than the login window and the lookback, so that both end inside a world
# From a visit's start: the same moment, within a session, exactly its gap, over it, hours later.
STEPS = (0, 0, 60, 600, 1800, 1801, 7200)
PAGES = (
    "https://shop.example/?utm_source=google&utm_medium=cpc&utm_campaign={world}-spring",
    "https://shop.example/?utm_source=google&utm_medium=cpc&utm_campaign={world}-0",
    "https://shop.example/?gclid={click}&gad_campaignid={world}-1",
    "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign={world}-news",
    "https://shop.example/?utm_source=facebook&utm_medium=paid_social",
    "https://shop.example/shoes",
)
REFERRERS = (None, None, "https://www.google.com/", "https://blog.example.org/x", "https://shop.example/")
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
NAMES = ("page_view",) * 6 + ("view_item", "view_item", "add_to_cart", "sign_up", "app_install", "ad_click", "ad_click")
NAMES += ("ad_impression", "purchase", "purchase", "refund", "login", "heartbeat")
ORDER_FIELDS = ("order_id", "user_id", "anonymous_id", "order_ts", "value", "currency", "status", "refunded_value")
ORDER_FIELDS += ("updated_at", "deleted")
SPEND_FIELDS = ("date", "platform", "account_id", "campaign_id", "campaign_name", "impressions", "clicks", "spend")
SPEND_FIELDS += ("currency", "exported_at")
RATE_FIELDS = ("date", "currency", "report_currency", "rate", "exported_at")


CLICK_FIELDS = ("gclid", "date", "campaign_id", "campaign_name", "exported_at")


@dataclass
class World:
    """One world's rows, in the input contract."""

    name: str
    events: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    spend: list[list[Row]] = field(default_factory=list)  # one list per export: its rows land in one file
    clicks: list[Row] = field(default_factory=list)


def make_world(name: str, random: Random) -> World:
    """Devices, logins, orders in versions and spend restated: 10 to 25 events."""
    world = World(name)
    devices = [f"{name}-d{number}" for number in range(random.randint(1, 3))]
    users = [f"{name}-u{number}" for number in range(random.randint(1, 3))]
    orders = [f"{name}-o{number}" for number in range(random.randint(1, 3))]
    logins = _logins(name, random, users)
    while len(world.events) < random.randint(10, 20):
        _visit(world, random, devices, list(logins), orders)
    if list(logins) != users:
        _purchases(world, random, devices, list(logins), orders)
    for event in random.sample(world.events, k=min(2, len(world.events))):
        # The same id again: as it was, or with another payload; received before or after.
        again = {**event, **_other_payload(random, devices, list(logins))}
        if random.random() < 0.5:
            again["received_ts"] = _received(again, random)
        world.events.append(again)
    for order in (*orders, *_own_orders(world)):
        if random.random() < 0.75:
            # Few orders are of somebody whom the tracker did not see buy them.
            seen = _buyers(world, order, logins) if random.random() < 0.85 else []
            _versions(world, random, order, devices, seen or users)
    _spend(world, random)
    _clicks(world, random)
    _consents(world)
    return world


def _consents(world: World) -> None:
    """Some events give their consents. Equal copies of an event give the same, others their own; nothing is drawn from
    what the rest of the world is drawn from."""
    for event in world.events:
        content = sorted((name, str(value)) for name, value in event.items() if name != "received_ts")
        random = Random(repr(content))
        if random.random() < 0.3:
            event["consent"] = json.dumps({"analytics": random.random() < 0.5, "ads": random.random() < 0.5})


def _other_payload(random: Random, devices: Sequence[str], users: Sequence[str]) -> Row:
    moment = _iso(FIRST_DAY + timedelta(days=random.randint(0, DAYS - 2)))
    return random.choice(
        (
            {},
            {"country": "KR"},
            {"anonymous_id": random.choice(devices)},
            {"user_id": random.choice(users)},
            {"event_name": "page_view"},
            {"event_ts": moment},
        )
    )


def _logins(name: str, random: Random, users: Sequence[str]) -> dict[str, str | None]:
    """How the tracker names the users, each with the shop's name: the same, all others, or one till for all of them."""
    kind = random.choice(("same", "same", "other", "other", "till"))
    if kind == "same":
        return {user: user for user in users}
    if kind == "till":
        return {f"{name}-till": None}
    return {f"{name}-t{number}": user for number, user in enumerate(users)}


def _buyers(world: World, order: str, logins: Mapping[str, str | None]) -> list[str]:
    """Whom the tracker saw buy the order, by the shop's names."""
    seen = [logins.get(event.get("user_id", "")) for event in world.events if event.get("order_id") == order]
    return [user for user in seen if user]


def _own_orders(world: World) -> list[str]:
    """The order ids of purchase events that name none."""
    is_own = [event["event_name"] == "purchase" and "order_id" not in event for event in world.events]
    return [f"event:{event['event_id']}" for event, own in zip(world.events, is_own, strict=True) if own]


def _visit(world: World, random: Random, devices: Sequence[str], users: Sequence[str], orders: Sequence[str]) -> None:
    device, user = random.choice(devices), random.choice(users)  # a device may be shared, a user have several
    moment = FIRST_DAY + timedelta(days=random.randint(0, DAYS - 2), hours=random.randint(0, 23))
    logged_in_from = random.choice((0, 1, 2, 9, 9, 9))
    agent = BOT if random.random() < 0.04 else None
    sent = f"{world.name}-s{random.randint(0, 3)}" if random.random() < 0.15 else None
    for step in range(random.randint(1, 5)):
        moment += timedelta(seconds=random.choice(STEPS))
        known = step >= logged_in_from
        event = {
            "event_id": f"{world.name}-e{len(world.events)}",
            "event_name": random.choice(NAMES),
            "event_ts": _iso(moment),
            "anonymous_id": device if random.random() > 0.03 else "undefined",
            "user_id": random.choice((user, user, user, "guest")) if known else None,
            "platform": random.choice(("web", "web", "web", "web", "ios", "server")),
            "session_id": sent,
            "user_agent": agent,
        }
        event["received_ts"] = _received(event, random) if random.random() < 0.7 else None
        if event["platform"] != "server":
            click = f"{world.name}-c{random.randint(0, 4)}"
            event["page_url"] = random.choice(PAGES).format(world=world.name, click=click)
            event["referrer"] = random.choice(REFERRERS)
        if event["event_name"] in ("purchase", "refund"):
            event |= {
                # A refund must name its order.
                "order_id": random.choice(
                    (*orders, *_own_orders(world)) if event["event_name"] == "refund" else (*orders, None)
                ),
                "value": str(random.randint(0, 40)),
                "currency": random.choice(("USD", "EUR")),
            }
            if event["event_name"] == "purchase" and random.random() < 0.4:
                server_fields = {"event_id": f"{event['event_id']}-s", "platform": "server", "page_url": None}
                world.events.append({**event, **server_fields})
        world.events.append({name: value for name, value in event.items() if value is not None})


def _purchases(
    world: World, random: Random, devices: Sequence[str], logins: Sequence[str], orders: Sequence[str]
) -> None:
    """Purchases by people whom the shop names differently."""
    for order in orders:
        if random.random() < 0.6:
            moment = FIRST_DAY + timedelta(days=random.randint(0, DAYS - 2), hours=random.randint(0, 23))
            event = {"event_id": f"{world.name}-e{len(world.events)}", "event_name": "purchase", "order_id": order}
            event |= {"event_ts": _iso(moment), "user_id": random.choice(logins), "value": "7", "currency": "USD"}
            world.events.append({**event, "anonymous_id": random.choice(devices), "platform": "web"})


def _versions(world: World, random: Random, order: str, devices: Sequence[str], users: Sequence[str]) -> None:
    moment = FIRST_DAY + timedelta(days=random.randint(0, DAYS - 2), minutes=random.randint(0, 1439))
    buyer = random.choice(users) if random.random() < 0.6 else None
    row = {
        "order_id": order,
        "user_id": buyer,
        "anonymous_id": random.choice(devices) if buyer is None or random.random() < 0.5 else None,
        "order_ts": _iso(moment),
        "value": str(random.randint(1, 60)),
        "currency": random.choice(("USD", "EUR")),
        "status": "paid",
        "deleted": "false",
    }
    has_updated_at = random.random() < 0.6
    for version in range(random.randint(1, 4)):
        if version:
            row = {**row, **_change(row, random, devices, users)}
        if has_updated_at:
            row = {**row, "updated_at": _iso(moment + timedelta(hours=version))}
        world.orders.append(row)


def _change(row: Row, random: Random, devices: Sequence[str], users: Sequence[str]) -> Row:
    changes = (
        {"status": "paid", "deleted": "false"},
        {"status": "cancelled"},
        {"status": "refunded", "refunded_value": ""},
        {"status": "refunded", "refunded_value": str(random.randint(1, 20))},
        {"deleted": "true"},
        {"value": str(random.randint(1, 60))},
        {"user_id": random.choice(users)},
        {"user_id": None, "anonymous_id": random.choice(devices)},
        {"anonymous_id": random.choice(devices)},
        {"currency": random.choice(("USD", "EUR"))},
        {"order_ts": _iso(FIRST_DAY + timedelta(days=random.randint(0, DAYS - 2)))},
    )
    return random.choice(changes)


def _spend(world: World, random: Random) -> None:
    for _ in range(random.randint(0, 2)):
        day = FIRST_DAY + timedelta(days=random.randint(0, DAYS - 1))
        for export in range(random.randint(1, 3)):
            world.spend.append(
                [
                    {
                        "date": f"{day:%Y-%m-%d}",
                        "platform": "google_ads",
                        "account_id": f"{world.name}-a",
                        "campaign_id": f"{world.name}-{campaign}",
                        # A campaign may get another name: its id's rows of every day follow.
                        "campaign_name": random.choice(
                            (f"{world.name}-spring", f"{world.name}-news", f"{world.name}-Spring 2", "")
                        ),
                        "impressions": random.randint(10, 99),
                        "clicks": random.randint(0, 9),
                        "spend": str(random.randint(0, 500) / 100),
                        "currency": random.choice(("USD", "EUR")),
                        "exported_at": _iso(day + timedelta(days=1, hours=export)),
                    }
                    for campaign in range(random.randint(1, 2))
                ]
            )


def _clicks(world: World, random: Random) -> None:
    """Some of the clicks with their campaign, some of them exported again with another one."""
    for number in random.sample(range(5), k=random.randint(0, 3)):
        day = FIRST_DAY + timedelta(days=random.randint(0, DAYS - 1))
        for export in range(random.randint(1, 2)):
            world.clicks.append(
                {
                    "gclid": f"{world.name}-c{number}",
                    "date": f"{day:%Y-%m-%d}",
                    "campaign_id": f"{world.name}-{random.randint(0, 1)}",
                    "campaign_name": random.choice((f"{world.name}-spring", f"{world.name}-shopping", "")),
                    "exported_at": _iso(day + timedelta(days=1, hours=export)),
                }
            )


@dataclass(frozen=True)
class Cut:
    """Worlds cut into batches of files: `files[batch]` has each file's name below the landing folder and its text."""

    files: Sequence[Mapping[str, str]]

    def land(self, root: Path, *batches: int) -> None:
        """Writes the files of these batches (all where none is named)."""
        for batch in batches or range(len(self.files)):
            for name, text in self.files[batch].items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)


def cut_worlds(count: int, *, seed: int, batches: int) -> Cut:
    """`count` worlds whose rows lie in random batches: what happened first may come last."""
    random = Random(seed)
    worlds = [make_world(f"w{number:04d}", random) for number in range(count)]
    events: list[list[Row]] = [[] for _ in range(batches)]
    orders: list[list[Row]] = [[] for _ in range(batches)]
    spend: list[list[list[Row]]] = [[] for _ in range(batches)]
    clicks: list[list[Row]] = [[] for _ in range(batches)]
    for world in worlds:
        of_kinds = ((world.events, events), (world.orders, orders), (world.spend, spend), (world.clicks, clicks))
        for rows, lists in of_kinds:
            # Some worlds have rows in only a few of the batches.
            chosen = random.sample(range(batches), k=random.randint(2, batches))
            for row in rows:
                lists[random.choice(chosen)].append(row)  # type: ignore[arg-type]
    return Cut(
        [_files(batch, random, events=events, orders=orders, spend=spend, clicks=clicks) for batch in range(batches)]
    )


def _files(
    batch: int,
    random: Random,
    *,
    events: Sequence[list[Row]],
    orders: Sequence[list[Row]],
    spend: Sequence[list[list[Row]]],
    clicks: Sequence[list[Row]],
) -> dict[str, str]:
    # Names do not follow the order of landing: of two versions of an order the one with the later name wins anyway.
    def name(kind: str, part: int, end: str) -> str:
        return f"{kind}/{random.randint(0, 999):03d}-{batch}-{part}.{end}"

    files = {}
    for part in range(2):
        mine = [row for number, row in enumerate(events[batch]) if number % 2 == part]
        random.shuffle(mine)
        files[name("events", part, "jsonl")] = "".join(json.dumps(row) + "\n" for row in mine)
        mine = [row for number, row in enumerate(orders[batch]) if number % 2 == part]
        random.shuffle(mine)
        files[name("orders", part, "csv")] = _csv(ORDER_FIELDS, mine)
    # Rows of one account and day of one export are in one file; other exports are in other files.
    exports: list[list[Row]] = [[], [], []]
    for number, rows in enumerate(spend[batch]):
        exports[number % 3].extend(rows)
    files |= {name("ad_spend", part, "csv"): _csv(SPEND_FIELDS, rows) for part, rows in enumerate(exports) if rows}
    if clicks[batch]:
        files[name("click_views", 0, "csv")] = _csv(CLICK_FIELDS, clicks[batch])
    files[name("skan_postbacks", 0, "jsonl")] = "".join(json.dumps(row) + "\n" for row in _postbacks(batch))
    files[name("exchange_rates", 0, "csv")] = _csv(RATE_FIELDS, _rates(batch, random))
    return files


def _postbacks(batch: int) -> list[Row]:
    """Postbacks of Apple, many of which land in several batches, and some with another time of receipt or value."""
    random = Random(f"postbacks of {batch}")
    return [
        {
            "version": "4.0",
            "ad_network_id": random.choice(("v9wttpbfk9.skadnetwork", "other.skadnetwork")),
            "transaction_id": f"t{random.randint(0, 30)}",
            "source_identifier": random.choice(("52", "5239")),
            "app_id": str(random.randint(1, 3)),
            "did_win": random.choice(("true", "true", "false")),
            "postback_sequence_index": str(random.randint(0, 1)),
            "conversion_value": random.choice(("", "12", "63")),
            "received_at": _iso(FIRST_DAY + timedelta(hours=random.choice((10, 20, 200)))),
        }
        for _ in range(40)
    ]


def _rates(batch: int, random: Random) -> list[Row]:
    """In the first batch the rate of every fifth day; later, rates of two random days."""
    days = range(-5, DAYS + 5, 5) if batch == 0 else random.sample(range(DAYS), k=2)
    return [
        {
            "date": f"{FIRST_DAY + timedelta(days=day):%Y-%m-%d}",
            "currency": "EUR",
            "report_currency": "USD",
            "rate": f"1.{random.randint(0, 99):02d}",
            "exported_at": _iso(FIRST_DAY + timedelta(days=60, hours=batch)),
        }
        for day in days
    ]


def _received(event: Row, random: Random) -> str:
    event_at = datetime.fromisoformat(event["event_ts"])
    # A clock that runs 10 minutes fast is corrected to the moment of receipt.
    return _iso(event_at + timedelta(minutes=random.choice((-10, 0, 1, 60, 3000))))


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _csv(fields: Sequence[str], rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
