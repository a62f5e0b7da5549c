"""Doubles as decimals, rounded alike on every engine."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.contracts import MONEY
from warehouse.expressions import let

DOUBLE_BELOW = 1e18
# Up to here doubles hold every half exactly.
HALVES_BELOW = 2.0**52


def rounded(number: Column, places: int) -> Column:
    """A double rounded half up to `places`, as a double."""
    return decimal_of(number, places=places).cast("double")


def money_of(number: Column) -> Column:
    """A double as an amount of money, rounded half up."""
    return decimal_of(number, places=6).cast(MONEY)


def decimal_of(number: Column, *, places: int) -> Column:
    """A double below DOUBLE_BELOW as decimal(28,places), rounded half up as the decimal number that it is written as.

    .285 is a little less in binary: to two places Spark's own round and cast give .29, Sail's .28. Here it is compared
    with the double that stands for the half; a half of more than 15 digits shares its double with its neighbours.
    """
    return let(number, lambda double: _decimal_of(double, places))


def _decimal_of(number: Column, places: int) -> Column:
    type_, scale = f"decimal(28,{places})", F.lit(float(10**places))
    size = F.abs(number)
    # Of a large number only the fraction is rounded.
    whole = F.when(size * scale < HALVES_BELOW, F.lit(0).cast("bigint")).otherwise(F.floor(size))
    rest = size - whole
    below = F.floor(rest * scale)
    parts = below + (rest >= (below + F.lit(0.5)) / scale).cast("bigint")
    fraction = (parts.cast("decimal(18,0)") * F.lit(Decimal(1).scaleb(-places))).cast(type_)
    sign = F.when(number < 0, F.lit(-1)).otherwise(F.lit(1)).cast("decimal(1,0)")
    return ((whole.cast(type_) + fraction).cast(type_) * sign).cast(type_)
