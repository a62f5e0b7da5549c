"""Doubles as decimals, rounded alike on every engine."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.contracts import MONEY

# More than the distance of a decimal number to the double that stands for it, in parts of the number.
NEAR = 2.0**-51


def rounded(number: Column, places: int) -> Column:
    """A double rounded half up to `places`, as a double."""
    return decimal_of(number, places=places).cast("double")


def money_of(number: Column) -> Column:
    """A double as an amount of money, rounded half up."""
    return decimal_of(number, places=6).cast(MONEY)


def decimal_of(number: Column, *, places: int) -> Column:
    """A double, below 1e18, as decimal(28,places), rounded half up as the decimal number that it is written as.

    .285 is a little less in binary: to two places Spark's own round and cast give .29, Sail's .28.
    """
    type_ = f"decimal(28,{places})"
    size = F.abs(number)
    whole = F.floor(size)
    parts = F.floor((size - whole + size * F.lit(NEAR)) * F.lit(float(10**places)) + F.lit(0.5))
    fraction = (parts.cast("decimal(18,0)") * F.lit(Decimal(1).scaleb(-places))).cast(type_)
    rounded_size = (whole.cast(type_) + fraction).cast(type_)
    return F.when(number < 0, -rounded_size).otherwise(rounded_size)
