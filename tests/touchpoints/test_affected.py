from __future__ import annotations

from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from touchpoints.affected import Affected, find_affected
from touchpoints.affected_on_driver import AffectedIds, affected_on_driver
from touchpoints.ties import TIES, ties_of
from warehouse.staging import Staging

Tie = tuple[str, str | None, str | None, str | None, str | None]
NAMES = [column.split(" ")[0] for column in TIES.split(", ")]
EVENTS = "event_id string, event_name string, anonymous_id string, user_id string, order_id string"
ORDERS = "order_id string, anonymous_id string, user_id string"


def changed(device: str | None = None, user: str | None = None, order: str | None = None) -> Tie:
    return "changed", device, user, order, None


def link(device: str, user: str | None = None, order: str | None = None) -> Tie:
    return "link", device, user, order, None


def version(order: str, user: str | None = None, device: str | None = None) -> Tie:
    return "version", device, user, order, None


def renamed(user: str) -> Tie:
    return "renamed", None, user, None, None


def person(person_id: str) -> Tie:
    return "person", None, None, None, person_id


def ids_of(*ties: Tie) -> AffectedIds:
    columns = [pa.array(column, pa.string()) for column in zip(*ties, strict=True)]
    return affected_on_driver(
        pa.table({name: pa.array(c, pa.string()) for name, c in zip(NAMES, columns, strict=True)})
    )


CASES = {
    "a device's event affects the device's own person": (
        [changed("a:phone")],
        AffectedIds({"device:phone"}, {"a:phone"}, set()),
    ),
    "and everybody who ever logged in on it, on all their devices": (
        [changed("a:phone"), link("a:phone", "ann"), link("a:laptop", "ann"), link("a:tv", "bob")],
        AffectedIds({"device:phone", "user:ann"}, {"a:phone", "a:laptop", "u:ann"}, set()),
    ),
    "but not who shares another device with them": (
        [changed("a:phone"), link("a:phone", "ann"), link("a:laptop", "ann"), link("a:laptop", "bob")],
        AffectedIds({"device:phone", "user:ann"}, {"a:phone", "a:laptop", "u:ann"}, set()),
    ),
    "a changed order affects its buyer and the devices of its events": (
        [changed(order="o1"), version("o1", "ann"), link("a:phone", order="o1"), link("a:tv", order="o2")],
        AffectedIds({"order:o1", "user:ann", "device:phone"}, {"a:phone", "u:ann"}, {"o1"}),
    ),
    "an order needs the input of all devices that name it": (
        [changed("a:phone"), link("a:phone", order="o1"), link("a:laptop", order="o1")],
        AffectedIds({"device:phone"}, {"a:phone", "a:laptop"}, {"o1"}),
    ),
    "an event without device and login is a person of its own": (
        [changed("e:e1")],
        AffectedIds({"event:e1"}, {"e:e1"}, set()),
    ),
    "a login that became an alias affects everybody on its devices, and its buyer on all theirs": (
        [renamed("7"), renamed("ann"), link("a:phone", "ann"), link("a:phone", "bob"), link("a:tv", "bob"),
         link("u:7", "ann"), version("o1", "ann"), link("a:laptop", "ann", "o1")],
        AffectedIds(
            {"user:7", "user:ann", "user:bob", "device:phone", "device:laptop"},
            {"u:7", "u:ann", "u:bob", "a:phone", "a:tv", "a:laptop"},
            {"o1"},
        ),
    ),
    "a person named in any case brings devices and orders": (
        [person("user:ann"), person("order:o9"), version("o1", "ann"), link("a:phone", "ann")],
        AffectedIds({"user:ann", "order:o9"}, {"u:ann", "a:phone"}, {"o1", "o9"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_on_the_driver(case: str) -> None:
    ties, expected = CASES[case]
    assert ids_of(*ties) == expected


def random_input(random: Random) -> tuple[list[tuple[str | None, ...]], list[tuple[str | None, ...]]]:
    def one_of(kind: str) -> str | None:
        return random.choice((None, *(f"{kind}{number}" for number in range(9))))

    events = [
        (f"e{number}", random.choice(("page_view", "purchase", "refund")), one_of("d"), one_of("u"), one_of("o"))
        for number in range(random.randint(1, 25))
    ]
    orders = [(f"o{random.randint(0, 9)}", one_of("d"), one_of("u")) for _ in range(random.randint(0, 12))]
    return events, orders


def ids_found(affected: Affected) -> AffectedIds:
    def texts(frame: DataFrame) -> set[str]:
        rows = [row[0] for row in frame.collect()]
        assert len(rows) == len(set(rows)), "an id twice"
        return set(rows)

    return AffectedIds(texts(affected.persons), texts(affected.devices), texts(affected.orders))


@pytest.mark.parametrize("seed", range(12))
def test_joins_find_what_is_found_on_the_driver(spark: SparkSession, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    events, orders = random_input(random)
    persons = [(f"user:u{random.randint(0, 20)}",), (f"device:d{random.randint(0, 20)}",)][: random.randint(0, 2)]
    aliases = [(f"u{number}", f"u{number + 1}") for number in range(0, 9, 2) if random.random() < 0.5]
    changed_aliases = [("u7", "u8", "alias"), ("u0", "u5", "shared")][: random.randint(0, 2)]
    frames = [
        spark.createDataFrame(events, EVENTS),
        spark.createDataFrame(orders, ORDERS),
        spark.createDataFrame(random.sample(events, k=min(2, len(events))), EVENTS),
        spark.createDataFrame(random.sample(orders, k=min(1, len(orders))), ORDERS),
    ]
    found = []
    for at_most in (1000, 0):
        affected = find_affected(
            *frames,
            other_persons=spark.createDataFrame(persons, "person_id string"),
            stage=Staging(spark, str(tmp_path / str(at_most))),
            aliases=spark.createDataFrame(aliases, "user_id string, buyer_id string"),
            changed_aliases=spark.createDataFrame(changed_aliases, "user_id string, buyer_id string, outcome string"),
            on_driver_at_most=at_most,
        )
        found.append(ids_found(affected))
    assert found[0] == found[1]
    assert found[0].persons


def test_ties_name_the_buyer_of_an_alias_in_place_of_the_login(spark: SparkSession) -> None:
    events = [
        ("1", "page_view", "phone", "7", None),
        ("2", "page_view", None, "7", None),
        ("3", "page_view", None, "8", None),
        ("4", "purchase", "phone", "8", "o1"),
    ]
    aliases = spark.createDataFrame([("7", "ann")], "user_id string, buyer_id string")
    nothing = spark.createDataFrame([], "person_id string")
    frame = spark.createDataFrame(events, EVENTS)

    ties = ties_of(frame, spark.createDataFrame([("o1", None, "ann")], ORDERS), frame.limit(0),
                   spark.createDataFrame([], ORDERS), nothing, aliases=aliases)  # fmt: skip

    assert {tuple(row) for row in ties.collect()} == {
        link("a:phone", "ann"),
        link("u:7", "ann"),
        link("a:phone", "8", "o1"),
        version("o1", "ann"),
    }
