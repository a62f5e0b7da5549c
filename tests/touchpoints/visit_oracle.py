"""An oracle for visits, plain Python straight from the rules, and random histories to compare on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar

from alias_oracle import Shop, person_of_each_login
from bronze_rows import NOON, Silver, hit_of

Row = dict[str, Any]

# Steps of a history's clock: at, just within and just over the limits of visits (30 minutes) and logins (2 days).
TICK = timedelta(microseconds=1)
HALF_HOUR, ONE_DAY, TWO_DAYS = timedelta(minutes=30), timedelta(days=1), timedelta(days=2)
STEPS = [
    *[timedelta(0), timedelta(minutes=1), timedelta(minutes=10), HALF_HOUR, HALF_HOUR + TICK] * 3,
    *[edge + tick for edge in (ONE_DAY, TWO_DAYS, 2 * TWO_DAYS) for tick in (-TICK, timedelta(0), TICK)],
    timedelta(hours=20),
]
ORIGINS: list[Row] = [
    {"source": "google", "medium": "cpc", "campaign": "spring", "click_id": "g1"},
    {"source": "google", "medium": "cpc", "campaign": "spring", "click_id": "g2"},
    {"source": "google", "medium": "cpc", "campaign": "spring"},
    {"source": "google", "medium": "organic"},
    {"source": "news", "medium": "email", "campaign": "april"},
]
NAMES = ["page_view"] * 5 + ["page_ping"] + ["ad_click"] * 2 + ["ad_impression", "purchase", "purchase"]


NO_DEVICE = "00000000-0000-0000-0000-000000000000"


@dataclass
class World:
    """A shop with up to three devices and users, its events and its orders."""

    name: str
    events: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)

    LOGIN_WINDOW_DAYS: ClassVar[int] = 2
    TIMEOUT: ClassVar[timedelta] = HALF_HOUR
    LONGEST: ClassVar[timedelta] = ONE_DAY
    MAX_EVENTS: ClassVar[int] = 4

    @classmethod
    def random(cls, name: str, chance: Random) -> World:
        devices = [f"{name}-d{number}" for number in range(chance.randint(1, 2))]
        users = [f"{name}-u{number}" for number in range(chance.randint(1, 3))]
        order_ids = [f"{name}-o{number}" for number in range(chance.randint(0, 3))]
        sent_rate = chance.choice([0.0, 0.15, 0.7])
        login_rate, nobody = chance.choice([0.0, 0.1, 0.3]), chance.choice([None, None, "guest"])
        world, moment = cls(name), NOON
        moments = []
        for number in range(chance.randint(1, 14)):
            moment += chance.choice(STEPS)
            moments.append(moment)
            event_name = chance.choice(NAMES)
            device = chance.choice(devices) if chance.random() > 0.05 else chance.choice([None, NO_DEVICE])
            user = chance.choice(users) if device is None or chance.random() < login_rate else nobody
            world.events.append(
                {
                    # Ids do not follow time, so that ties are not settled by the order of rows.
                    "event_id": f"{name}-e{chance.randrange(100):02}{number}",
                    "event_name": event_name,
                    "event_at": moment,
                    "anonymous_id": device,
                    "user_id": user if device or chance.random() < 0.7 else "0",
                    "platform": "server" if chance.random() < 0.1 else "web",
                    "sent_session_id": chance.choice(["1", "2", "3"]) if chance.random() < sent_rate else None,
                    "is_bot": chance.random() < 0.02,
                    "order_id": chance.choice(order_ids) if event_name == "purchase" and order_ids else None,
                    **(chance.choice(ORIGINS) if chance.random() < 0.5 else {}),
                }
            )
        for order_id in order_ids:
            for _ in range(chance.randint(0, 2)):
                device = chance.choice([*devices, None])
                user = chance.choice([*users, nobody]) if device else chance.choice(users)
                ordered_at = chance.choice(moments) + chance.choice([timedelta(0), TICK, timedelta(minutes=5)])
                updated_at = NOON + timedelta(days=chance.randint(0, 1))
                world.orders.append(
                    {
                        "order_id": order_id,
                        "anonymous_id": device,
                        "user_id": user if chance.random() < 0.5 or not device else None,
                        "order_at": ordered_at,
                        "updated_at": updated_at,
                    }
                )
        return world


@dataclass(frozen=True)
class SessionResult:
    person: str
    started_at: datetime
    ended_at: datetime
    events: int
    page_views: int
    source: str | None
    is_bot: bool


@dataclass(frozen=True)
class TouchResult:
    person: str
    session: str | None
    touched_at: datetime
    interaction: str


@dataclass
class Result:
    """What is compared. The id of a session is that of its first event instead of a hash."""

    persons: dict[str, str]
    session_of: dict[str, str | None]
    sessions: dict[str, SessionResult]
    touches: dict[str, TouchResult]

    @classmethod
    def of(cls, silver: Silver) -> Result:
        starts = {row["session_id"]: row["event_id"] for row in silver.visits if row["is_session_start"]}
        assert len(starts) == sum(row["is_session_start"] for row in silver.visits)
        names = {None: None, **starts}
        return cls(
            persons={row["event_id"]: row["person_id"] for row in silver.visits},
            session_of={row["event_id"]: names[row["session_id"]] for row in silver.visits},
            sessions={
                starts[row["session_id"]]: SessionResult(
                    row["person_id"],
                    row["started_at"],
                    row["ended_at"],
                    row["events"],
                    row["page_views"],
                    row["source"],
                    row["is_bot"],
                )
                for row in silver.sessions
            },
            touches={
                row["touchpoint_id"]: TouchResult(
                    row["person_id"], names[row["session_id"]], row["touched_at"], row["interaction"]
                )
                for row in silver.touchpoints
            },
        )

    def only(self, world: str) -> Result:
        """The part of one history."""

        def mine(rows: dict[str, Any]) -> dict[str, Any]:
            return {name: row for name, row in rows.items() if name.removeprefix("order:").startswith(f"{world}-")}

        return Result(mine(self.persons), mine(self.session_of), mine(self.sessions), mine(self.touches))


def result_of_oracle(world: World) -> Result:
    """The result by the rules, one event after the other."""
    world = World(world.name, [_known(row) for row in world.events], [_known(row) for row in world.orders])
    valid_orders = _valid_orders(world)
    buyer_of = _buyers(world, valid_orders)
    logins = _logins(world, valid_orders, buyer_of)
    result = Result({}, {}, {}, {})
    devices: dict[str, list[Row]] = defaultdict(list)
    for row in map(hit_of, world.events):
        user, device = row["user_id"], row["anonymous_id"]
        if user:
            person = f"user:{buyer_of.get(user, user)}"
        elif device:
            person = _person_at(device, row["event_at"], logins[device])
        else:
            person = f"event:{row['event_id']}"
        result.persons[row["event_id"]] = person
        devices[device or (f"user {user}" if user else row["event_id"])].append(row)
    for order in valid_orders:
        device = order["anonymous_id"]
        if device and order["user_id"] is None:
            result.persons[f"order:{order['order_id']}"] = _person_at(device, order["order_at"], logins[device])
            result.session_of[f"order:{order['order_id']}"] = None
    for rows in devices.values():
        _add_device(sorted(rows, key=lambda row: (row["event_at"], row["event_id"])), result)
    return result


def _known(row: Row) -> Row:
    return {name: None if value in ("guest", "0", NO_DEVICE) else value for name, value in row.items()}


def _valid_orders(world: World) -> list[Row]:
    newest: dict[str, Row] = {}
    for order in world.orders:
        if order["order_id"] not in newest or order["updated_at"] >= newest[order["order_id"]]["updated_at"]:
            newest[order["order_id"]] = order
    return list(newest.values())


def _buyers(world: World, valid_orders: list[Row]) -> dict[str, str]:
    """By login of a purchase event: the buyer of the feed whose alias it is, or itself."""
    purchases = [row for row in world.events if row["event_name"] == "purchase" and row["order_id"] and row["user_id"]]
    feed = {order["order_id"]: order["user_id"] for order in valid_orders if order["user_id"]}
    return person_of_each_login(Shop([(row["order_id"], row["user_id"]) for row in purchases], feed), max_aliases=1)


def _logins(
    world: World, valid_orders: list[Row], buyer_of: dict[str, str]
) -> dict[str, list[tuple[datetime, str, str]]]:
    logins: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    for event in world.events:
        if event["anonymous_id"] and event["user_id"]:
            user = buyer_of.get(event["user_id"], event["user_id"])
            logins[event["anonymous_id"]].append((event["event_at"], event["event_id"], user))
    for order in valid_orders:
        if order["user_id"] is None:
            continue
        if order["anonymous_id"]:
            login = (order["order_at"], f"order:{order['order_id']}", order["user_id"])
            logins[order["anonymous_id"]].append(login)
        for event in world.events:
            if event["order_id"] == order["order_id"] and event["anonymous_id"]:
                logins[event["anonymous_id"]].append((event["event_at"], event["event_id"], order["user_id"]))
    return logins


def _person_at(device: str, moment: datetime, logins: list[tuple[datetime, str, str]]) -> str:
    window = timedelta(days=World.LOGIN_WINDOW_DAYS)
    ahead = [login for login in logins if moment <= login[0] <= moment + window]
    behind = [login for login in logins if moment - window <= login[0] < moment]
    if ahead:
        return f"user:{min(ahead)[2]}"
    return f"user:{max(behind)[2]}" if behind else f"device:{device}"


def _origin(row: Row) -> tuple[str | None, ...]:
    return tuple(row.get(name) for name in ("source", "medium", "campaign", "click_id"))


@dataclass(eq=False)
class Visit:
    """A visit of a device, before it is cut: `sent` is the sender's id of it, `parts` have the events."""

    sent: str | None
    parts: list[list[Row]] = field(default_factory=list)
    origin: tuple[str | None, ...] = ()

    @property
    def last(self) -> Row:
        return self.parts[-1][-1]


def _add_device(rows: list[Row], result: Result) -> None:
    visits: list[Visit] = []
    touches: list[Row] = []
    by_id: dict[str, Visit] = {}
    latest: Visit | None = None
    for row in rows:
        result.session_of[row["event_id"]] = None
        if row["is_ad_event"]:
            touches.append(row)
        if not row["is_session_event"]:
            continue
        latest = _visit_of(row, latest, by_id, result)
        if latest not in visits:
            visits.append(latest)
        if _add_to(latest, row):
            touches.append(row)
    for part in (part for visit in visits for part in visit.parts):
        for row in part:
            result.session_of[row["event_id"]] = part[0]["event_id"]
        result.sessions[part[0]["event_id"]] = SessionResult(
            result.persons[part[0]["event_id"]],
            part[0]["event_at"],
            part[-1]["event_at"],
            len(part),
            sum(row["event_name"] == "page_view" for row in part),
            part[0].get("source"),
            any(row["is_bot"] for row in part) or len(part) > World.MAX_EVENTS,
        )
    _add_touches(touches, result)


def _visit_of(row: Row, latest: Visit | None, by_id: dict[str, Visit], result: Result) -> Visit:
    """The visit that the event is of: by its id, otherwise that of the event before it, otherwise a new one."""

    def continues(visit: Visit | None, limit: timedelta) -> bool:
        if visit is None or row["event_at"] - visit.last["event_at"] > limit:
            return False
        return result.persons[visit.last["event_id"]] == result.persons[row["event_id"]]

    sent = row["sent_session_id"]
    if sent is None:
        return latest if latest and continues(latest, World.TIMEOUT) else Visit(None)
    known = by_id.get(sent)
    if known is None and latest and latest.sent is None and continues(latest, World.TIMEOUT):
        latest.sent, by_id[sent] = sent, latest
    elif known is None or not continues(known, World.LONGEST):
        by_id[sent] = Visit(sent)
    return by_id[sent]


def _add_to(visit: Visit, row: Row) -> bool:
    """Whether the event, now the visit's last, is a touch."""
    first = visit.parts[0][0]["event_at"] if visit.parts else row["event_at"]
    whole_days = max((row["event_at"] - first - TICK) // World.LONGEST, 0)
    days_before = max((visit.last["event_at"] - first - TICK) // World.LONGEST, 0) if visit.parts else None
    has_origin, origin = row["has_origin"], _origin(row)
    if whole_days != days_before:
        visit.parts.append([row])
        visit.origin = origin
        return bool(has_origin or row["event_name"] != "page_ping")
    visit.parts[-1].append(row)
    if not has_origin or origin == visit.origin:
        return False
    visit.origin = origin
    return True


def _is_landing(landing: Row, click: Row) -> bool:
    is_same = click.get("click_id") is not None and landing.get("click_id") == click["click_id"]
    return is_same and abs(landing["event_at"] - click["event_at"]) <= ONE_DAY


def _add_touches(touches: list[Row], result: Result) -> None:
    human = []
    for row in touches:
        session = result.session_of[row["event_id"]]
        if not row["is_bot"] and not (session and result.sessions[session].is_bot):
            human.append(row)
    landings = [row for row in human if row["is_session_event"]]
    for row in human:
        if row["event_name"] == "ad_click" and any(_is_landing(landing, row) for landing in landings):
            continue
        result.touches[row["event_id"]] = TouchResult(
            result.persons[row["event_id"]],
            result.session_of[row["event_id"]],
            row["event_at"],
            "impression" if row["event_name"] == "ad_impression" else "click",
        )
