"""The examples in the docstrings of the numeric modules run and give what they show. None of them needs Spark."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The public functions that promise an example.
DOORS = {
    "attribution.markov": ("fit", "fit_transitions", "touch_shares"),
    "attribution.path_models": ("attribute",),
    "attribution.path_rules": ("credit", "credit_by_rule"),
    "attribution.path_transforms": ("transformed",),
    "attribution.paths": ("Paths",),
    "attribution.shapley": ("fit_rate_game", "fit_subset_game"),
    "ltv.behaviour.boosting": ("fit_boosted",),
    "ltv.behaviour.early_periods": ("periods_of",),
    "ltv.behaviour.log_linear": ("fit_log_linear",),
    "ltv.behaviour.logistic": ("fit_logistic",),
    "ltv.behaviour.newer_users": ("development",),
    "ltv.behaviour.origins": ("origins_of",),
    "ltv.bg_nbd": ("fit",),
    "ltv.early_drift": ("expected_by_now",),
    "ltv.gamma_gamma": ("fit",),
    "ltv.histories": ("indicators",),
    "ltv.intervals": ("prediction_intervals", "total_purchases"),
    "ltv.mbg_cnbd_k": ("fit",),
    "ltv.mbg_nbd": ("fit",),
    "ltv.own_error": ("own_error",),
    "ltv.pareto_nbd": ("continuous_rate", "fit"),
    "ltv.retention": ("campaign_profit", "uplift_of_experiment"),
    "ltv.stability": ("stability",),
}


def examples(module: str) -> dict[str, doctest.DocTest]:
    """The docstrings of a module that have examples, by name of the function or class."""
    found = doctest.DocTestFinder().find(importlib.import_module(module), module)
    return {test.name.removeprefix(f"{module}."): test for test in found if test.examples}


def test_every_module_with_examples_is_listed() -> None:
    with_examples = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for package in ("attribution", "ltv")
        for file in (ROOT / package).rglob("*.py")
        if ">>> " in file.read_text(encoding="utf-8")
    }
    assert with_examples == set(DOORS)


@pytest.mark.parametrize("module", DOORS)
def test_public_functions_have_an_example(module: str) -> None:
    assert tuple(sorted(examples(module))) == DOORS[module]


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in DOORS.items() for name in names])
def test_an_example_gives_what_it_shows(module: str, name: str) -> None:
    report: list[str] = []
    result = doctest.DocTestRunner().run(examples(module)[name], out=report.append)
    assert not result.failed, "".join(report)
