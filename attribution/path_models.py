"""Every model on aggregated paths: rules, Markov and Shapley by name, and the rows of their results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from attribution import markov, shapley
from attribution.knobs import RuleKnobs
from attribution.path_rules import PATH_RULES, credit_by_rule
from attribution.paths import Floats, Paths
from attribution.rules import RULES
from warehouse.errors import CheckFailed, UsageError, unknown_name
from warehouse.terms import UNATTRIBUTED

DEFAULT_MODELS = (*(name for name in PATH_RULES if RULES[name].is_default), "markov", "shapley")
ALL_MODELS = (*DEFAULT_MODELS, *(name for name in PATH_RULES if not RULES[name].is_default), "shapley_rate")
TOLERANCE = 1e-9


class CreditRow(NamedTuple):
    """Credit of a channel under a model; removal_effect only for markov, value None where the paths have none."""

    model: str
    channel: str
    conversions: float
    value: float | None
    removal_effect: float | None


class EffectRow(NamedTuple):
    """What is lost without a channel (0 to 1), and its share of the sum of that over channels."""

    model: str
    order: int
    channel: str
    removal_effect: float
    share: float
    value_removal_effect: float | None
    value_share: float | None


class TransitionRow(NamedTuple):
    """One entry of the transition matrix; states are JSON arrays, [] is the start, an end has no to_state."""

    from_state: str
    event: str
    to_state: str | None
    journeys: float
    probability: float


@dataclass(frozen=True)
class Attribution:
    """Rows by model and channel: models in the requested order, channels sorted, '(unattributed)' last."""

    credit: list[CreditRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    markov: markov.MarkovFit | None = None


def attribute(
    paths: Paths,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    order: int = 1,
    collapse: bool = False,
    knobs: RuleKnobs | None = None,
    has_value: bool = True,
) -> Attribution:
    """Credit of each model for each channel, zeros included; per model the sums are those of the paths.

    `order` and `collapse` are those of `markov.fit`.
    Conversions of empty paths are in one row '(unattributed)' per model. UsageError for a model that does not exist or
    is named twice; CheckFailed where a sum differs.

    >>> from attribution.path_models import attribute
    >>> from attribution.paths import Paths
    >>> found = attribute(Paths.of([["Search", "Email"], []], conversions=[4, 1], value=[40, 10]), ["linear"])
    >>> [(row.channel, row.conversions, row.value) for row in found.credit]
    [('Email', 2.0, 20.0), ('Search', 2.0, 20.0), ('(unattributed)', 1.0, 10.0)]
    """
    unknown = [model for model in models if model not in ALL_MODELS]
    if unknown or not models:
        raise UsageError(unknown_name("model", (unknown or [""])[0], ALL_MODELS))
    if len(set(models)) < len(models):
        raise UsageError("each model can be named once")
    touched = paths.keep_paths(paths.lengths > 0)
    untouched = paths.keep_paths(paths.lengths == 0)
    result = Attribution(markov=markov.fit(touched, order, collapse=collapse) if "markov" in models else None)
    for model in models:
        effects: Floats | None = None
        if model == "markov" and result.markov is not None:
            fitted = result.markov
            conversions, value, effects = fitted.credited_conversions, fitted.credited_value, fitted.removal_effects
        elif model in PATH_RULES:
            conversions, value = credit_by_rule(touched, model, knobs)
        else:
            earned = (shapley.fit_rate_game if model == "shapley_rate" else shapley.fit_subset_game)(touched)
            conversions, value = earned.credited_conversions, earned.credited_value
            if earned.error_bound > 0:
                result.notes.append(
                    f"{model}: journeys of more than {shapley.EXACT_CHANNELS} distinct channels were sampled; with 95% "
                    f"confidence no channel's conversions are off by more than {earned.error_bound:.4g}"
                )
        _check_sums(model, touched, conversions, value)
        result.credit.extend(_rows(model, touched.channels, (conversions, value, effects), untouched, has_value))
    return result


def effect_rows(fitted: markov.MarkovFit, *, has_value: bool = True) -> list[EffectRow]:
    """Removal effects and shares of every channel."""
    columns = (fitted.removal_effects, fitted.shares, fitted.value_removal_effects, fitted.value_shares)
    rows = zip(fitted.channels, *(column.tolist() for column in columns), strict=True)
    return [
        EffectRow("markov", fitted.order, channel, effect, share, *((v_effect, v_share) if has_value else (None, None)))
        for channel, effect, share, v_effect, v_share in rows
    ]


def transition_rows(fitted: markov.MarkovFit) -> list[TransitionRow]:
    """The transition matrix, entries above 0."""
    return [
        TransitionRow(
            json.dumps(entry.from_state, ensure_ascii=False),
            entry.event,
            None if entry.to_state is None else json.dumps(entry.to_state, ensure_ascii=False),
            entry.journeys,
            entry.probability,
        )
        for entry in fitted.transitions()
    ]


def _rows(
    model: str,
    channels: Sequence[str],
    columns: tuple[Floats, Floats, Floats | None],
    untouched: Paths,
    has_value: bool,
) -> list[CreditRow]:
    conversions, value, effects = columns
    earned = {
        channel: [conversions[i], value[i], None if effects is None else float(effects[i])]
        for i, channel in enumerate(channels)
    }
    if len(untouched):
        # A channel may have this name too: both are then added up in one row.
        row = earned.pop(UNATTRIBUTED, [0.0, 0.0, None])
        earned[UNATTRIBUTED] = [row[0] + untouched.conversions.sum(), row[1] + untouched.value.sum(), row[2]]
    return [
        CreditRow(model, channel, float(row[0]), float(row[1]) if has_value else None, row[2])
        for channel, row in earned.items()
    ]


def _check_sums(model: str, touched: Paths, conversions: Floats, value: Floats) -> None:
    for what, credited, given in (("conversions", conversions, touched.conversions), ("value", value, touched.value)):
        total = float(given.sum())
        if not np.isclose(credited.sum(), total, rtol=TOLERANCE, atol=TOLERANCE):
            raise CheckFailed(f"{model} credits {credited.sum()!r} {what} of {total!r}: please report this")
