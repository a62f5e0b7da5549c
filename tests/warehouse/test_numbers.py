"""Doubles rounded half up, as the decimal numbers that they are written as."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from warehouse.engine import using
from warehouse.numbers import decimal_of, money_of, rounded

HALVES = [0.285, 1.005, 2.675, 1e-9 / 2, 0.0001953125, 1234.5678905, 1000000.0000005, 0.5, 0.0]


@pytest.fixture(scope="module")
def numbers() -> list[float]:
    random = Random(1)
    drawn = [random.choice((1, 1e-6, 1e3, 1e6)) * random.random() for _ in range(2_000)]
    halves = [(random.randint(0, 10**7) + 0.5) / 10 ** random.choice((2, 6, 9)) for _ in range(2_000)]
    positive = [*HALVES, *drawn, *halves, *(number / 7 for number in range(100))]
    return [*positive, *(-number for number in positive)]


@pytest.mark.parametrize("engine", ["spark", "sail"])
@pytest.mark.parametrize("places", [2, 6, 9])
def test_a_double_is_rounded_as_its_decimal_text_is(
    engine: str, places: int, numbers: list[float], request: pytest.FixtureRequest
) -> None:
    session: SparkSession = request.getfixturevalue(f"{engine}_session")
    with using(session):
        frame = session.createDataFrame([(number,) for number in numbers], "number double")
        rows = frame.select("number", rounded(F.col("number"), places), decimal_of(F.col("number"), places=places))
        found = {row[0]: (row[1], row[2]) for row in rows.collect()}

    one = Decimal(1).scaleb(-places)
    # Of a larger number, a half has more digits than a double.
    for number in (number for number in numbers if abs(number) < 1e14 / 10**places):
        exact = Decimal(repr(number)).quantize(one, ROUND_HALF_UP)
        assert found[number] == (float(exact), exact), number


@pytest.mark.parametrize("engine", ["spark", "sail"])
def test_money_holds_the_largest_amount_exactly(engine: str, request: pytest.FixtureRequest) -> None:
    session: SparkSession = request.getfixturevalue(f"{engine}_session")
    with using(session):
        frame = session.createDataFrame([(999_999_999_999.0,), (12.3456785,), (None,)], "number double")
        found = [row[0] for row in frame.select(money_of(F.col("number"))).collect()]

    assert found == [Decimal("999999999999.000000"), Decimal("12.345679"), None]
