"""Patterns that mean the same in Java's and in Rust's regular expressions."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from warehouse.engine import using
from warehouse.patterns import END, any_case, portable

TEXTS = [
    "cpc", "cpc\n", "cpc\r\n", "cpc\u2028", "cpc\u0085", "cpc\n\n", "cpc x", "a1_", "\u00e91", "\u0663",
    "a\rb", "a\nb", "a b", "a\u00a0b",
    "a\tb", "", "-7", "]", "$", "cost $5", "a.b", "\\", "d", "\u212a",
]  # fmt: skip
PATTERNS = [
    "^cpc$", "cpc$", r"^\w+$", r"\d", r"\D", r"^[\d-]+$", r"[^\s]", r"a\sb", r"a\Sb", "a.b", r"a\.b",
    r"\$", "[$]", "[.]", r"[\w.]+$",
    r"[]\d]", r"[^]\d]", r"^(.*c.*|x)$", r"\\", r"[\]\d]", r"\W", "",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_portable_pattern_finds_on_both_what_the_plain_one_finds_on_spark(
    pattern: str, spark_session: SparkSession, sail_session: SparkSession
) -> None:
    def found(session: SparkSession, spelled: str) -> dict[str, bool]:
        with using(session):
            frame = session.createDataFrame([(text,) for text in TEXTS], "text string")
            return {row[0]: row[1] for row in frame.select("text", F.rlike("text", F.lit(spelled))).collect()}

    meant = found(spark_session, pattern)

    assert found(spark_session, portable(pattern)) == meant
    assert found(sail_session, portable(pattern)) == meant


def test_a_pattern_without_a_class_or_an_end_stays_as_it_is() -> None:
    assert portable(r"^(?:goog|bing)[a-z.]{2,3}\.com") == r"^(?:goog|bing)[a-z.]{2,3}\.com"


def test_any_case_is_of_ascii_letters_only() -> None:
    assert any_case("ok_1.k") == r"[oO][kK]_1\.[kK]"


def test_the_end_is_that_of_the_text_or_before_its_last_line_break(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("a",), ("a\n",), ("a\r\n",), ("a\nb",), ("a\n\n",)], "text string")

    assert [row[0] for row in frame.where(F.rlike("text", F.lit("a" + END))).collect()] == ["a", "a\n", "a\r\n"]
