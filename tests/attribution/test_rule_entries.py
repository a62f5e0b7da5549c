"""The entries of the rule models, and everything that follows from them."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from pyspark.sql import SparkSession
from rules_oracle import KNOBS, NOON, ORACLE, journey, journeys_frame, rule_knobs, walk

from attribution.attribution_credits import build_attribution_credits
from attribution.knobs import Attribution, RuleKnobs
from attribution.path_models import ALL_MODELS, DEFAULT_MODELS
from attribution.path_rules import PATH_RULES, rule_weights
from attribution.paths import Paths
from attribution.rule import Rule, unmet_need
from attribution.rule_credit import rules_of
from attribution.rules import RULES, rules_named
from attribution.rules_page import ORDER, PAGE, model_order, page
from conf import CONF_ROOT
from jobs.settings import load_settings
from warehouse.errors import UsageError
from warehouse.model_order import MODEL_ORDER

BASE = (CONF_ROOT / "base.yaml").read_text(encoding="utf-8")


def test_every_rule_has_an_oracle_and_every_oracle_a_rule() -> None:
    assert list(ORACLE) == list(RULES)


def test_the_page_of_the_models_and_the_order_of_reports_are_written_from_the_entries() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, RULES.values()) == text, "run `make docs`"
    assert page(text, list(RULES.values())[1:]) != text
    assert ORDER.read_text(encoding="utf-8") == model_order(RULES.values()), "run `make docs`"
    assert sorted(MODEL_ORDER) == sorted(name for name, rule in RULES.items() if rule.report_place is not None)


def test_places_in_reports_are_given_once() -> None:
    places = [rule.report_place for rule in RULES.values() if rule.report_place is not None]
    assert sorted(places) == list(range(1, len(places) + 1))


def test_base_yaml_credits_the_default_rules_and_its_comment_names_the_others() -> None:
    assert load_settings().attribution.models == [name for name, rule in RULES.items() if rule.is_default]
    others = [name for name, rule in RULES.items() if not rule.is_default]
    (comment,) = re.findall(r"# Rule models to credit; also (.*)\.\n", BASE)
    assert comment == ", ".join(others)


def test_attribute_paths_runs_the_default_rules_on_paths_and_knows_all_of_them() -> None:
    assert [name for name in DEFAULT_MODELS if name in RULES] == [name for name in PATH_RULES if RULES[name].is_default]
    assert set(ALL_MODELS) - set(RULES) == {"markov", "shapley", "shapley_rate"}
    assert set(ALL_MODELS) & set(RULES) == {name for name, rule in RULES.items() if rule.on_paths}


@pytest.mark.parametrize("model", RULES)
def test_the_example_of_an_entry_is_the_credit_of_both_sides(spark: SparkSession, model: str) -> None:
    journeys = journeys_frame(spark, [journey("c", walk("A > B > C"))])
    rows = build_attribution_credits(journeys, models=[model], knobs=KNOBS).collect()
    credit = {row["channel"]: row["credit"] for row in rows}
    expected = pytest.approx(RULES[model].example, abs=5e-5)
    assert [credit.get(channel, 0.0) for channel in "ABC"] == expected
    if model in PATH_RULES:
        weights = rule_weights(Paths.of(["ABC"], [1]), model, KNOBS)
        assert (weights / weights.sum()).tolist() == expected


@pytest.mark.parametrize("model", PATH_RULES)
def test_rules_on_paths_agree_with_exact_fractions_on_random_paths(model: str) -> None:
    draw = random.Random(20260402)
    paths = [draw.choices(["A", "B", "C", "Direct"], k=draw.randint(1, 12)) for _ in range(200)]
    for path in paths:
        weights = rule_weights(Paths.of([path], [1]), model, KNOBS)
        expected = [float(share) for share in ORACLE[model](walk(" > ".join(path)), NOON)]
        assert np.allclose(weights / weights.sum(), expected, rtol=0, atol=1e-14), path


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_reads_no_knob_but_those_of_its_entry(spark: SparkSession, rule: Rule) -> None:
    assert set(rule.knobs) <= set(Attribution.model_fields)
    own = {name: getattr(KNOBS, name) for name in rule.knobs if name in RuleKnobs.model_fields}
    knobs = RuleKnobs.model_construct(**own)  # reading another one is an AttributeError
    journeys = journeys_frame(spark, [journey("c", walk("A > B > C"))])
    assert build_attribution_credits(journeys, models=[rule.name], knobs=knobs).columns
    if rule.on_paths:
        assert len(rule_weights(Paths.of(["ABC"], [1]), rule.name, knobs)) == 3


def test_a_rule_whose_knob_is_empty_is_named_with_it() -> None:
    nothing = rule_knobs(paid_channels=[], channel_weights={"A": 0.0})
    needs = {rule.name: unmet_need([rule], nothing) for rule in RULES.values()}
    assert {name: text for name, text in needs.items() if text} == {
        "w_shape": "the model w_shape needs milestones",
        "last_paid": "the model last_paid needs paid_channels",
        "custom": "the model custom needs channel_weights, one of them above 0",
    }
    options = {"paid_channels": "--paid"}
    assert unmet_need([RULES["last_paid"]], nothing, options) == "the model last_paid needs paid_channels (--paid)"


def test_an_entry_sets_exactly_one_of_one_touch_and_weight() -> None:
    with pytest.raises(TypeError, match="either one_touch or weight"):
        Rule(name="nobody", meaning="", example=())
    with pytest.raises(TypeError, match="either one_touch or weight"):
        Rule(name="both", meaning="", example=(), one_touch=lambda path, knobs: 0, weight=lambda touch, knobs: 1.0)


def test_a_rule_that_does_not_exist_is_named_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"no rule is called 'lineal'; there are first_touch, .*; did you mean linear\?"
    ):
        rules_named(["lineal"])


def test_the_version_of_all_rules_is_one(spark: SparkSession) -> None:
    frame = journeys_frame(spark, [])
    models = rules_of(list(RULES), frame["path"], frame["milestones"], KNOBS)
    assert [model.name for model in models] == list(RULES)
    assert {model.version for model in models} == {"rules"}
