"""Rule models on aggregated paths: credit by a touch's position in its path, without times."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from attribution.knobs import RuleKnobs
from attribution.path_weights import ends_and_middle
from attribution.paths import Flags, Floats, Paths, summed
from attribution.rule import unmet_need
from attribution.rules import RULES
from conf import CONF_ROOT
from warehouse.errors import UsageError, unknown_name
from warehouse.settings_file import knobs_of, read_yaml

PATH_RULES = tuple(name for name, rule in RULES.items() if rule.on_paths)
# The options of attribute-paths that set a knob.
OPTIONS = {"position_based": "--position-shares", "order_ratio": "--order-ratio", "paid_channels": "--paid"}


class Credit(NamedTuple):
    """Conversions and value by channel, in the order of the paths' channels; empty paths are not in it."""

    conversions: Floats
    value: Floats


def path_rule_knobs(**changed: Any) -> RuleKnobs:
    """The rules' knobs of conf/base.yaml with some changed; UsageError, naming knob and option, for a wrong value.

    No channel is paid unless named here: channels of paths may have any name.
    """
    base = read_yaml(CONF_ROOT / "base.yaml")["attribution"]
    values = {name: base[name] for name in RuleKnobs.model_fields}
    return knobs_of(RuleKnobs, {**values, "paid_channels": [], **changed}, OPTIONS)


def credit(paths: Paths, weights: Floats) -> Credit:
    """The conversions and value of each path divided over its touches by weight (one per touch, not negative).

    A path whose weights are all zero is divided equally.

    >>> import numpy as np
    >>> from attribution.path_rules import credit
    >>> from attribution.paths import Paths
    >>> credit(Paths.of([["Search", "Email"]], conversions=[4]), np.array([1.0, 3.0])).conversions.tolist()
    [3.0, 1.0]
    """
    path = paths.path_of_step
    total = summed(path, weights, len(paths))[path]
    share = np.where(total > 0, weights / np.where(total > 0, total, 1.0), 1.0 / paths.lengths[path])
    size = len(paths.channels)
    return Credit(
        summed(paths.steps, share * paths.conversions[path], size),
        summed(paths.steps, share * paths.value[path], size),
    )


def rule_weights(paths: Paths, model: str, knobs: RuleKnobs | None = None) -> Floats:
    """One weight per touch by a rule of `PATH_RULES`, of any scale; by default with `path_rule_knobs()`.

    UsageError for another name, and where a knob that the rule needs is empty.
    """
    weigh = RULES[model].on_paths if model in PATH_RULES else None
    if weigh is None:
        raise UsageError(unknown_name("rule", model, PATH_RULES))
    chosen = knobs or path_rule_knobs()
    if unmet := unmet_need([RULES[model]], chosen, OPTIONS):
        raise UsageError(unmet)
    return np.asarray(weigh(paths, chosen), np.float64)


def credit_by_rule(paths: Paths, model: str, knobs: RuleKnobs | None = None) -> Credit:
    """Credit by a rule; see `rule_weights`.

    >>> from attribution.path_rules import credit_by_rule
    >>> from attribution.paths import Paths
    >>> paths = Paths.of([["Search", "Email", "Search"]], conversions=[10], value=[50])
    >>> paths.channels
    ('Email', 'Search')
    >>> credit_by_rule(paths, "position_based").value.round(2).tolist()
    [10.0, 40.0]
    """
    return credit(paths, rule_weights(paths, model, knobs))


def w_shaped(
    paths: Paths, milestones: Flags, *, first: float = 0.3, milestone: float = 0.3, last: float = 0.3
) -> Floats:
    """One weight per touch: shares for the first touch, the milestones, the last touch, and the rest for the others.

    `milestones` has one flag per touch; several milestones of a path divide their share. A touch in two roles has both
    shares. A share that no touch can take (no milestone, nothing in between) is dropped, and the others grow in
    proportion: a path without milestone is divided by position. Aggregated paths do not record which touch led to a
    sign-up, so the flags come from the caller.
    """
    shares = (first, milestone, last)
    if not (min(shares) >= 0 and first + last > 0 and sum(shares) <= 1 + 1e-12):
        raise UsageError(f"shares of first touch, milestones and last touch must be at most 1 together, not {shares}")
    milestones = np.asarray(milestones, bool)
    marked = summed(paths.path_of_step, milestones, len(paths))[paths.path_of_step]
    shared = np.where(milestones, milestone / np.maximum(marked, 1.0), 0.0)
    return ends_and_middle(paths, first, last, shared, milestone)
