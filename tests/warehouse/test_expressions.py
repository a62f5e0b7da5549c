"""Ids that are hashes of several texts."""

from __future__ import annotations

import hashlib
from itertools import product

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from warehouse.engine import using
from warehouse.expressions import id_of

PARTS = [None, "", "|", "\\", "\\|", "|\\", "\\0", "0", "a", "a|b", "a\\", "고객|1"]


@pytest.mark.parametrize("engine", ["spark", "sail"])
def test_other_texts_have_another_id(engine: str, request: pytest.FixtureRequest) -> None:
    session: SparkSession = request.getfixturevalue(f"{engine}_session")
    rows = list(product(PARTS, repeat=3))
    with using(session):
        parts = [F.col(name) for name in "abc"]
        frame = session.createDataFrame(rows, "a string, b string, c string")
        ids = [id_of(*parts[:number]).alias(f"of_{number}") for number in (1, 2, 3)]
        found = [row.asDict() for row in frame.select(*parts, *ids).collect()]

    id_by_texts = {
        tuple(row[name] for name in "abc"[:number]): row[f"of_{number}"] for row in found for number in (1, 2, 3)
    }
    assert len(id_by_texts) == len(PARTS) + len(PARTS) ** 2 + len(PARTS) ** 3
    assert len(set(id_by_texts.values())) == len(id_by_texts)
    plain = hashlib.md5(b"a|0", usedforsecurity=False).hexdigest()
    assert id_by_texts["a", "0"] == plain, "texts without the separator have the id that they always had"
    escaped = hashlib.md5(b"a\\|b|\\0", usedforsecurity=False).hexdigest()
    assert id_by_texts["a|b", None] == escaped, "on either engine"
