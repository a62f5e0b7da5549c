"""Registered churn models: what is stored of a training, the contest with the champion, and what a card says.

A version holds plain numbers as JSON and the code that predicts from them, as a package of its own name; no customer's
row, no pickle, nothing of Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ltv.behaviour.churn_training import ChurnTraining, HorizonModel
from ltv.behaviour.origins import HORIZONS
from ltv.behaviour.rows import ChurnRows, has_left
from ltv.behaviour_registry import TOLERANCE, Challenger, Registration, register
from ltv.churn import CHURN_ARTIFACT
from ltv.churn_model import ChurnModel
from ltv.churn_pyfunc import output_columns
from ltv.churn_scorer import Array
from ltv.evaluate import brier
from ltv.knobs import ChurnModelName
from ltv.stored_code import write_churn_package
from warehouse.champion import CHAMPION
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow
from warehouse.tables.gold_person_features import BUILT


class Contest(NamedTuple):
    """Mean Brier scores of both over the customers of the challenger's newest periods, at horizons that both have."""

    challenger: float
    champion: float


def register_churn(
    training: ChurnTraining, data: ChurnRows, *, tracking: Mlflow, named: ChurnModelName, tags: Mapping[str, str]
) -> Registration:
    """Log a training as one MLflow run and, where it wins, make it the champion.

    It wins without a champion, or where its Brier score on its newest periods is at most 1% above that of the champion
    as it was fitted for its own newest periods. InputError where MLflow does not answer.
    """
    content = stored_content(training)
    challenger = Challenger(
        name=named.churn_model,
        as_of=training.until,
        content=content,
        artifact=CHURN_ARTIFACT,
        write_package=write_churn_package,
        signature=signature(content),
        input_example=input_example(content),
        facts={"served": served_line(training), **tags},
        metrics=metrics_of(training),
        notes=training.notes,
        description=DESCRIPTION,
        card=describe(training),
    )

    def against(of_champion: Mapping[str, Any], champion: str) -> str | None:
        met = contest(training, data, ChurnModel.from_dict(of_champion, classifier="at_newest"))
        if met is None or met.challenger <= met.champion * (1 + TOLERANCE):
            return None
        return (
            f"the Brier score on the newest periods is {met.challenger:.4g}, more than {TOLERANCE:.0%} above the "
            f"{met.champion:.4g} of the champion {champion}"
        )

    return register(challenger, tracking, against)


def stored_content(training: ChurnTraining) -> dict[str, Any]:
    """What a version is, as plain data; `churn_model.ChurnModel` reads it."""
    return {
        "as_of": training.until.isoformat(),
        "purchases": dict(training.purchases.params) if training.purchases else None,
        "picked": str(training.picked),
        "candidates": dict(training.candidates),
        "notes": list(training.notes),
        "horizons": [_horizon(model) for model in training.models],
    }


def _horizon(model: HorizonModel) -> dict[str, Any]:
    return {
        "name": model.horizon.name,
        "served": model.served,
        "classifier": model.classifier.to_dict(),
        "at_newest": model.at_newest.to_dict(),
        "base_rate": model.base_rate,
        "lookback_days": model.lookback_days,
        "newest": model.newest.isoformat(),
        "customers": model.customers,
        "left": model.left,
        "scores": {name: dict(scores._asdict()) for name, scores in model.scores.items()},
        "deciles": {name: [list(pair) for pair in pairs] for name, pairs in model.deciles.items()},
        "gain": dict(model.gain._asdict()),
        "importances": dict(model.importances),
    }


def contest(training: ChurnTraining, data: ChurnRows, rival: ChurnModel) -> Contest | None:
    """Both on the newest periods of the challenger; None where no horizon is common."""
    theirs = {one.name: one for one in rival.horizons}
    horizons = {one.name: one for one in HORIZONS}
    scored: list[tuple[float, float]] = []
    for model in training.models:
        other = theirs.get(model.horizon.name)
        if other is None:
            continue
        rows = data.of([model.newest])
        left = has_left(rows, horizons[model.horizon.name]).astype(np.float64)
        columns = rival.columns(features_in(rows))
        scored.append((model.scores[model.served].brier, brier(other.probability(columns), left, np.ones(len(left)))))
    if not scored:
        return None
    return Contest(*(float(mean) for mean in np.mean(scored, axis=0)))


def features_in(rows: pd.DataFrame) -> dict[str, Array]:
    """The features of rows by name, as floats."""
    return {column.name: rows[column.name].to_numpy(dtype=np.float64) for column in BUILT}


DESCRIPTION = f"""How likely customers neither visit nor buy any more, within several horizons, and why.

Takes one row per customer: columns of gold.person_features, any kind of number, missing where null. Gives
churn_<h> and churn_<h>_base_rate (probabilities), and why: churn_<h>_reason_1 to 3 with their contributions and
churn_<h>_other, log-odds that add up to the distance from the base rate.

Load it as models:/<this name>@{CHAMPION}. A version's tags name the days, data and settings of its fit."""


def served_line(training: ChurnTraining) -> str:
    """What is served at each horizon, in one line."""
    return ", ".join(f"{model.horizon.name} {model.served}" for model in training.models) or "nothing"


def describe(training: ChurnTraining) -> str:
    """The card of a version: what was picked, how each horizon was judged, and what could not be trained."""
    return "\n\n".join([f"Fitted on what was known up to {training.until}: {training.picked}.", *lines_of(training)])


def lines_of(training: ChurnTraining) -> list[str]:
    """A sentence for each horizon and note."""
    return [*map(_line, training.models), *(f"Note: {note}" for note in training.notes)]


def _line(model: HorizonModel) -> str:
    scores = "; ".join(
        f"{name} AUC {one.auc:.3f}, Brier {one.brier:.4f}, worst decile off by {one.worst_decile:.1%}"
        for name, one in model.scores.items()
    )
    verdict = (
        "behaviour predicts more than recency and is served"
        if model.served == "behaviour"
        else "behaviour gains nothing over recency beyond chance: recency is served"
    )
    mattering = ", ".join(list(model.importances)[:3])
    return (
        f"{model.horizon.name}: {verdict}. {model.customers:,} customers of {model.newest}, of whom {model.left:.1%} "
        f"left: {scores}. Most: {mattering}."
    )


def metrics_of(training: ChurnTraining) -> dict[str, float]:
    """The scores of every horizon as metrics of a run, without those that have no meaning."""
    found = {
        f"{model.horizon.name}_{name}_{measure}": value
        for model in training.models
        for name, scores in model.scores.items()
        for measure, value in scores._asdict().items()
    }
    found |= {f"{model.horizon.name}_gain": model.gain.brier for model in training.models}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def signature(content: Mapping[str, Any]) -> mlflow.models.ModelSignature:
    """The columns of a version's input (of any type: the model says what is no number) and output."""
    schema = mlflow.types.schema
    number = schema.AnyType()  # type: ignore[no-untyped-call]
    outputs = output_columns([one["name"] for one in content["horizons"]])
    return mlflow.models.ModelSignature(
        inputs=schema.Schema([schema.ColSpec(number, name) for name in ChurnModel.from_dict(content).names]),
        outputs=schema.Schema([schema.ColSpec(kind, name, required=kind == "double") for name, kind in outputs]),
    )


def input_example(content: Mapping[str, Any]) -> pd.DataFrame:
    """Two customers who bought twice: silent for long, and seen yesterday."""
    names = ChurnModel.from_dict(content).names
    example = pd.DataFrame([dict.fromkeys(names, days) for days in (60.0, 1.0)])
    history = {"repeat_purchase_days": 1.0, "purchase_span_days": 1.0, "days_since_first_purchase": 61.0}
    return example.assign(**{name: value for name, value in history.items() if name in names})
