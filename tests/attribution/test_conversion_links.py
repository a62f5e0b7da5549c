"""gold.conversion_links: which small step predicts which conversion, beside visits without the step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from rules_oracle import frame
from scipy.stats import norm

from attribution.conversion_links import best_in_words, build_conversion_links, check_conversion_links
from warehouse.tables import GOLD_CONVERSION_LINKS, SILVER_CONVERSIONS, SILVER_SESSIONS

BEGIN = datetime(2026, 3, 1)
FINAL = ("purchase", "sign_up")
DAYS = 7
NEWEST = 30.0  # day on which the newest visit ends


@dataclass(frozen=True)
class Visit:
    """`at` is the day of its start; `steps` are (type, hours after the start)."""

    person: str
    at: float
    channel: str = "Paid Search"
    steps: Sequence[tuple[str, float]] = ()
    hours: float = 1
    is_bot: bool = False


@dataclass(frozen=True)
class Sale:
    person: str
    at: float
    value: int = 10
    type: str = "purchase"


def moment(day: float) -> datetime:
    return BEGIN + timedelta(seconds=round(day * 86_400))


def frames(spark: SparkSession, visits: Sequence[Visit], sales: Sequence[Sale]) -> tuple[Any, Any]:
    sessions = [
        {
            "session_id": f"v{number}", "person_id": visit.person, "channel": visit.channel, "is_bot": visit.is_bot,
            "started_at": moment(visit.at), "ended_at": moment(visit.at + visit.hours / 24),
        }
        for number, visit in enumerate(visits)
    ]  # fmt: skip
    steps = [
        {
            "conversion_id": f"a{number}-{place}", "conversion_type": name, "is_final": False,
            "session_id": f"v{number}", "person_id": visit.person,
            "converted_at": moment(visit.at + after / 24), "report_value": Decimal(0),
        }
        for number, visit in enumerate(visits)
        for place, (name, after) in enumerate(visit.steps)
    ]  # fmt: skip
    final = [
        {
            "conversion_id": f"s{number}", "conversion_type": sale.type, "is_final": True, "person_id": sale.person,
            "converted_at": moment(sale.at), "report_value": Decimal(sale.value), "session_id": None,
        }
        for number, sale in enumerate(sales)
    ]  # fmt: skip
    return frame(spark, SILVER_CONVERSIONS, [*steps, *final]), frame(spark, SILVER_SESSIONS, sessions)


def links(spark: SparkSession, visits: Sequence[Visit], sales: Sequence[Sale]) -> dict[tuple[str, str, str], Row]:
    with_newest = [*visits, Visit("nobody", NEWEST, hours=0)]
    built = build_conversion_links(
        *frames(spark, with_newest, sales), conversion_types=FINAL, within_days=DAYS, report_currency="KRW"
    ).collect()
    found = {(row["auxiliary_type"], row["conversion_type"], row["channel"]): row for row in built}
    assert len(found) == len(built)
    return found


CART = [("add_to_cart", 0.5)]


def counts(row: Row) -> tuple[int, int, int, int]:
    return row["visits"], row["followed"], row["other_visits"], row["other_followed"]


def test_visits_with_the_step_stand_beside_those_of_their_channel_without_it(spark: SparkSession) -> None:
    found = links(
        spark,
        [
            Visit("a", 1, steps=CART),
            Visit("b", 1, steps=CART),
            Visit("c", 1),
            Visit("d", 1),
            Visit("e", 1),
            Visit("f", 1, channel="Email"),
        ],
        [Sale("a", 3, value=40), Sale("c", 2, value=7), Sale("f", 2)],
    )
    assert {key[1:]: counts(row) for key, row in found.items()} == {
        ("purchase", "Paid Search"): (2, 1, 3, 1),
        ("purchase", "(all)"): (2, 1, 4, 2),
        ("sign_up", "Paid Search"): (2, 0, 3, 0),
        ("sign_up", "(all)"): (2, 0, 4, 0),
    }
    search = found["add_to_cart", "purchase", "Paid Search"]
    assert (search["probability"], search["lift"], search["value"], search["value_per_visit"]) == (0.5, 1.5, 40, 20.0)
    assert search["days_to_conversion"] == pytest.approx(2 - 0.5 / 24, abs=1e-9)
    assert (search["within_days"], search["currency"]) == (7, "KRW")


@pytest.mark.parametrize(
    ("case", "steps", "sold_at", "followed"),
    [
        ("at the same moment", [("add_to_cart", 0)], 1.0, 1),
        ("just before the step", [("add_to_cart", 1)], 1.0, 0),
        ("exactly seven days after", [("add_to_cart", 0)], 8.0, 1),
        ("a second more", [("add_to_cart", 0)], 8.0 + 1 / 86_400, 0),
        ("counted from the visit's first such step", [("add_to_cart", 0), ("add_to_cart", 1)], 8.0 + 1 / 48, 0),
    ],
)
def test_a_visit_is_followed_by_a_conversion_from_the_step_on_and_within_the_days(
    spark: SparkSession, case: str, steps: list[tuple[str, float]], sold_at: float, followed: int
) -> None:
    found = links(spark, [Visit("a", 1, steps=steps)], [Sale("a", sold_at)])
    assert found["add_to_cart", "purchase", "(all)"]["followed"] == followed, case


def test_visits_too_young_for_the_days_and_robots_do_not_count(spark: SparkSession) -> None:
    at_the_edge = NEWEST - DAYS - 1 / 24  # it ends seven days before the newest visit does
    found = links(
        spark,
        [
            Visit("a", at_the_edge, steps=CART),
            Visit("b", at_the_edge + 1 / 86_400, steps=CART),
            Visit("c", 1, steps=CART, is_bot=True),
        ],
        [],
    )
    assert found["add_to_cart", "purchase", "(all)"]["visits"] == 1


def test_intervals_are_wilson_s_and_katz_s(spark: SparkSession) -> None:
    visits = [Visit(f"a{n}", 1, steps=CART) for n in range(20)] + [Visit(f"b{n}", 1) for n in range(50)]
    sales = [Sale(f"a{n}", 2) for n in range(8)] + [Sale(f"b{n}", 2) for n in range(5)]
    row = links(spark, visits, sales)["add_to_cart", "purchase", "(all)"]
    # Counted by hand from the published formulas: Wilson (1927); Katz, Baptista, Azen, Pike (1978).
    assert (row["probability_lower"], row["probability_upper"]) == pytest.approx((0.218807, 0.613418), abs=2e-6)
    assert row["lift"] == pytest.approx(4.0)
    assert (row["lift_lower"], row["lift_upper"]) == pytest.approx((1.486703, 10.762067), rel=1e-5)


def test_without_a_conversion_of_others_there_is_no_lift_and_a_probability_of_one_stays_in_range(
    spark: SparkSession,
) -> None:
    row = links(spark, [Visit("a", 1, steps=CART), Visit("b", 1)], [Sale("a", 2)])["add_to_cart", "purchase", "(all)"]
    assert (row["lift"], row["lift_lower"], row["probability"], row["probability_upper"]) == (None, None, 1.0, 1.0)


def test_random_shops_are_counted_as_an_oracle_counts_them(spark: SparkSession) -> None:
    visits, sales = random_shop(Random(20260301))
    found = links(spark, visits, sales)
    expected = oracle(visits, sales)
    assert len(expected) > 20
    assert {key: (*counts(row), row["value"], row["seconds_to_conversion"]) for key, row in found.items()} == expected


def test_the_channels_add_up_and_the_surest_step_is_named(spark: SparkSession) -> None:
    visits, sales = random_shop(Random(1))
    sure = [Visit(f"s{n}", 1, steps=[("begin_checkout", 0.1)]) for n in range(30)]
    sales += [Sale(visit.person, 1.01) for visit in sure]
    built = build_conversion_links(
        *frames(spark, [*visits, *sure, Visit("nobody", NEWEST)], sales),
        conversion_types=FINAL, within_days=DAYS, report_currency="KRW",
    )  # fmt: skip
    assert all(check.passed for check in check_conversion_links(built))
    assert best_in_words(built).startswith("begin_checkout predicts purchase best: ")
    assert best_in_words(frame(spark, GOLD_CONVERSION_LINKS, [])) == ""
    # A channel's row that is lost is noticed.
    assert not all(check.passed for check in check_conversion_links(built.where("channel != 'Email'")))


def random_shop(random: Random) -> tuple[list[Visit], list[Sale]]:
    people = [f"p{number}" for number in range(60)]
    visits = [
        Visit(
            random.choice(people),
            random.randrange(0, 120) / 4,
            channel=random.choice(["Email", "Direct", "Paid Search"]),
            steps=[(random.choice(["view_item", "add_to_cart", "begin_checkout"]), random.randrange(3) / 2)
                   for _ in range(random.randrange(4))],
            is_bot=random.random() < 0.1,
        )
        for _ in range(300)
    ]  # fmt: skip
    sales = [
        Sale(random.choice(people), random.randrange(0, 120) / 4, random.randrange(1, 99), random.choice(FINAL))
        for _ in range(80)
    ]
    return visits, sales


def oracle(visits: Sequence[Visit], sales: Sequence[Sale]) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    """Counted visit by visit."""

    def next_sale(person: str, type_: str, since: float) -> Sale | None:
        later = [
            sale for sale in sales if (sale.person, sale.type) == (person, type_) and moment(sale.at) >= moment(since)
        ]
        first = min(later, key=lambda sale: (sale.at, f"s{sales.index(sale)}"), default=None)
        return first if first and moment(first.at) <= moment(since) + timedelta(days=DAYS) else None

    old = [
        visit for visit in visits
        if not visit.is_bot and moment(visit.at + visit.hours / 24) + timedelta(days=DAYS) <= moment(NEWEST)
    ]  # fmt: skip
    found: dict[tuple[str, str, str], list[Any]] = defaultdict(lambda: [0, 0, 0, 0, 0, 0])
    names = {name for visit in visits for name, _ in visit.steps}
    for visit in old:
        for channel in (visit.channel, "(all)"):
            for step in names:
                for type_ in FINAL:
                    row = found[step, type_, channel]
                    hours = [after for name, after in visit.steps if name == step]
                    origin = visit.at + (min(hours) if hours else 0) / 24
                    sale = next_sale(visit.person, type_, origin)
                    row[0 if hours else 2] += 1
                    row[1 if hours else 3] += sale is not None
                    if hours and sale:
                        row[4] += sale.value
                        row[5] += (moment(sale.at) - moment(origin)).total_seconds()
    return {key: tuple(row) for key, row in found.items() if row[0]}


def test_z_is_that_of_95_percent() -> None:
    from attribution.conversion_links import Z

    assert pytest.approx(norm.ppf(0.975), abs=1e-12) == Z
