from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.paths import Paths, numbered
from warehouse.errors import InputError


def test_paths_keep_their_order_and_their_empties() -> None:
    paths = Paths.of([["B", "A"], [], ["A"]], [1, 2, 3])
    assert paths.channels == ("A", "B")
    assert paths.sequences() == [("B", "A"), (), ("A",)]
    assert paths.lengths.tolist() == [2, 0, 1]
    assert paths.position.tolist() == [0, 1, 0]
    assert paths.to_last.tolist() == [1, 0, 0]


def test_collapsing_stops_at_the_end_of_a_path() -> None:
    paths = Paths.of([["A", "A", "B", "A"], ["A", "A"], [], ["B"]], [1, 1, 1, 1])
    assert paths.collapsed().sequences() == [("A", "B", "A"), ("A",), (), ("B",)]


def test_paths_without_touches_or_journeys_are_ignored() -> None:
    paths = Paths.of([["A"], [], ["B"], ["C"]], [1, 5, 0, 0], nulls=[0, 0, 0, 2])
    assert paths.touched().sequences() == [("A",), ("C",)]
    assert paths.touched().channels == ("A", "B", "C")


@pytest.mark.parametrize(
    ("conversions", "value", "nulls", "complaint"),
    [
        ([1, float("nan")], [0, 0], [0, 0], "path 2: conversions must be a number from 0 up, not nan"),
        ([1, 1], [0, float("inf")], [0, 0], "path 2: value must be"),
        ([1, 1], [0, 0], [-1, 0], "path 1: nulls must be"),
        ([0, 1], [5, 5], [0, 0], "path 1: value 5.0 without conversions"),
        ([1], [0, 0], [0, 0], "2 paths need as many conversions, not 1"),
    ],
)
def test_impossible_counts_are_refused_with_their_path(
    conversions: list[float], value: list[float], nulls: list[float], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        Paths.of([["A"], ["B"]], conversions, value, nulls)


@given(st.lists(st.integers(0, 50)), st.sampled_from([1, 10**12]))
def test_equal_keys_get_equal_numbers_in_their_order(keys: list[int], spread: int) -> None:
    # Keys far apart are sorted, close ones are looked up in a table: both give the same numbers.
    numbers, first = numbered(np.array(keys, np.int64) * spread)
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    assert numbers.tolist() == [ranks[key] for key in keys]
    assert first.tolist() == [keys.index(key) for key in sorted(set(keys))]
