"""A classifier as plain numbers: its predictions, what each feature adds, and the reasons of one customer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv.churn_scorer import Classifier, Inputs, Linear, Trees, expit, logit, looked_back, reasons

NAMES = ("visits", "share", "silence")
INPUTS = Inputs(
    names=NAMES, fill=(0.0, 0.5, 90.0), is_log=(True, False, True), low=(0.0, 0.0, 0.0), high=(3.0, 1.0, 5.0)
)
LINEAR = Linear(intercept=0.3, coefficients=(-2.0, 0.5, 1.5), means=(0.2, 0.4, 0.6))
#            visits <= .3 ? (share <= .5 ? a : b) : c        silence <= .6 ? d : e
PARTS: dict[str, Any] = {
    "roots": (0, 5),
    "feature": (0, 1, -1, -1, -1, 2, -1, -1),
    "threshold": (0.3, 0.5, 0.0, 0.0, 0.0, 0.6, 0.0, 0.0),
    "left": (1, 2, -1, -1, -1, 6, -1, -1),
    "right": (4, 3, -1, -1, -1, 7, -1, -1),
    "value": (0.4, 0.7, 0.9, 0.6, 0.2, 0.5, 0.3, 0.8),
}
BOOSTED, FOREST = Trees(is_forest=False, **PARTS), Trees(is_forest=True, **PARTS)
MODELS = {"linear": LINEAR, "boosted": BOOSTED, "forest": FOREST}


def classifier(model: Linear | Trees) -> Classifier:
    return Classifier(inputs=INPUTS, model=model, offset=-0.2, slope=1.1)


def columns(*rows: tuple[float, float, float]) -> dict[str, np.ndarray]:
    return dict(zip(NAMES, np.array(rows, dtype=float).T, strict=True))


def test_features_are_filled_made_logarithms_and_scaled_in_this_order() -> None:
    scaled = INPUTS.scaled(columns((np.e - 1, 0.25, np.nan), (0.0, np.nan, 0.0)))
    assert scaled == pytest.approx(np.array([[1 / 3, 0.25, np.log(91) / 5], [0.0, 0.5, 0.0]]))


def test_a_row_goes_left_where_it_is_at_most_the_threshold() -> None:
    scaled = np.array([[0.3, 0.5, 0.6], [0.3, 0.51, 0.61], [0.31, 0.0, 0.0]])
    assert BOOSTED.raw(scaled).log_odds == pytest.approx([0.9 + 0.3, 0.6 + 0.8, 0.2 + 0.3])
    assert expit(FOREST.raw(scaled).log_odds) == pytest.approx([0.6, 0.7, 0.25])


@pytest.mark.parametrize("name", MODELS)
@given(rows=st.lists(st.tuples(*[st.floats(0, 100)] * 3), min_size=1, max_size=8))
def test_what_features_add_makes_up_the_distance_from_a_typical_row(name: str, rows: list[Any]) -> None:
    found = classifier(MODELS[name]).explained(columns(*rows))
    assert found.typical + found.added.sum(axis=1) == pytest.approx(found.log_odds, abs=1e-9)
    assert expit(found.log_odds) == pytest.approx(classifier(MODELS[name]).probability(columns(*rows)))


@pytest.mark.parametrize("name", MODELS)
def test_reasons_and_the_rest_add_up_to_the_distance_from_the_base_rate(name: str) -> None:
    seen = columns((3.0, 0.7, 20.0), (0.0, 0.1, 1.0), (1.0, np.nan, np.nan))
    found = reasons(classifier(MODELS[name]), seen, base_rate=0.3, number=2)
    distance = logit(classifier(MODELS[name]).probability(seen)) - logit(np.array(0.3))
    assert found.added.sum(axis=1) + found.rest == pytest.approx(distance)
    assert np.all(np.abs(found.added[:, 0]) >= np.abs(found.added[:, 1]))


def test_of_equal_reasons_the_first_by_name_comes_first_and_none_is_no_reason() -> None:
    even = Linear(intercept=0.0, coefficients=(1.0, 1.0, 0.0), means=(0.0, 0.0, 0.0))
    plain = Inputs(names=NAMES, fill=(0.0,) * 3, is_log=(False,) * 3, low=(0.0,) * 3, high=(1.0,) * 3)
    found = reasons(Classifier(inputs=plain, model=even), columns((0.5, 0.5, 0.5)), base_rate=0.5, number=4)
    assert found.names.tolist() == [["share", "visits", "", ""]]
    assert found.added.tolist() == [[0.5, 0.5, 0.0, 0.0]]


def test_of_a_record_of_40_days_nobody_is_silent_for_60() -> None:
    seen = {
        "days_since_visit": np.array([60.0, 40.0, np.nan]),
        "days_since_active": np.array([60.0, 40.0, 70.0]),
        "days_since_purchase": np.array([90.0, 90.0, 69.0]),
    }
    cut = looked_back(seen, 40)
    assert cut["days_since_visit"].tolist() == pytest.approx([np.nan, 40.0, np.nan], nan_ok=True)
    assert cut["days_since_active"].tolist() == [90.0, 40.0, 69.0]


@pytest.mark.parametrize("name", MODELS)
def test_a_classifier_is_the_same_to_the_last_digit_after_json(name: str) -> None:
    one = classifier(MODELS[name])
    assert Classifier.from_dict(json.loads(json.dumps(one.to_dict()))) == one
