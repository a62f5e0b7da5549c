"""Intervals of counts and ratios, beside the exact ones."""

from __future__ import annotations

from math import inf

import pytest
from scipy.stats import chi2

from published.chance import count_bounds, ratio_bounds


@pytest.mark.parametrize("count", [0.5, 1, 2, 3, 5, 8.4, 10, 30, 100, 10_000])
def test_the_interval_of_a_count_is_nearly_the_exact_one(count: float) -> None:
    exact = chi2.ppf(0.025, 2 * count) / 2, chi2.ppf(0.975, 2 * count + 2) / 2
    allowed = 0.01 * exact[1] if count >= 5 else 0.02
    assert count_bounds(count) == pytest.approx(exact, abs=allowed)


def test_no_conversion_may_be_chance_up_to_three_point_seven() -> None:
    assert count_bounds(0) == (0, pytest.approx(chi2.ppf(0.975, 2) / 2))


def test_a_ratio_scales_with_its_count_and_a_cost_with_the_inverse() -> None:
    lower, upper = count_bounds(10)
    assert ratio_bounds(3, 10) == pytest.approx((0.3 * lower, 0.3 * upper))
    assert ratio_bounds(100, 10, counts_below=True) == pytest.approx((1000 / upper, 1000 / lower))


def test_without_conversions_there_is_no_interval_and_with_hardly_any_a_cost_has_no_upper_bound() -> None:
    assert ratio_bounds(3, 0) is None
    assert ratio_bounds(100, 0.4, counts_below=True) == (pytest.approx(40 / count_bounds(0.4).upper), inf)
