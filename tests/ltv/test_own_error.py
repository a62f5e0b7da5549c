"""The model's own error: what past forecasts were off beyond parameters and chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from ltv.intervals import Interval
from ltv.own_error import PUBLIC_ERRORS, PUBLIC_SHOPS, OwnError, PastForecast, own_error, recalibration, with_own_error

OF_PUBLIC_SHOPS = float(np.sqrt(np.mean(np.square(PUBLIC_ERRORS["purchases"]))))


def test_a_shop_without_a_past_has_the_error_of_public_shops() -> None:
    assert own_error("purchases", []) == OwnError(pytest.approx(0.1329, abs=1e-4), 0.0, 0)
    assert own_error("purchases", []).deviation == pytest.approx(OF_PUBLIC_SHOPS)


def test_value_has_errors_of_its_own() -> None:
    assert own_error("value", []).deviation == pytest.approx(0.1561, abs=1e-4)
    assert {measure: len(errors) for measure, errors in PUBLIC_ERRORS.items()} == {
        "purchases": PUBLIC_SHOPS,
        "value": PUBLIC_SHOPS,
    }


def test_each_past_forecast_counts_as_one_origin_without_what_chance_explains() -> None:
    # errors +10% and -20%; 5% of each is explained
    past = [PastForecast(1000, 50.0**2, 1100), PastForecast(2000, 100.0**2, 1600)]

    found = own_error("purchases", past)

    of_public = sum(error**2 for error in PUBLIC_ERRORS["purchases"])
    assert found.deviation**2 == pytest.approx((of_public + 0.1**2 + 0.2**2 - 2 * 0.05**2) / 6)
    assert found.mean == pytest.approx((0.1 - 0.2) / 6)
    assert found.origins == 2


def test_errors_that_chance_explains_show_none_of_the_model_s_own() -> None:
    past = [PastForecast(100, 20.0**2, 105)] * 4

    assert own_error("purchases", past).deviation ** 2 == pytest.approx(OF_PUBLIC_SHOPS**2 / 2)


@pytest.mark.parametrize("nothing", [PastForecast(0, 0.0, 3), PastForecast(100, np.inf, 140)])
def test_a_forecast_of_nothing_or_of_infinite_variance_does_not_count(nothing: PastForecast) -> None:
    assert own_error("purchases", [nothing]) == own_error("purchases", [])


def test_an_interval_with_the_own_error_is_wider_by_the_root_of_squares() -> None:
    alone = Interval(np.array(1000.0), np.array(900.0), np.array(1100.0))

    wide = with_own_error(alone, OwnError(0.1, 0.02, 5), level=0.9)

    half_width = np.hypot(100.0, t.ppf(0.95, PUBLIC_SHOPS + 5) * 0.1 * 1000)
    assert [float(bound) for bound in wide] == pytest.approx([1000, 1000 - half_width, 1000 + half_width])


def test_an_interval_ends_at_nothing_below_and_may_be_open_above() -> None:
    open_above = Interval(np.array(50.0), np.array(0.0), np.array(np.inf))

    assert with_own_error(open_above, OwnError(0.5, 0, 0), level=0.95) == (50.0, 0.0, np.inf)


def test_recalibration_takes_off_the_mean_error_drawn_to_nothing_where_there_are_few_origins() -> None:
    too_low_by_a_tenth = PastForecast(1000, 0.0, 1100)

    assert recalibration(own_error("purchases", [])) == 1
    assert recalibration(own_error("purchases", [too_low_by_a_tenth])) == pytest.approx(1 + 0.1 / 5)
    assert recalibration(own_error("purchases", [too_low_by_a_tenth] * 96)) == pytest.approx(1 + 0.1 * 96 / 100)


@pytest.mark.parametrize(("deviation", "origins", "least", "most"), [
    (0.0, 5, 0.99, 1.0),  # nobody knows from five origins that a shop has none
    (0.13, 0, 0.98, 1.0),  # Student's quantile of four origins is wide
    (0.13, 5, 0.95, 0.98),
    (0.2, 5, 0.91, 0.93),  # half as much again as the public shops: five origins do not outweigh these
    (0.2, 20, 0.93, 0.96),
])  # fmt: skip
def test_how_often_intervals_hold_the_total_of_shops_with_an_own_error(
    deviation: float, origins: int, least: float, most: float
) -> None:
    """Of level 95%; parameters and chance explain 5% of each total, the own error is normal."""
    random = np.random.default_rng(20260301)
    shops, explained = 4000, 50.0
    held = 0
    for _ in range(shops):
        errors = random.normal(0, deviation, origins + 1) + random.normal(0, explained / 1000, origins + 1)
        *past, actual = 1000 * (1 + errors)
        own = own_error("purchases", [PastForecast(1000, explained**2, came) for came in past])
        alone = Interval(np.array(1000.0), np.array(1000 - 1.96 * explained), np.array(1000 + 1.96 * explained))
        wide = with_own_error(alone, own, level=0.95)
        held += bool(wide.lower <= actual <= wide.upper)

    assert least <= held / shops <= most
