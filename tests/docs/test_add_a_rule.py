"""docs/how-to/add-a-rule.md: its code, registered as the page says, credits as its tables say."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from attribution import knobs, path_rules, rules
from attribution.attribution_credits import build_attribution_credits
from attribution.knobs import RuleKnobs
from attribution.paths import Paths
from attribution.rule import Rule
from attribution.rules_page import table
from conf import CONF_ROOT
from tests.attribution import rules_oracle
from tests.attribution.rules_oracle import KNOBS, NOON, journey, journeys_frame, walk

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-rule.md").read_text(encoding="utf-8")
WITHOUT_KNOB, WITH_KNOB = PAGE.split("## A rule with a knob")
BLOCK = re.compile(r"```(python|yaml|shell)\n(.*?)```", re.S)


def blocks(part: str, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(part) if found == language]


def evaluated(code: str, module: ModuleType) -> Any:
    """An expression of the page where the page puts it."""
    return eval(code.strip(), dict(vars(module)))


def defined(code: str, module: ModuleType) -> Any:
    """The function or class that a block defines, where the page puts it."""
    place = dict(vars(module))
    exec(code, place)
    (name,) = re.findall(r"^(?:def|class) (\w+)", code, flags=re.MULTILINE)
    return place[name]


def credit_by_path(part: str) -> dict[str, list[float]]:
    """What the table of the page says: path: credit of each touch."""
    rows = re.findall(r"^\| ([A-Z][A-Z >]*) \| ([\d., ]+) \|$", part, flags=re.MULTILINE)
    return {path: [float(share) for share in credit.split(", ")] for path, credit in rows}


def credited(spark: SparkSession, rule: Rule, paths: list[str], chosen: RuleKnobs) -> dict[str, list[float]]:
    """Credit of each touch by the builder, for conversions that these paths led to."""
    journeys = journeys_frame(spark, [journey(path, walk(path)) for path in paths])
    found = {path: [0.0] * len(walk(path)) for path in paths}
    for row in build_attribution_credits(journeys, models=[rule.name], knobs=chosen).collect():
        found[row["conversion_id"]][row["position"] - 1] = row["credit"]
    return found


def check(spark: SparkSession, rule: Rule, oracle: Any, expected: dict[str, list[float]], chosen: RuleKnobs) -> None:
    assert len(expected) == 3
    assert credited(spark, rule, list(expected), chosen) == expected
    assert {path: [float(share) for share in oracle(walk(path), NOON)] for path in expected} == expected
    assert list(rule.example) == expected["A > B > C"]
    assert rule.on_paths is not None
    for path, shares in expected.items():
        weights = rule.on_paths(Paths.of([path.split(" > ")], [1]), chosen)
        assert (weights / weights.sum()).tolist() == shares
    assert f"| {rule.name} |" in table([rule])


def test_the_rule_without_a_knob_credits_as_the_page_says(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, oracle = blocks(WITHOUT_KNOB, "python")
    rule = evaluated(entry, rules)
    monkeypatch.setitem(rules.RULES, rule.name, rule)
    check(spark, rule, defined(oracle, rules_oracle), credit_by_path(WITHOUT_KNOB), KNOBS)


def test_the_comment_that_the_page_shows_begins_as_that_of_base_yaml() -> None:
    (comment,) = blocks(WITHOUT_KNOB, "yaml")
    assert comment.split("…")[0] in (CONF_ROOT / "base.yaml").read_text(encoding="utf-8")


def test_the_rule_with_a_knob_credits_as_the_page_says(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    knob, entry, oracle = blocks(WITH_KNOB, "python")
    (default,) = blocks(WITH_KNOB, "yaml")
    wider = defined(f"class WithKnob(RuleKnobs):\n    {knob}", knobs)
    chosen = wider(**{**KNOBS.model_dump(), **yaml.safe_load(default)})
    rule = evaluated(entry, rules)
    monkeypatch.setitem(rules.RULES, rule.name, rule)
    check(spark, rule, defined(oracle, rules_oracle), credit_by_path(WITH_KNOB), chosen)
    assert list(rule.knobs) == list(yaml.safe_load(default)) == [knob.split(":")[0]]


def test_the_files_and_names_of_the_page_exist() -> None:
    root = Path(__file__).parents[2]
    for name in re.findall(r"`((?:attribution|conf|tests|jobs)/[\w/.]+)`", PAGE):
        assert (root / name).is_file(), name
    for file in re.findall(r"(?<= )tests/\S+\.py", "".join(blocks(PAGE, "shell"))):
        assert (root / file).is_file(), file
    for module, name in ((rules, "_ENTRIES"), (rules_oracle, "ORACLE"), (path_rules, "OPTIONS")):
        assert f"`{name}`" in PAGE
        assert hasattr(module, name)
