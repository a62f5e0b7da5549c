"""Credits that name no order: from which orders of their buyer they are taken, and what no order covers."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from bronze_rows import at, frame
from pyspark.sql import SparkSession

from touchpoints.credit_notes import with_credits

SCHEMA = (
    "user_id string, anonymous_id string, currency string, order_at timestamp, order_id string, part string, "
    "is_credit boolean, status string, deleted boolean, value decimal(18,6), refunded_value decimal(18,6)"
)


class Paper(NamedTuple):
    """An invoice (amount above 0) or a credit note (below 0) of a buyer on a day."""

    name: str
    day: int
    amount: int
    buyer: str = "ann"
    currency: str = "USD"
    refunded: int = 0
    status: str = "paid"


def taken(spark: SparkSession, papers: list[Paper]) -> dict[str, tuple[int, int]]:
    """By paper: what credits take from it, and what of it no order covers."""
    rows: list[dict[str, Any]] = [
        {
            "user_id": paper.buyer or None,
            "currency": paper.currency,
            "order_at": at(days=paper.day),
            "order_id": paper.name,
            "part": "credit" if paper.amount < 0 else "sale",
            "is_credit": paper.amount < 0,
            "status": paper.status,
            "deleted": False,
            "value": Decimal(max(paper.amount, 0)),
            "refunded_value": Decimal(paper.refunded + max(-paper.amount, 0)),
        }
        for paper in papers
    ]
    built = with_credits(frame(spark, SCHEMA, rows)).collect()
    return {row["order_id"]: (int(row["credited_value"]), int(row["uncovered_value"])) for row in built}


def taken_by_hand(papers: list[Paper]) -> dict[str, tuple[int, int]]:
    """The same by a stack of invoices: the latest are credited first; then, forward, those that came later."""
    free = {paper.name: max(paper.amount - paper.refunded, 0) for paper in papers}
    left = dict(free)
    owed: dict[str, int] = {}
    in_order = sorted(papers, key=lambda paper: (paper.day, paper.amount < 0, paper.name))
    for place, paper in enumerate(in_order):
        credit = max(-paper.amount, 0)
        for earlier in reversed(in_order[:place]):
            if (earlier.buyer, earlier.currency) == (paper.buyer, paper.currency):
                step = min(credit, left[earlier.name])
                left[earlier.name] -= step
                credit -= step
        owed[paper.name] = credit
    for place, paper in enumerate(in_order):
        for later in in_order[place:]:
            if (later.buyer, later.currency) == (paper.buyer, paper.currency):
                step = min(owed[paper.name], left[later.name])
                left[later.name] -= step
                owed[paper.name] -= step
    return {paper.name: (free[paper.name] - left[paper.name], owed[paper.name]) for paper in papers}


def test_a_credit_is_taken_from_the_latest_order_before_it_then_from_the_one_before(spark: SparkSession) -> None:
    papers = [Paper("a", 1, 100), Paper("b", 2, 30), Paper("c1", 3, -50), Paper("c", 4, 100)]
    assert taken(spark, papers) == {"a": (20, 0), "b": (30, 0), "c1": (0, 0), "c": (0, 0)}


def test_what_earlier_orders_do_not_cover_is_set_off_against_the_next(spark: SparkSession) -> None:
    papers = [Paper("c1", 1, -50), Paper("a", 2, 20), Paper("b", 3, 100)]
    assert taken(spark, papers) == {"c1": (0, 0), "a": (20, 0), "b": (30, 0)}


def test_what_no_order_covers_stays_with_the_credit_and_is_shown(spark: SparkSession) -> None:
    papers = [Paper("a", 1, 20), Paper("c1", 2, -50), Paper("c2", 3, -5), Paper("b", 4, 10)]
    assert taken(spark, papers) == {"a": (20, 0), "c1": (0, 20), "c2": (0, 5), "b": (10, 0)}


def test_a_credit_is_of_its_buyer_and_currency_and_leaves_what_is_refunded_already(spark: SparkSession) -> None:
    papers = [
        Paper("a", 1, 100, refunded=80),
        Paper("b", 1, 100, buyer="ben"),
        Paper("k", 1, 100, currency="KRW"),
        Paper("c1", 2, -50),
    ]
    assert taken(spark, papers) == {"a": (20, 0), "b": (0, 0), "k": (0, 0), "c1": (0, 30)}


def test_cancelled_and_pending_orders_and_orders_that_name_nobody_take_no_part(spark: SparkSession) -> None:
    papers = [Paper("a", 1, 100, status="cancelled"), Paper("b", 1, 100, status="pending"), Paper("c1", 2, -50)]
    assert taken(spark, papers) == {"a": (0, 0), "b": (0, 0), "c1": (0, 50)}
    nobody: list[Paper] = [Paper("a", 1, 100, buyer=""), Paper("c1", 2, -50, buyer="")]
    assert taken(spark, nobody) == {"a": (0, 0), "c1": (0, 50)}


def test_random_papers_are_as_a_stack_of_invoices_has_them(spark: SparkSession) -> None:
    chance = Random(23)
    papers = [
        Paper(
            f"{number:03d}",
            chance.randrange(12),
            amount := chance.choice([-40, -15, -7, 5, 10, 20, 50]),
            buyer=f"buyer {number % 25}",
            currency=chance.choice(["USD", "USD", "EUR"]),
            refunded=chance.choice([0, 0, 3]) if amount > 0 else 0,
        )
        for number in range(250)
    ]
    found = taken(spark, papers)

    assert found == taken_by_hand(papers)
    credits = -sum(paper.amount for paper in papers if paper.amount < 0)
    assert sum(credited + uncovered for credited, uncovered in found.values()) == credits
