"""The hash by which a row that arrives again is known to have the same content."""

from __future__ import annotations

from itertools import product

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from intake.parse import content_hash
from warehouse.engine import using

TEXTS = [None, "", "\x00", "\x00\x00", "\x00a", "a", "a\x00"]


@pytest.mark.parametrize("engine", ["spark", "sail"])
def test_other_content_has_another_hash_also_where_a_text_is_like_the_sign_for_none(
    engine: str, request: pytest.FixtureRequest
) -> None:
    session: SparkSession = request.getfixturevalue(f"{engine}_session")
    rows = list(product(TEXTS, repeat=2))
    with using(session):
        frame = session.createDataFrame(rows, "a string, b string")
        before = F.xxhash64(*(F.coalesce(name, F.lit("\x00")) for name in ("a", "b")))
        found = frame.select(content_hash(F.col("a"), F.col("b")), before).collect()

    assert len({row[0] for row in found}) == len(rows)
    unchanged = [row for row, texts in zip(found, rows, strict=True) if not any((t or "")[:1] == "\x00" for t in texts)]
    assert all(row[0] == row[1] for row in unchanged), "the rows of older lakes are known again"
