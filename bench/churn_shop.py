"""Silver of simulated shops, written as Parquet without landed files: for measurements of churn alone.

Persons are the simulator's own, so identities play no part here. `even_shop` is one whose behaviour predicts nothing:
all customers visit and buy at one rate, for ever.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from ltv.behaviour.facts import Silver
from simulator.campaigns import CAMPAIGNS
from simulator.people import KINDS
from simulator.shop import Shop
from simulator.timeline import ADD_TO_CART, BEGIN_CHECKOUT, BROWSING, LANDING, make_timeline
from simulator.world import make_world

Columns = dict[str, Any]
ZONE = "Asia/Seoul"
NAMES = {BROWSING: "view_item", ADD_TO_CART: "add_to_cart", BEGIN_CHECKOUT: "begin_checkout", LANDING: "page_view"}
TABLES = ("sessions", "activity", "touchpoints", "conversions", "orders", "identities")
OF_TOUCHES = ("anonymous_id", "source", "medium", "campaign", "campaign_id")  # which nobody reads here
MONEY, MOMENT = pa.decimal128(18, 6), pa.timestamp("us", "UTC")


def simulated(folder: Path, shop: Shop) -> None:
    """The tables of a simulated shop, below `folder`."""
    world = make_world(shop)
    visits, people, timeline = world.visits, world.people, make_timeline(world)
    begin, channel = shop.seconds(visits.time), np.array([campaign.key for campaign in CAMPAIGNS])[visits.campaign]
    steps = np.bincount(timeline.visit, minlength=visits.count)
    device = people.devices.kind[visits.device]
    who = np.char.add("user:", visits.person.astype(str))
    of_visit: Columns = {
        "session_id": np.arange(visits.count).astype(str),
        "person_id": who,
        "anonymous_id": visits.device.astype(str),
        "started_at": _moments(begin),
        "ended_at": _moments(begin + 60.0 * steps),
        "page_views": steps,
        "platform": np.array([kind[0] for kind in KINDS])[device],
        "channel": np.where(channel == "direct", "Direct", np.where(channel == "newsletter", "Email", channel)),
        "is_bot": np.zeros(visits.count, dtype=bool),
    }
    seen = {
        "person_id": np.char.add("user:", world.impressions.person.astype(str)),
        "at": shop.seconds(world.impressions.time),
    }
    touches = {
        "person_id": np.concatenate([who, seen["person_id"]]),
        "touched_at": _moments(np.concatenate([begin, seen["at"]])),
        "channel": np.concatenate([of_visit["channel"], np.full(len(seen["at"]), "Display")]),
        "interaction": np.repeat(["click", "impression"], [len(who), len(seen["at"])]),
        "is_retargeting": np.concatenate([channel == "retargeting", np.ones(len(seen["at"]), dtype=bool)]),
    }
    known = np.isin(timeline.step, list(NAMES))
    events = {
        "person_id": who[timeline.visit[known]],
        "activity_date": _days(timeline.seconds[known], shop),
        "event_name": np.array([NAMES.get(step, "") for step in range(9)])[timeline.step[known]],
    }
    bought = world.purchases
    random = shop.random("values of the measurement")
    spend = 6.0 * random.gamma(shop.spend_p, 1.0, len(bought.person)) / people.spend_rate[bought.person]
    purchases = {
        "person_id": np.char.add("user:", bought.person.astype(str)),
        "converted_at": _moments(shop.seconds(bought.time)),
        "value": np.round(spend, 2),
    }
    _write(folder, of_visit, events, touches, purchases)


def even_shop(folder: Path, *, seed: int, days: int, customers: int, visits_a_day: float = 0.04) -> None:
    """The tables of a shop in which nothing predicts anything, below `folder`."""
    random = np.random.default_rng(seed)
    shop = Shop(seed=seed, days=days)

    def moments(count: int, since: float) -> tuple[Any, Any]:
        person = random.integers(0, customers, count)
        return np.char.add("user:", person.astype(str)), shop.start_seconds + 86_400 * random.uniform(
            since, days, count
        )

    who, begin = moments(round(customers * visits_a_day * days), 0.0)
    buyer, when = moments(round(customers * 0.01 * (days + 300)), -300.0)
    of_visit: Columns = {
        "session_id": np.arange(len(who)).astype(str),
        "person_id": who,
        "anonymous_id": who,
        "started_at": _moments(begin),
        "ended_at": _moments(begin + 300),
        "page_views": random.integers(1, 6, len(who)),
        "platform": random.choice(["web", "ios"], len(who)),
        "channel": random.choice(["Direct", "Email", "Paid Search"], len(who)),
        "is_bot": np.zeros(len(who), dtype=bool),
    }
    touches = {"person_id": who, "touched_at": of_visit["started_at"], "channel": of_visit["channel"]}
    touches |= {"interaction": np.full(len(who), "click"), "is_retargeting": random.random(len(who)) < 0.1}
    names = random.choice(list(NAMES.values()), len(who))
    events = {"person_id": who, "activity_date": _days(begin, shop), "event_name": names}
    purchases = {"person_id": buyer, "converted_at": _moments(when), "value": random.integers(1, 99, len(buyer)) * 1.0}
    _write(folder, of_visit, events, touches, purchases)


def even_arrivals(folder: Path, *, seed: int, days: int, people: int) -> None:
    """The tables of a shop whose new users come on any day and then visit and buy at one rate, whoever they are."""
    random = np.random.default_rng(seed)
    shop = Shop(seed=seed, days=days)
    arrival = random.uniform(0, days, people)

    def later(rate: float) -> tuple[Any, Any]:
        person = np.repeat(np.arange(people), random.poisson(rate * (days - arrival)))
        return person, random.uniform(arrival[person], days)

    visits, purchases = later(0.1), later(0.004)
    person, time = (
        np.concatenate([first, more]) for first, more in zip((np.arange(people), arrival), visits, strict=True)
    )
    channel = random.choice(["Direct", "Email", "Paid Search", "Paid Social"], people)[person]
    who, begin = np.char.add("user:", person.astype(str)), shop.start_seconds + 86_400 * time
    of_visit: Columns = {
        "session_id": np.arange(len(who)).astype(str),
        "person_id": who,
        "anonymous_id": who,
        "started_at": _moments(begin),
        "ended_at": _moments(begin),
        "page_views": random.integers(1, 6, len(who)),
        "platform": random.choice(["web", "ios"], len(who)),
        "channel": channel,
        "is_bot": np.zeros(len(who), dtype=bool),
    }
    touches = {"person_id": who, "touched_at": of_visit["started_at"], "channel": channel}
    touches |= {"interaction": np.full(len(who), "click"), "is_retargeting": random.random(len(who)) < 0.1}
    names = random.choice(list(NAMES.values()), len(who))
    events = {"person_id": who, "activity_date": _days(begin, shop), "event_name": names}
    buyer, when = purchases
    bought = {
        "person_id": np.char.add("user:", buyer.astype(str)),
        "converted_at": _moments(shop.start_seconds + 86_400 * when),
        "value": np.round(10 * random.gamma(2.0, 1.0, len(buyer)), 2),
    }
    _write(folder, of_visit, events, touches, bought)


def read(spark: SparkSession, folder: Path) -> Silver:
    """The tables below `folder`."""
    return Silver(**{name: spark.read.parquet(str(folder / f"{name}.parquet")) for name in TABLES})


def _write(folder: Path, visits: Columns, events: Columns, touches: Columns, purchases: Columns) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    number = np.arange(len(purchases["value"])).astype(str)
    activity = pa.table(events).group_by(["person_id", "activity_date", "event_name"]).aggregate([([], "count_all")])
    groups = pa.array(["product"] * activity.num_rows), pa.array(["web"] * activity.num_rows)
    activity = activity.rename_columns(["person_id", "activity_date", "event_name", "events"])
    activity = activity.append_column("known_on", activity["activity_date"])
    tables = {
        "sessions": pa.table(visits),
        "activity": activity.append_column("page_group", groups[0]).append_column("platform", groups[1]),
        "touchpoints": pa.table(
            touches
            | dict.fromkeys(OF_TOUCHES, pa.nulls(len(touches["person_id"]), pa.string()))
            | {"touchpoint_id": np.arange(len(touches["person_id"])).astype(str)}
            | {"is_abuse": np.zeros(len(touches["person_id"]), dtype=bool)}
        ),
        "conversions": pa.table(
            {
                "conversion_type": np.full(len(number), "purchase"),
                "person_id": purchases["person_id"],
                "converted_at": purchases["converted_at"],
                "order_id": number,
                "report_gross_value": pa.array(purchases["value"]).cast(MONEY, safe=False),
                "report_value": pa.array(purchases["value"]).cast(MONEY, safe=False),
                "report_currency": np.full(len(number), "KRW"),
            }
        ),
        "orders": pa.table(
            {"order_id": number, "person_id": purchases["person_id"], "items": np.ones(len(number), dtype=np.int64)}
            | {"seen_on": pa.nulls(len(number), pa.string())}
        ),
        "identities": pa.schema(
            [("person_id", pa.string()), ("anonymous_id", pa.string())]
            + [(name, MOMENT) for name in ("valid_from", "valid_to", "known_at")]
        ).empty_table(),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")


def _moments(seconds: Any) -> pa.Array:
    return pa.array((seconds * 1e6).astype(np.int64)).cast(MOMENT)


def _days(seconds: Any, shop: Shop) -> pa.Array:
    local = seconds + shop.offset / dt.timedelta(seconds=1)
    return pa.array((local // 86_400).astype(np.int32)).cast(pa.date32())
