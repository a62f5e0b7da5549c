"""Which touches the transforms leave to credit: a known example, and the plain transforms on random paths."""

from __future__ import annotations

import random

import pytest
from pyspark.sql import SparkSession
from rules_oracle import KNOBS, journey, journeys_frame, walk

from attribution.attribution_credits import build_attribution_credits
from attribution.path_transforms import PLAIN
from attribution.touch_transforms import TRANSFORMS
from warehouse.errors import UsageError

DRAW = random.Random(3)
EXAMPLE = "D > A > B > B > C > D > C > C"
PATHS = [EXAMPLE, "", "Direct > A > Direct", "Direct > Direct"] + [
    " > ".join(DRAW.choices(["A", "B", "Direct"], k=DRAW.randint(1, 8))) for _ in range(60)
]


def credited(spark: SparkSession, transforms: list[str]) -> dict[int, list[tuple[int, str, int]]]:
    """By number of the path: position, channel and path_length of the credited touches."""
    rows = [journey(str(number), walk(path)) for number, path in enumerate(PATHS)]
    credits = build_attribution_credits(
        journeys_frame(spark, rows), models=["linear"], knobs=KNOBS, transforms=transforms
    ).collect()
    return {
        number: sorted(
            (row["position"], row["channel"], row["path_length"])
            for row in credits
            if row["conversion_id"] == str(number)
        )
        for number in range(len(PATHS))
    }


@pytest.mark.parametrize("transforms", [["exposure"], ["first"], ["drop_direct"], ["drop_direct", "exposure"]])
def test_the_touches_left_are_those_the_plain_transforms_leave(spark: SparkSession, transforms: list[str]) -> None:
    found = credited(spark, transforms)
    for number, text in enumerate(PATHS):
        path = tuple(text.split(" > ")) if text else ()
        expected = path
        for name in transforms:
            expected = PLAIN[name](expected)
        if not path:
            assert found[number] == [(0, "(unattributed)", 0)]
            continue
        assert tuple(channel for _, channel, _ in found[number]) == expected
        assert all(path[position - 1] == channel for position, channel, _ in found[number])
        assert {length for _, _, length in found[number]} == {len(path)}


def test_positions_are_those_of_the_whole_window(spark: SparkSession) -> None:
    assert [position for position, _, _ in credited(spark, ["exposure"])[0]] == [1, 2, 3, 5, 6, 7]
    assert [position for position, _, _ in credited(spark, ["first"])[0]] == [1, 2, 3, 5]


def test_a_transform_that_does_not_exist_is_refused(spark: SparkSession) -> None:
    assert set(TRANSFORMS) < set(PLAIN)
    with pytest.raises(UsageError, match="no transform of touches is called 'frequency'"):
        credited(spark, ["frequency"])
