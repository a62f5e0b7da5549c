"""Registered models of early value: what is stored of a training, the contest with the champion, and what a card says.

A version holds plain numbers as JSON and the code that predicts from them, as a package of its own name; no person's
row, no pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ltv.behaviour.early_judge import deviance
from ltv.behaviour.early_rows import EarlyRows
from ltv.behaviour.early_training import EarlyTraining, TrainedAge, learned_of
from ltv.behaviour.newer_users import ALL, NOT_YET
from ltv.behaviour_registry import TOLERANCE, Challenger, Registration, register
from ltv.early_value import EARLY_VALUE_ARTIFACT
from ltv.early_value_model import CHANNEL, Behaviour, ChannelMean, EarlyValueModel, by_to_dict
from ltv.early_value_pyfunc import AGE, output_columns
from ltv.knobs import EarlyValueModelName
from ltv.stored_code import write_early_value_package
from warehouse.champion import CHAMPION
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow


def register_early_value(
    training: EarlyTraining, data: EarlyRows, *, tracking: Mlflow, named: EarlyValueModelName, tags: Mapping[str, str]
) -> Registration:
    """Log a training as one MLflow run and, where it wins, make it the champion.

    It wins without a champion, or where its deviance on its newest periods is at most 1% above that of the champion as
    it was fitted for its own newest periods. InputError where MLflow does not answer.
    """
    content = stored_content(training)
    challenger = Challenger(
        name=named.early_value_model,
        as_of=training.until,
        content=content,
        artifact=EARLY_VALUE_ARTIFACT,
        write_package=write_early_value_package,
        signature=signature(content),
        input_example=input_example(content),
        facts={"served": served_line(training), **tags},
        metrics=metrics_of(training),
        notes=training.notes,
        description=DESCRIPTION,
        card=describe(training),
    )

    def against(of_champion: Mapping[str, Any], champion: str) -> str | None:
        ratio = contest(training, data, EarlyValueModel.from_dict(of_champion, which="at_newest"))
        if ratio is None or ratio <= 1 + TOLERANCE:
            return None
        return (
            f"the deviance on the newest periods is {ratio:.3f} times that of the champion {champion}, more than "
            f"{1 + TOLERANCE:g}"
        )

    return register(challenger, tracking, against)


def stored_content(training: EarlyTraining) -> dict[str, Any]:
    """What a version is, as plain data; `early_value_model.EarlyValueModel` reads it."""
    return {
        "as_of": training.until.isoformat(),
        "new_since": training.new_since.isoformat(),
        "notes": list(training.notes),
        "models": [_model(one) for one in training.models],
    }


def _model(one: TrainedAge) -> dict[str, Any]:
    return {
        "age_days": one.model.age_days,
        "horizon_days": one.model.horizon_days,
        "served": one.model.served,
        "served_by": by_to_dict(one.model.by),
        "at_newest": by_to_dict(one.at_newest.by),
        "model_error": one.model.model_error,
        "came": {name: list(shares) for name, shares in one.came.items()},
        "judged": [day.isoformat() for day in one.periods.judged],
        "learned": [day.isoformat() for day in one.periods.final],
        "newer": [day.isoformat() for day in newer.days] if (newer := one.periods.newer_than_final) else [],
        "is_ahead": one.periods.is_ahead,
        "gain": dict(one.gain._asdict()),
        "groups": {
            name: group._asdict() | {"scores": {which: dict(s._asdict()) for which, s in group.scores.items()}}
            for name, group in one.groups.items()
        },
    }


def contest(training: EarlyTraining, data: EarlyRows, rival: EarlyValueModel) -> float | None:
    """How many times the rival's deviance the challenger's is on its newest periods, as a mean over ages and horizons
    that both have; None where there is none."""
    theirs = {(one.age_days, one.horizon_days): one for one in rival.models}
    ratios = []
    for one in training.models:
        other = theirs.get((one.model.age_days, one.model.horizon_days))
        if other is not None:
            rows = learned_of(data, other.age_days, other.horizon_days, one.periods.judged)
            own, rivals = (
                deviance(model.predict(rows.columns, rows.channels).value, rows.amount).mean()
                for model in (one.at_newest, other)
            )
            ratios.append(float(own / rivals))
    return float(np.mean(ratios)) if ratios else None


DESCRIPTION = f"""What new users will bring after their first day, week and two weeks, within several horizons.

Takes one row per new user and age: {AGE}, {CHANNEL}, and the columns of gold.person_features that a version names, of
that moment; is_known is 1 where a login is known. Gives for each horizon buys_probability, amount_if_buys, later_value
(their product; add the value to date) and standard_deviation.

Load it as models:/<this name>@{CHAMPION}. A version's tags name the days, data and settings of its fit."""


def served_line(training: EarlyTraining) -> str:
    """What is served at each age and horizon, in one line."""
    return ", ".join(f"{one.name} {one.model.served}" for one in training.models) or "nothing"


def describe(training: EarlyTraining) -> str:
    """The card of a version: how each age and horizon was judged, and what could not be trained."""
    head = f"Fitted on what was known up to {training.until}; new users are new since {training.new_since}."
    return "\n\n".join([head, *lines_of(training)])


def lines_of(training: EarlyTraining) -> list[str]:
    """A sentence for each age and horizon, and each note."""
    return [*map(_line, training.models), *(f"Note: {note}" for note in training.notes)]


def _line(one: TrainedAge) -> str:
    verdict = (
        "behaviour predicts more than the channel's mean and is served"
        if one.model.served == "behaviour"
        else "behaviour gains nothing over the channel's mean beyond chance: the mean is served"
    )
    sentences = []
    for name, of_whom in ((ALL, "new users"), (NOT_YET, "who had not bought")):
        group = one.groups[name]
        scores = "; ".join(
            f"{which} total {s.later_error:+.1%}, Gini {s.gini:.2f}, AUC {s.auc:.2f}"
            for which, s in group.scores.items()
        )
        sentences.append(
            f"{group.users:,} {of_whom}, {group.buyers:,} bought later (chance ±{group.chance:.1%}): {scores}"
        )
    return (
        f"Day {one.model.age_days}, {one.model.horizon_days} days: {verdict}. First days {one.periods.judged}: "
        f"{'. '.join(sentences)}. Error of totals {one.model.model_error:.1%}."
        f"{_moved(one.model.by) if one.periods.newer_than_final else ''}"
    )


def _moved(by: Behaviour | ChannelMean) -> str:
    factors = (
        f"{by.moved:.3f}"
        if isinstance(by, ChannelMean)
        else f"{by.bought.moved:.3f} (who had bought by then) and {by.not_yet.moved:.3f} (who had not)"
    )
    return f" Amounts follow what newer ones have brought so far, by a factor of {factors}."


def metrics_of(training: EarlyTraining) -> dict[str, float]:
    """The scores of every age and horizon as metrics of a run, without those that have no meaning."""
    found = {
        f"{one.name}_{name}_{which}_{measure}": value
        for one in training.models
        for name, group in one.groups.items()
        for which, scores in group.scores.items()
        for measure, value in scores._asdict().items()
    }
    found |= {f"{one.name}_gain": one.gain.share for one in training.models}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def signature(content: Mapping[str, Any]) -> mlflow.models.ModelSignature:
    """The columns of a version's input (of any type: the model says what is no number) and output."""
    schema = mlflow.types.schema
    anything = schema.AnyType()  # type: ignore[no-untyped-call]
    model = EarlyValueModel.from_dict(content)
    outputs = output_columns(sorted({one.horizon_days for one in model.models}))
    return mlflow.models.ModelSignature(
        inputs=schema.Schema([schema.ColSpec(anything, name) for name in (AGE, CHANNEL, *model.names)]),
        outputs=schema.Schema([schema.ColSpec(kind, name, required=False) for name, kind in outputs]),
    )


def input_example(content: Mapping[str, Any]) -> pd.DataFrame:
    """Two new users at one age: one who came once, and one who came and bought."""
    model = EarlyValueModel.from_dict(content)
    both: dict[str, Any] = {AGE: model.models[0].age_days, CHANNEL: "Email"}
    return pd.DataFrame([both | dict.fromkeys(model.names, number) for number in (0.0, 1.0)])
