"""gold.churn: how likely each customer neither visits nor buys any more, within several horizons, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv.churn_model import ChurnModel
from ltv.customer_summary import expired_days, of_day, of_run_day
from ltv.knobs import ChurnModelName
from warehouse.champion import RegisteredVersion, champion, load_json, used_champion
from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.conform import conform
from warehouse.knobs import Mlflow, Registry
from warehouse.recipes import Recipe, Run, Work
from warehouse.tables.gold_churn import GOLD_CHURN, REASONS
from warehouse.tables.gold_person_features import GOLD_PERSON_FEATURES

CHURN_ARTIFACT = "data/churn_model.json"  # of a version
OFF_AT_MOST = 1e-6  # log-odds, by which reasons may miss the prediction: rounding
INSIDE = (1e-9, 1 - 1e-9)  # nearer to 0 and 1 a probability has too few digits to have its log-odds back
PREDICTED = (
    "person_id string, horizon string, probability double, base_rate double, "
    + ", ".join(f"reason_{place} string, contribution_{place} double" for place in range(1, REASONS + 1))
    + ", other_contribution double, served string"
)


def build_churn(
    features: DataFrame, *, model: ChurnModel, served: Mapping[str, str], as_of: dt.date, model_version: str
) -> DataFrame:
    """One row per customer of `features` (rows of gold.person_features of a day) and horizon of the model.

    A customer is a person with a purchase. `served` says of each horizon what predicts.
    """
    names = model.names
    customers = features.where(F.col("days_since_first_purchase").isNotNull()).select(
        "person_id", *(F.col(name).cast("double").alias(name) for name in names)
    )

    def batches(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in parts:
            columns = model.columns({name: part[name].to_numpy(dtype=float) for name in names})
            for one in model.horizons:
                why = one.reasons(columns)
                found: dict[str, Any] = {
                    "person_id": part["person_id"],
                    "horizon": one.name,
                    "probability": one.probability(columns),
                    "base_rate": one.base_rate,
                }
                for place in range(REASONS):
                    found[f"reason_{place + 1}"] = why.names[:, place]
                    found[f"contribution_{place + 1}"] = why.added[:, place]
                yield pd.DataFrame(found | {"other_contribution": why.rest, "served": served[one.name]})

    scored = customers.mapInPandas(batches, PREDICTED)
    reasons = {f"reason_{place}": F.nullif(F.col(f"reason_{place}"), F.lit("")) for place in range(1, REASONS + 1)}
    of_run = {"as_of": F.lit(as_of), "model_version": F.lit(model_version)}
    return conform(scored.withColumns(reasons | of_run), GOLD_CHURN)


def check_churn(churn: DataFrame, features: DataFrame, *, as_of: dt.date) -> list[CheckResult]:
    """Each customer of the day has a probability of each horizon, and reasons add up. A day without rows is not
    checked."""
    day = churn.where(F.col("as_of") == F.lit(as_of))
    found = side_by_side(
        day.agg(F.count(F.lit(1)).alias("rows"), F.count_distinct("horizon").alias("horizons")),
        features.where((F.col("as_of") == F.lit(as_of)) & F.col("days_since_first_purchase").isNotNull()).agg(
            F.count(F.lit(1)).alias("customers")
        ),
        day.agg(F.count_if(_is_off()).alias("off")),
    )
    if not found["rows"]:
        return []
    return [
        equal("rows of churn are customers times horizons", found["customers"] * found["horizons"], found["rows"]),
        none_found("customers whose reasons of churn do not add up to the prediction", found["off"]),
    ]


def _is_off() -> Any:
    p, base = F.col("probability"), F.col("base_rate")
    distance = F.log(p / (F.lit(1.0) - p)) - F.log(base / (F.lit(1.0) - base))
    parts = sum((F.col(f"contribution_{place}") for place in range(1, REASONS + 1)), F.col("other_contribution"))
    low, high = map(F.lit, INSIDE)
    return F.when((p > low) & (p < high), F.abs(parts - distance) > F.lit(OFF_AT_MOST)).otherwise(F.lit(False))


def churn_champion(run: Run) -> RegisteredVersion | None:
    """The champion with its tags; None before the first fit."""
    return champion(run.knobs(Mlflow), run.knobs(ChurnModelName).churn_model)


def used_churn_champion(run: Run) -> str | None:
    """'<name>/<number>' of the champion; None before the first fit, InputError where the lake has scores of one that is
    gone."""
    name = run.knobs(ChurnModelName).churn_model
    found = used_champion(run.knobs(Mlflow), name, was_used=run.lake.exists(GOLD_CHURN))
    return found.full_name if found else None


@cache
def load_churn(tracking: Mlflow, version: str) -> dict[str, Any]:
    """The stored content of a version ('<name>/<number>'); InputError where it cannot be read."""
    return load_json(tracking, version, CHURN_ARTIFACT, dict, what="the churn model")


def load_churn_model(run: Run, version: str) -> tuple[ChurnModel, dt.date]:
    """A version, and the last day of the data of its fit; InputError where it cannot be read."""
    content = load_churn(run.knobs(Mlflow), version)
    return ChurnModel.from_dict(content), dt.date.fromisoformat(content["as_of"])


def _models(work: Work) -> Mapping[str, str]:
    found = churn_champion(work.run)
    return {"churn": found.full_name if found else "none"}


def _build(work: Work) -> DataFrame:
    found = churn_champion(work.run)
    assert found is not None, "made only where a model was trained"
    content = load_churn(work.run.knobs(Mlflow), found.full_name)
    return build_churn(
        work.read(GOLD_PERSON_FEATURES).where(of_day(work.run.as_of)),
        model=ChurnModel.from_dict(content),
        served={one["name"]: one["served"] for one in content["horizons"]},
        as_of=work.run.as_of,
        model_version=found.full_name,
    )


CHURN = Recipe(
    table=GOLD_CHURN,
    inputs=(GOLD_PERSON_FEATURES,),
    knobs=(),
    registered=(Registry, ChurnModelName),
    build=_build,
    is_of_day=True,
    models=_models,
    slice=of_run_day,
    expired=expired_days,
    checks=lambda work: check_churn(work.read(GOLD_CHURN), work.read(GOLD_PERSON_FEATURES), as_of=work.run.as_of),
)
