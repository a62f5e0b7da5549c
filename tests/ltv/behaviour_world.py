"""Random small worlds of silver rows: persons with devices, logins, visits, activity, touches and purchases."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from ltv.behaviour.facts import Silver
from warehouse.contracts import Table
from warehouse.tables.silver_activity import SILVER_ACTIVITY
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_identities import SILVER_IDENTITIES
from warehouse.tables.silver_orders import SILVER_ORDERS
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

ZONE = "Asia/Seoul"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAYS = 120
TABLES: dict[str, Table] = {
    "sessions": SILVER_SESSIONS,
    "activity": SILVER_ACTIVITY,
    "touchpoints": SILVER_TOUCHPOINTS,
    "conversions": SILVER_CONVERSIONS,
    "orders": SILVER_ORDERS,
    "identities": SILVER_IDENTITIES,
}
World = dict[str, list[dict[str, Any]]]


def after(days: float) -> dt.datetime:
    return START + dt.timedelta(seconds=round(days * 86_400))


def day_after(days: float) -> dt.date:
    return (after(days) + dt.timedelta(hours=9)).date()  # of ZONE


def visit(person: str, at: float, **more: Any) -> dict[str, Any]:
    """A visit of ten minutes that begins `at` days after START."""
    given = {
        "session_id": f"{person} {at}",
        "person_id": person,
        "anonymous_id": f"{person}'s phone",
        "started_at": after(at),
        "ended_at": after(at) + dt.timedelta(minutes=10),
        "events": 3,
        "page_views": 2,
        "platform": "web",
        "channel": "Direct",
        "is_bot": False,
    }
    return given | more


def purchase(person: str, at: float, value: float = 10, **more: Any) -> dict[str, Any]:
    given = {
        "conversion_id": f"{person} {at}",
        "conversion_type": "purchase",
        "is_final": True,
        "person_id": person,
        "converted_at": after(at),
        "order_id": f"{person} {at}",
        "report_gross_value": Decimal(str(value)),
        "report_value": Decimal(str(value)),
    }
    return given | more


def order(of: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {name: of[name] for name in ("order_id", "person_id")} | {"ordered_at": of["converted_at"], "items": 2}
    return given | more


def events(person: str, at: float, name: str = "view_item", number: int = 1, **more: Any) -> dict[str, Any]:
    given = {
        "person_id": person,
        "activity_date": day_after(at),
        "event_name": name,
        "page_group": "product",
        "platform": "web",
        "known_on": day_after(at),
        "events": number,
    }
    return given | more


def touch(person: str, at: float, **more: Any) -> dict[str, Any]:
    given = {
        "touchpoint_id": f"{person} {at}",
        "person_id": person,
        "anonymous_id": f"{person}'s phone",
        "touched_at": after(at),
        "interaction": "click",
        "channel": "Email",
        "is_retargeting": False,
        "is_abuse": False,
    }
    return given | more


def tie(person: str, since: float, known: float, until: float | None = None, **more: Any) -> dict[str, Any]:
    """The person's phone was the person's from `since` on, as is known from `known` on."""
    given = {
        "person_id": person,
        "anonymous_id": f"{person}'s phone",
        "user_id": person,
        "valid_from": after(since),
        "valid_to": None if until is None else after(until),
        "known_at": after(known),
    }
    return given | more


def is_of(tie: dict[str, Any], at: dt.datetime) -> bool:
    """Whether the moment lies in the interval of the tie."""
    return tie["valid_from"] <= at and (tie["valid_to"] is None or at < tie["valid_to"])


def random_world(seed: int, persons: int) -> World:
    """Persons who come and buy at random, on phones of their own whose tie is known sooner or later."""
    draw = random.Random(seed)
    world: World = {name: [] for name in TABLES}
    for number in range(persons):
        person = f"user:{seed}-{number}"
        on_phone: list[tuple[float, dict[str, Any]]] = []
        moments = sorted(round(draw.uniform(0, DAYS), 3) for _ in range(draw.choice((0, 1, 2, 5, 20))))
        for at in moments:
            kind = draw.random()
            of_visit = {
                "anonymous_id": draw.choice((f"{person}'s phone", f"{person}'s laptop", None)),
                "platform": draw.choice(("web", "ios", "android")),
                "channel": draw.choice(("Direct", "Email", "Paid Search")),
                "page_views": draw.randrange(5),
                "is_bot": draw.random() < 0.1,
                "ended_at": after(at) + dt.timedelta(minutes=draw.choice((0, 10, 600))),
            }
            world["sessions"].append(visit(person, at, **of_visit))
            for name in draw.sample(("view_item", "add_to_cart", "begin_checkout", "ad_click", "page_view"), 3):
                where = {"page_group": draw.choice("abc"), "platform": draw.choice(("web", "ios", "server"))}
                world["activity"].append(events(person, at, name, draw.randrange(1, 5), **where))
                if of_visit["anonymous_id"] == f"{person}'s phone":
                    on_phone.append((at, world["activity"][-1]))
            of_touch = {name: of_visit[name] for name in ("anonymous_id", "channel")}
            of_touch |= {"interaction": draw.choice(("click", "impression")), "is_abuse": draw.random() < 0.1}
            world["touchpoints"].append(touch(person, at, **of_touch, is_retargeting=draw.random() < 0.3))
            if kind < 0.4:
                bought = purchase(person, at, draw.randrange(1, 100))
                seen_on = draw.choice((None, f"{person}'s phone"))
                world["conversions"].append(bought)
                if draw.random() < 0.8:
                    world["orders"].append(order(bought, items=draw.choice((None, 1, 3)), seen_on=seen_on))
            elif kind < 0.5:
                world["conversions"].append(purchase(person, at, 0, conversion_type="sign_up", order_id=None))
        known = draw.uniform(0, DAYS)
        world["identities"].append(tie(person, known - 30, known, draw.choice((None, known + 30))))
        for at, row in on_phone:
            if is_of(world["identities"][-1], after(at)):
                row["known_on"] = day_after(max(at, known))
    keys = SILVER_ACTIVITY.key
    world["activity"] = list({tuple(row[name] for name in keys): row for row in world["activity"]}.values())
    return world


def with_untied_devices(world: World) -> World:
    """The world as silver has it: what was done on a phone outside of its tie is nobody's but the phone's. Every third
    person has no other device."""
    ties = {row["person_id"]: row for row in world["identities"]}
    phones_alone = {person for number, person in enumerate(ties) if number % 3 == 0}

    def owned(row: dict[str, Any], at: dt.datetime) -> dict[str, Any]:
        person = row["person_id"]
        device = f"{person}'s phone" if person in phones_alone else row["anonymous_id"]
        is_untied = person in ties and device == f"{person}'s phone" and not is_of(ties[person], at)
        return row | {"anonymous_id": device, "person_id": f"device:{device}" if is_untied else person}

    moments = {"sessions": "started_at", "touchpoints": "touched_at"}
    return world | {table: [owned(row, row[at]) for row in world[table]] for table, at in moments.items()}


def silver(spark: SparkSession, world: World) -> Silver:
    """The world as frames with the columns of the contracts, null where a row does not say."""

    def frame(name: str) -> DataFrame:
        table = TABLES[name]
        rows = [tuple(row.get(column) for column in table.column_names) for row in world.get(name, [])]
        return spark.createDataFrame(rows, table.ddl)

    return Silver(**{name: frame(name) for name in TABLES})


def as_known_on(world: World, as_of: dt.datetime) -> World:
    """The rows that the tables would have held if nothing had happened from as_of on (a midnight of ZONE)."""
    end = {
        "sessions": "ended_at",
        "touchpoints": "touched_at",
        "conversions": "converted_at",
        "orders": "ordered_at",
        "identities": "known_at",
    }
    last_day = (as_of + dt.timedelta(hours=9)).date() - dt.timedelta(days=1)
    known = {name: [row for row in world[name] if row[moment] < as_of] for name, moment in end.items()}
    untied = {(row["anonymous_id"], row["person_id"]): row for row in world["identities"] if row["known_at"] >= as_of}

    def is_tied(row: dict[str, Any], device: str, at: dt.datetime) -> bool:
        later = untied.get((row.get(device), row["person_id"]))
        return later is None or not is_of(later, at)

    known["sessions"] = [row for row in known["sessions"] if is_tied(row, "anonymous_id", row["started_at"])]
    known["touchpoints"] = [row for row in known["touchpoints"] if is_tied(row, "anonymous_id", row["touched_at"])]
    seen_on = {row["order_id"]: row for row in known["orders"]}
    known["conversions"] = [
        row for row in known["conversions"]
        if is_tied(seen_on.get(row["order_id"], row), "seen_on", row["converted_at"])
    ]  # fmt: skip
    known["activity"] = [row for row in world["activity"] if max(row["activity_date"], row["known_on"]) <= last_day]
    return known


def made(frame: DataFrame) -> DataFrame:
    """The same rows, made once for all who read them."""
    return frame.sparkSession.createDataFrame(frame.toArrow())
