"""One buyer, several ids: which logins of the tracker are which buyers of the shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from alias_oracle import Shop, person_of_each_login
from bronze_rows import at, build_all, collected, events, orders
from pyspark.sql import DataFrame, SparkSession

from touchpoints.aliases import aliases_in_words, build_aliases, orders_named_by_both
from warehouse.tables import SILVER_ALIASES

Purchase = tuple[str, str | None]  # order, login in the event

# name: purchase events, the feed's buyer of each order, then each tie (login, buyer, outcome, orders)
CASES: dict[str, tuple[Sequence[Purchase], Mapping[str, str | None], list[tuple[str, str, str, int]]]] = {
    "an order in both feeds proves one buyer": (
        [("1", "7")],
        {"1": "c1@x"},
        [("7", "c1@x", "alias", 1)],
    ),
    "so do several orders": ([("1", "7"), ("2", "7")], {"1": "c1@x", "2": "c1@x"}, [("7", "c1@x", "alias", 2)]),
    "an order sent twice is one": ([("1", "7"), ("1", "7")], {"1": "c1@x"}, [("7", "c1@x", "alias", 1)]),
    "the same id in both ties nothing": ([("1", "c1@x")], {"1": "c1@x"}, []),
    "an event without a user ties nothing": ([("1", None)], {"1": "c1@x"}, []),
    "an order of nobody in the feed ties nothing": ([("1", "7")], {"1": None}, []),
    "an order that the feed lacks ties nothing": ([("2", "7")], {"1": "c1@x"}, []),
    "a login for nobody ties nothing": ([("1", "guest"), ("2", "0")], {"1": "c1@x", "2": "c2@x"}, []),
    "orders of two buyers: two people stay two": (
        [("1", "7"), ("2", "7")],
        {"1": "c1@x", "2": "c2@x"},
        [("7", "c1@x", "several_buyers", 1), ("7", "c2@x", "several_buyers", 1)],
    ),
    "a till of the shop is none of its customers": (
        [("1", "7"), ("2", "8"), ("3", "9")],
        {"1": "till@x", "2": "till@x", "3": "till@x"},
        [("7", "till@x", "shared", 1), ("8", "till@x", "shared", 1), ("9", "till@x", "shared", 1)],
    ),
    "who buys under the own name too orders for somebody else": (
        [("1", "c2@x")],
        {"1": "c1@x", "2": "c2@x"},
        [("c2@x", "c1@x", "buyer", 1)],
    ),
    "names that go round are no proof": (
        [("1", "a"), ("2", "b")],
        {"1": "b", "2": "a"},
        [("a", "b", "buyer", 1), ("b", "a", "buyer", 1)],
    ),
    "an order that two logins name is no proof": (
        [("1", "7"), ("1", "8")],
        {"1": "c1@x"},
        [("7", "c1@x", "shared", 1), ("8", "c1@x", "shared", 1)],
    ),
}


def built(
    spark: SparkSession, purchases: Sequence[Purchase], feed: Mapping[str, str | None], *, max_aliases: int = 1
) -> DataFrame:
    return build_aliases(*both_feeds(spark, purchases, feed), max_aliases=max_aliases)


def both_feeds(
    spark: SparkSession, purchases: Sequence[Purchase], feed: Mapping[str, str | None]
) -> tuple[DataFrame, DataFrame]:
    event_rows = [
        {"event_id": f"e{number}", "event_name": "purchase", "order_id": order, "user_id": user, "event_at": at(number)}
        for number, (order, user) in enumerate(purchases)
    ]
    order_rows = [{"order_id": order, "user_id": user, "order_at": at()} for order, user in feed.items()]
    return events(spark, event_rows), orders(spark, order_rows)


@pytest.fixture(scope="module")
def all_cases(spark: SparkSession) -> list[dict[str, Any]]:
    def own(case: str, id_: str | None) -> str | None:
        return None if id_ is None else id_ if id_ in ("guest", "0") else f"{case}/{id_}"

    purchases = [(f"{case}/{order}", own(case, user)) for case, (sent, _, _) in CASES.items() for order, user in sent]
    feed = {
        f"{case}/{order}": own(case, user) for case, (_, buyers, _) in CASES.items() for order, user in buyers.items()
    }
    return collected(built(spark, purchases, feed))


@pytest.mark.parametrize("case", CASES)
def test_of_orders_in_both_feeds(case: str, all_cases: list[dict[str, Any]]) -> None:
    mine = [tuple(row.values()) for row in all_cases if row["user_id"].startswith(f"{case}/")]
    expected = [(f"{case}/{login}", f"{case}/{buyer}", *rest) for login, buyer, *rest in CASES[case][2]]
    assert sorted(mine) == sorted(expected)


def test_a_shop_whose_tracker_renames_people_may_allow_more_logins_of_one_buyer(spark: SparkSession) -> None:
    purchases, feed = [("1", "7"), ("2", "70"), ("3", "9")], {"1": "c1@x", "2": "c1@x", "3": "c3@x"}

    found = {
        limit: sorted(
            row["user_id"]
            for row in collected(built(spark, purchases, feed, max_aliases=limit))
            if row["outcome"] == "alias"
        )
        for limit in (0, 1, 2)
    }

    assert found == {0: [], 1: ["9"], 2: ["7", "70", "9"]}


def test_only_the_newest_version_of_an_order_names_its_buyer(spark: SparkSession) -> None:
    purchases = events(
        spark, [{"event_id": "e", "event_name": "purchase", "order_id": "1", "user_id": "7", "event_at": at()}]
    )
    versions = [
        {"order_id": "1", "user_id": "c2@x", "order_at": at(), "updated_at": at(1)},
        {"order_id": "1", "user_id": "c1@x", "order_at": at(), "updated_at": at(2)},
    ]

    (row,) = collected(build_aliases(purchases, orders(spark, versions), max_aliases=1))

    assert (row["user_id"], row["buyer_id"], row["outcome"]) == ("7", "c1@x", "alias")


def test_random_shops_have_the_aliases_of_the_plain_python_oracle(spark: SparkSession) -> None:
    chance = Random(20260301)
    shops = [Shop.random(f"w{number:03}", chance) for number in range(400)]
    purchases = [purchase for shop in shops for purchase in shop.purchases]
    feed = [pair for shop in shops for pair in shop.feed.items()]
    chance.shuffle(purchases)
    chance.shuffle(feed)

    rows = collected(built(spark, purchases, dict(feed)))

    found = {row["user_id"]: row["buyer_id"] for row in rows if row["outcome"] == "alias"}
    for shop in shops:
        expected = person_of_each_login(shop, max_aliases=1)
        assert {login: found.get(login, login) for login in expected} == expected, f"first differing shop: {shop}"
    # The comparison proves something only where shops have all kinds of ties.
    outcomes = [row["outcome"] for row in rows]
    assert min(outcomes.count(outcome) for outcome in SILVER_ALIASES.column("outcome").values) > 20


def test_the_run_says_how_many_orders_carry_another_user(spark: SparkSession) -> None:
    purchases = [("1", "7"), ("2", "c2@x"), ("3", "9"), ("4", "9"), ("5", "till 1"), ("6", "till 2"), ("7", "c2@x")]
    feed = {"1": "c1@x", "2": "c2@x", "3": "c3@x", "4": "c4@x", "5": "till@x", "6": "till@x", "7": "c7@x", "8": "c8@x"}
    both = both_feeds(spark, purchases, feed)

    assert aliases_in_words(build_aliases(*both, max_aliases=1), orders_named_by_both(*both)) == (
        "6 of 7 orders carry another user in the event than in the feed; logins that are aliases of their buyer: 1; "
        "logins that prove nothing: 1 that buy under their own name, 1 with orders of several buyers, "
        "2 of 1 buyers with more of them than identity.max_aliases: see silver.aliases"
    )
    same = both_feeds(spark, [("2", "c2@x")], feed)
    assert aliases_in_words(build_aliases(*same, max_aliases=1), orders_named_by_both(*same)) == ""


AD = {"source": "google", "medium": "cpc", "click_id": "g1"}


def test_a_phone_a_laptop_and_a_tablet_that_both_share_are_one_path_for_each_of_two_people(spark: SparkSession) -> None:
    """Ann is 7 for the tracker and ann@x for the shop, Bob is bob@x for both. The tablet is theirs together."""

    def seen(minute: int, device: str, user: str | None = None, **fields: Any) -> dict[str, Any]:
        return {"event_id": f"{minute:03}", "event_at": at(minute), "anonymous_id": device, "user_id": user, **fields}

    rows = [
        seen(0, "ann's phone", source="google", medium="cpc"),
        seen(1, "ann's phone", "7"),
        seen(100, "tablet", source="bulletin", medium="email"),
        seen(101, "tablet", "7"),
        seen(200, "tablet", source="bing", medium="cpc"),
        seen(201, "tablet", "bob@x"),
        seen(300, "bob's laptop", source="facebook", medium="paid_social"),
        seen(301, "bob's laptop", "bob@x", event_name="purchase", order_id="b"),
        seen(400, "ann's phone", source="naver", medium="cpc"),
        seen(401, "ann's phone", "7", event_name="purchase", order_id="a"),
    ]
    feed = [
        {"order_id": "a", "user_id": "ann@x", "order_at": at(402)},
        {"order_id": "b", "user_id": "bob@x", "order_at": at(302)},
    ]

    silver = build_all(spark, rows, feed)

    touches = sorted(silver.touchpoints, key=lambda touch: touch["touched_at"])
    assert {
        person: " > ".join(touch["source"] for touch in touches if touch["person_id"] == person)
        for person in {touch["person_id"] for touch in touches}
    } == {"user:ann@x": "google > bulletin > naver", "user:bob@x": "bing > facebook"}
    assert {row["person_id"] for row in silver.visits} == {"user:ann@x", "user:bob@x"}
