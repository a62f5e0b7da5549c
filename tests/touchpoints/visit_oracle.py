"""An oracle for visits, plain Python straight from the rules, and random histories to compare on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar

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
NAMES = ["page_view"] * 6 + ["ad_click"] * 2 + ["ad_impression", "purchase", "purchase"]


NO_DEVICE = "00000000-0000-0000-0000-000000000000"


@dataclass
class World:
    """A shop with up to three devices and users, its events and its orders."""

    name: str
    events: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)

    LOGIN_WINDOW_DAYS: ClassVar[int] = 2
    TIMEOUT: ClassVar[timedelta] = HALF_HOUR
    MAX_EVENTS: ClassVar[int] = 4

    @classmethod
    def random(cls, name: str, chance: Random) -> World:
        devices = [f"{name}-d{number}" for number in range(chance.randint(1, 2))]
        users = [f"{name}-u{number}" for number in range(chance.randint(1, 3))]
        order_ids = [f"{name}-o{number}" for number in range(chance.randint(0, 3))]
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
                    "sent_session_id": chance.choice(["1", "2"]) if chance.random() < 0.15 else None,
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
    logins = _logins(world, valid_orders)
    result = Result({}, {}, {}, {})
    devices: dict[str, list[Row]] = defaultdict(list)
    for row in map(hit_of, world.events):
        user, device = row["user_id"], row["anonymous_id"]
        if user:
            person = f"user:{user}"
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


def _logins(world: World, valid_orders: list[Row]) -> dict[str, list[tuple[datetime, str, str]]]:
    logins: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    for event in world.events:
        if event["anonymous_id"] and event["user_id"]:
            logins[event["anonymous_id"]].append((event["event_at"], event["event_id"], event["user_id"]))
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


def _add_device(rows: list[Row], result: Result) -> None:
    sessions: list[list[Row]] = []
    touches: list[Row] = []
    origin: tuple[str | None, ...] = ()
    for row in rows:
        result.session_of[row["event_id"]] = None
        if row["is_ad_event"]:
            touches.append(row)
        if not row["is_session_event"]:
            continue
        if not sessions or _is_split(sessions[-1][-1], row, result):
            sessions.append([])
            touches.append(row)
            origin = _origin(row)
        elif row["has_origin"] and _origin(row) != origin:
            touches.append(row)
            origin = _origin(row)
        sessions[-1].append(row)
        result.session_of[row["event_id"]] = sessions[-1][0]["event_id"]
    for session in sessions:
        result.sessions[session[0]["event_id"]] = SessionResult(
            result.persons[session[0]["event_id"]],
            session[0]["event_at"],
            session[-1]["event_at"],
            len(session),
            sum(row["event_name"] == "page_view" for row in session),
            session[0].get("source"),
            any(row["is_bot"] for row in session) or len(session) > World.MAX_EVENTS,
        )
    _add_touches(touches, result)


def _is_split(last: Row, row: Row, result: Result) -> bool:
    if result.persons[last["event_id"]] != result.persons[row["event_id"]]:
        return True
    if last["sent_session_id"] and row["sent_session_id"]:
        return bool(last["sent_session_id"] != row["sent_session_id"])
    return bool(row["event_at"] - last["event_at"] > World.TIMEOUT)


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
