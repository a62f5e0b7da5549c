"""Where Spark and Sail differ, pinned: an upgrade of either that changes one of these shows itself here.

Builders use none of these; what they use instead is beside each, and tests/engines/test_spelling.py holds them to it.
"""

from __future__ import annotations

from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from warehouse.engine import using

BEYOND = "an error"

# expression in SQL: what Spark gives, what Sail gives
DIFFERENCES: dict[str, tuple[Any, Any]] = {
    # Halves of doubles: warehouse.numbers instead.
    "round(0.285D, 2)": ("0.29", "0.28"),
    "cast(0.285D as decimal(18,2))": ("0.29", "0.28"),
    "cast(999999999999.0D as decimal(18,6))": ("999999999999.000000", "999999999999.000064"),
    # Places of quotients and of long products: a cast that names them follows.
    "cast(1 as decimal(37,14)) / cast(3 as decimal(18,8))": ("0.3333333", "0.333333333333333333"),
    "cast(2 as decimal(28,6)) / cast(3 as bigint)": ("0.6666666666666667", "0.6666666666"),
    "cast(1.5 as decimal(28,6)) * cast(1.23456789 as decimal(18,8))": ("1.851852", "1.85185183500000"),
    # Whole numbers beyond 2^63: the range of a contract finds them.
    "9223372036854775807 + x": (BEYOND, "-9223372036854775808"),
    "cast(9223372036854775807 as bigint) * 2 * x": (BEYOND, "-2"),
    "sum(9223372036854775806 + x) + sum(x)": (BEYOND, "-9223372036854775808"),
    # Numbers and dates in texts: the patterns of intake.parse decide first.
    "try_cast('1e3' as decimal(18,6))": ("1000.000000", "None"),
    "try_cast('\u0663' as decimal(18,6))": ("3.000000", "None"),
    "try_cast('1d' as double)": ("1.0", "None"),
    "try_cast('0x1p3' as double)": ("8.0", "None"),
    "try_cast('2026-03-01T10:00' as date)": ("2026-03-01", "None"),
    # Regular expressions: warehouse.patterns instead.
    r"'a%zz' rlike '%(?![0-9])'": ("True", BEYOND),
    r"'\u00e9' rlike '\\w'": ("False", "True"),
    r"'\u0663' rlike '\\d'": ("False", "True"),
    r"'\u00a0' rlike '\\s'": ("False", "True"),
    r"'\u212a' rlike '(?i)k'": ("False", "True"),
    r"'a\rb' rlike 'a.b'": ("False", "True"),
    r"'cpc\n' rlike '^cpc$'": ("True", "False"),
    # A group's number runs on in Sail: the text after it is put together with concat.
    "regexp_replace('20260301', '^([0-9]{4})(.*)$', '$1T$2')": ("2026T0301", "0301"),
    # Bytes that are no text: touchpoints.marketing_params keeps the text as it was sent. An install referrer that is
    # encoded as a whole, with such bytes in it, is the one text that the engines still read differently.
    "try_url_decode('%ff')": ("\ufffd", "None"),
    # A difference of days.
    "typeof(datediff(date'2026-03-02', date'2026-03-01'))": ("int", "bigint"),
}
# The same on both, and builders depend on it.
SAME: dict[str, str] = {
    "xxhash64('a', 1, cast(null as string), timestamp'2026-03-01 00:00:00', true, cast(1.5 as decimal(18,6)))":
        "-1778338826345801600",
    "md5(concat_ws('|', 'a', cast(null as string), 'b'))": "d0726241020676b14aa6298ce6a18b21",
    "lower('\u0130\u0391\u03a3')": "i\u0307\u03b1\u03c2",
    "cast(cast(1.2345665 as decimal(38,14)) as decimal(18,6))": "1.234567",
    "cast(cast(-1.2345675 as decimal(38,14)) as decimal(18,6))": "-1.234568",
    "try_cast('2026-03-01T12:00:00.123456789+09:00' as timestamp)": "2026-03-01 03:00:00.123456",
    "cast(from_utc_timestamp(timestamp'2026-03-08 04:59:59', 'America/New_York') as date)": "2026-03-07",
    "try_url_decode('a+b%20c')": "a b c",
    "array_sort(array(struct('b', 1), struct('a', 2)))[0].col2": "2",
}  # fmt: skip


def value(session: SparkSession, expression: str) -> str:
    """What the engine gives, as text; BEYOND where it fails."""
    with using(session):
        try:
            rows = session.sql(f"SELECT CAST({expression} AS STRING) AS found FROM (SELECT id + 1 AS x FROM range(1))")
            return str(rows.collect()[0]["found"])
        except (PySparkException, Py4JJavaError):
            return BEYOND


def as_python(text: str) -> str:
    return {"true": "True", "false": "False"}.get(text, text)


@pytest.mark.parametrize("expression", DIFFERENCES)
def test_this_differs(expression: str, spark_session: SparkSession, sail_session: SparkSession) -> None:
    found = tuple(as_python(value(session, expression)) for session in (spark_session, sail_session))

    assert found == DIFFERENCES[expression]


@pytest.mark.parametrize("expression", SAME)
def test_this_is_the_same(expression: str, spark_session: SparkSession, sail_session: SparkSession) -> None:
    found = tuple(as_python(value(session, expression)) for session in (spark_session, sail_session))

    assert found == (SAME[expression], SAME[expression])
