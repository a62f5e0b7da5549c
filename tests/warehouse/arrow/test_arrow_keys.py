"""Keys as one text: the same text exactly where the keys are the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.arrow.keys import key_texts

DIFFERENT_KEYS: list[tuple[list[str | None], str | None]] = [
    (["a", "b"], "c"),
    (["ab"], "c"),
    (["a"], "bc"),
    ([], "abc"),
    ([""], "abc"),
    ([None], "abc"),
    (["null"], "abc"),
    (["1:a"], "abc"),
    ([], None),
    ([], "null"),
    ([], ""),
]


def texts(keys: list[tuple[Any, ...]], *types: pa.DataType) -> list[str]:
    columns = [pa.array(values, type_) for values, type_ in zip(zip(*keys, strict=True), types, strict=True)]
    names = [str(number) for number in range(len(types))]
    found: list[str] = key_texts(pa.table(columns, names=names), names).to_pylist()
    return found


def test_keys_that_differ_only_in_where_a_text_ends_have_different_texts() -> None:
    found = texts(DIFFERENT_KEYS, pa.list_(pa.string()), pa.string())
    assert len(set(found)) == len(DIFFERENT_KEYS)
    assert texts(DIFFERENT_KEYS[::-1], pa.list_(pa.string()), pa.string()) == found[::-1]


def test_a_key_of_one_column_is_its_value() -> None:
    assert texts([("a",), (None,), ("",)], pa.string()) == ["a", None, ""]


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (pa.timestamp("us", "UTC"), [datetime(2026, 3, 1, 9, 0, 0, 1, UTC), datetime(2026, 3, 1, 9, 0, 0, 2, UTC)]),
        (pa.date32(), [date(2026, 3, 1), date(2026, 3, 2)]),
        (pa.decimal128(18, 6), [Decimal("1.000001"), Decimal("1.000002")]),
        (pa.int64(), [2**60, 2**60 + 1]),
        (pa.bool_(), [True, False]),
    ],
)
def test_values_that_differ_in_the_last_digit_have_different_texts(type_: pa.DataType, values: list[Any]) -> None:
    keys = [(value, "x") for value in (*values, None)]
    assert len(set(texts(keys, type_, pa.string()))) == 3


PARTS = st.tuples(
    st.one_of(st.none(), st.lists(st.one_of(st.none(), st.text(":1an", max_size=2)), max_size=2).map(tuple)),
    st.one_of(st.none(), st.text(":1nul", max_size=3)),
)


@given(st.lists(PARTS, min_size=2, max_size=8))
def test_two_rows_have_the_same_text_exactly_where_their_keys_are_the_same(keys: list[tuple[Any, ...]]) -> None:
    found = texts(keys, pa.list_(pa.string()), pa.string())
    for one, text in zip(keys, found, strict=True):
        for other, other_text in zip(keys, found, strict=True):
            assert (one == other) == (text == other_text)
