"""Touch credit of rule models: the entries of attribution/rules.py over the touches of a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution.knobs import RuleKnobs
from attribution.rules import rules_named
from attribution.weights import Model, Path, Touch

RULES_VERSION = "rules"


def rules_of(models: Sequence[str], path: Column, milestones: Column, knobs: RuleKnobs) -> list[Model]:
    """The rules of these names over a path; UsageError for a name that no rule has."""
    whole_path = Path(path, milestones)
    found = []
    for rule in rules_named(models):
        if rule.one_touch:
            found.append(Model(rule.name, RULES_VERSION, _column(rule.one_touch(whole_path, knobs))))
        elif rule.weight:
            of_path = rule.of_path(whole_path) if rule.of_path else F.lit(None)
            found.append(Model(rule.name, RULES_VERSION, of_path, partial(_weighed, rule.weight, knobs)))
    return found


def _weighed(weight: Callable[[Touch, RuleKnobs], Column | float], knobs: RuleKnobs, touch: Touch) -> Column:
    return _column(weight(touch, knobs))


def _column(value: Column | float) -> Column:
    return value if isinstance(value, Column) else F.lit(value)
