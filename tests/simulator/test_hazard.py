"""First purchases against a slow plain-Python oracle, and the property that common random numbers need."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.hazard import first_purchases

END, DECAY = 10.0, 3.0
Touch = tuple[int, float, float, float]  # person, time, push, pull

touches_of_three = st.lists(
    st.tuples(st.integers(0, 2), st.floats(0, 9.9), st.floats(0, 0.5), st.floats(0, 0.5)), max_size=12
)
thresholds_of_three = st.lists(st.floats(0.01, 2.0), min_size=3, max_size=3)


def accumulated(touches: list[Touch], base: float, until: float, *, with_pushes_at_end: bool = True) -> float:
    """The hazard accumulated up to `until`, summed touch by touch from its definition."""
    total = base * until
    for _, time, push, pull in touches:
        if time < until or (time == until and with_pushes_at_end):
            total += push + pull * (1 - math.exp(-(until - time) / DECAY))
    return total


def oracle(touches: list[Touch], base: float, threshold: float) -> float:
    """First time at which the accumulated hazard reaches the threshold, by bisection; nan = not before END."""
    if accumulated(touches, base, END) < threshold:
        return math.nan
    low, high = 0.0, END
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if accumulated(touches, base, middle) >= threshold else (middle, high)
    return high


def run(touches: list[Touch], thresholds: list[float], base: float = 0.05) -> tuple[list[float], list[int]]:
    person, time, push, pull = np.array(touches, dtype=float).reshape(-1, 4).T
    bought_at, bought_in = first_purchases(
        person.astype(np.int64),
        time,
        push,
        pull,
        base_rate=np.full(3, base),
        threshold=np.array(thresholds),
        end=END,
        decay=DECAY,
    )
    return bought_at.tolist(), bought_in.tolist()


@given(touches_of_three, thresholds_of_three)
def test_people_buy_when_the_hazard_reaches_their_threshold(touches: list[Touch], thresholds: list[float]) -> None:
    bought_at, _ = run(touches, thresholds)
    for person in range(3):
        own = [touch for touch in touches if touch[0] == person]
        expected = oracle(own, 0.05, thresholds[person])
        near = abs(accumulated(own, 0.05, END) - thresholds[person]) < 1e-9  # at the very end rounding decides
        assert near or bought_at[person] == pytest.approx(expected, abs=1e-6, nan_ok=True)


@given(touches_of_three, thresholds_of_three, st.integers(0, 11))
def test_without_a_touch_nobody_buys_earlier(touches: list[Touch], thresholds: list[float], left_out: int) -> None:
    fewer = [touch for row, touch in enumerate(touches) if row != left_out]
    for full, less in zip(run(touches, thresholds)[0], run(fewer, thresholds)[0], strict=True):
        assert math.isnan(less) or less >= full - 1e-9


def test_a_push_that_reaches_the_threshold_makes_the_purchase_in_that_touch() -> None:
    touches = [(0, 5.0, 0.5, 0.0), (0, 2.0, 0.1, 0.0), (1, 2.0, 0.1, 0.0)]
    bought_at, bought_in = run(touches, [0.6, 0.6, 0.6], base=0.0)
    assert bought_at[0] == 5.0 and bought_in == [0, -1, -1]
    assert math.isnan(bought_at[1]) and math.isnan(bought_at[2])


def test_the_base_rate_alone_makes_purchases_that_no_touch_caused() -> None:
    bought_at, bought_in = run([], [0.2, 0.3, 2.0], base=0.1)
    assert bought_at == pytest.approx([2.0, 3.0, math.nan], nan_ok=True)
    assert bought_in == [-1, -1, -1]
