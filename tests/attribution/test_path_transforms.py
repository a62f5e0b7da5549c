from __future__ import annotations

import pytest
from chain_oracle import golden
from hypothesis import given
from hypothesis import strategies as st

from attribution.path_transforms import FORMS, transform_named, transformed
from attribution.paths import Paths
from warehouse.errors import UsageError

LONG = "D A B B C D C C"


@pytest.mark.parametrize(
    ("transform", "path", "expected"),
    [
        ("unique", LONG, LONG),
        ("exposure", LONG, "D A B C D C"),
        ("first", LONG, "D A B C"),
        ("frequency", LONG, "D(2) A(1) B(2) C(3)"),
        ("trim_long_path:3", LONG, "D C C"),
        ("trim_long_path:30", LONG, LONG),
        ("remove_if_not_all:A", "A B A A", "B"),
        ("remove_if_not_all:A", "A A", "A A"),
        ("remove_if_last_and_not_all:A", "A B A A", "A B"),
        ("remove_if_last_and_not_all:A", "A A", "A A"),
        ("drop_direct", "Direct A Direct", "A"),
        ("drop_direct", "Direct Direct", "Direct Direct"),
        ("remove_if_not_all:a:b", "a:b C", "C"),
    ],
)
def test_each_transform_on_its_example(transform: str, path: str, expected: str) -> None:
    assert " ".join(transform_named(transform)(tuple(path.split()))) == expected


def test_the_published_examples() -> None:
    case = golden("path_transforms DABBCDCC")
    names = {"identity": "unique", "exposure": "exposure", "first": "first", "frequency": "frequency"}
    for published, ours in names.items():
        assert " ".join(transform_named(ours)(tuple("DABBCDCC"))) == case[published]
    removed = transform_named("remove_if_not_all:A")(tuple("ABAA"))
    assert " ".join(removed) == case["removeIfNotAll(A): A B A A"]
    removed = transform_named("remove_if_last_and_not_all:A")(tuple("ABAA"))
    assert " ".join(removed) == case["removeIfLastAndNotAll(A): A B A A"]


def test_transforms_apply_from_left_to_right_and_counts_stay() -> None:
    paths = Paths.of([["Direct", "A", "Direct", "A"], [], ["B"]], [1, 2, 3], [10, 20, 30], [4, 5, 6])
    found = transformed(paths, [transform_named("drop_direct"), transform_named("exposure")])
    assert found.sequences() == [("A",), (), ("B",)]
    assert found.channels == ("A", "B")
    assert found.conversions.tolist() == [1, 2, 3]
    assert found.value.tolist() == [10, 20, 30]
    assert found.nulls.tolist() == [4, 5, 6]


@given(
    st.lists(st.sampled_from(["A", "B", "CHANNEL", "Direct"]), min_size=1, max_size=9),
    st.sampled_from([form.replace("TOUCHES", "2") for form in FORMS]),
)
def test_no_transform_empties_a_path(path: list[str], form: str) -> None:
    assert transform_named(form)(tuple(path))


@pytest.mark.parametrize(
    "text", ["shorten", "remove_if_not_all", "trim_long_path:0", "trim_long_path:x", "first:A", ""]
)
def test_what_is_no_transform_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        transform_named(text)
