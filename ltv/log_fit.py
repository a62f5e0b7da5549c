"""What a training writes into its MLflow run: the data, figures and charts of its fits."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from ltv import plots, registry
from ltv.evaluate import calibration_table, predict_holdout, tracking_errors
from ltv.learn_season import factors_of
from ltv.training_data import TrainingData
from ltv.value_model import ValueModel
from warehouse.model_registry import mlflow

# What MLflow takes in no name of a metric, as '=' of covariates, or reads as a path, and how long one may be.
UNNAMEABLE = re.compile(r"[^\w. :-]")
MOST_CHARACTERS = 250
MAX_FREQUENCY_SHOWN = 30  # where the chart of P(alive) ends


def log_data(data: TrainingData) -> None:
    """What the fits saw: schema, size and digest of each table."""
    for frame, name, context in (
        (data.calibration.histories, "histories up to the cutoff", "calibration"),
        (data.holdout, "holdout", "evaluation"),
        (data.full.histories, "histories up to as_of", "training"),
    ):
        registry.log_data(frame, name=name, context=context)


def _fit_metrics(model: ValueModel) -> dict[str, float]:
    """Standard errors and log-likelihood (natural units) of both models, their customers, and the season."""
    errors = model.purchases.standard_errors | model.spend.standard_errors
    figures = {
        "log_likelihood_purchases": model.purchases.log_likelihood,
        "log_likelihood_spend": model.spend.log_likelihood,
        "fitted_customers": model.purchases.customers,
    }
    known = {name: value for name, value in figures.items() if value is not None}
    season = factors_of(model.season) if model.season else {}
    of_season = {f"season_{name.lower()}": factor for name, factor in season.items()}
    coefficients = {
        f"{process}.{name}": value
        for process, columns in model.purchases.covariates.items()
        for name, value in columns.items()
    }
    of_errors = {f"{name}_standard_error": error for name, error in errors.items()}
    of_tests = {f"{name}_p_value": p_value for name, p_value in model.p_values.items()}
    named = of_errors | known | of_season | coefficients | of_tests
    return {_metric(name): value for name, value in named.items()}


def _metric(name: str) -> str:
    """A name that MLflow takes; one that is too long loses its middle."""
    plain = UNNAMEABLE.sub("_", name)
    half = MOST_CHARACTERS // 2
    return plain if len(plain) <= MOST_CHARACTERS else plain[:half] + plain[-half:]


def log_fit(
    model: ValueModel,
    challenger: ValueModel,
    data: TrainingData,
    metrics: Mapping[str, float],
    champion_metrics: Mapping[str, float],
) -> None:
    """Fitted parameters and metrics as MLflow metrics (so that MLflow charts them over refits), and the charts."""
    mlflow.log_metrics(_fit_metrics(model) | {"fit_share": data.full.share, "holdout_share": data.holdout_share})
    mlflow.log_metrics(model.params | {f"{name}_at_cutoff": value for name, value in challenger.params.items()})
    mlflow.log_metrics({f"holdout_{name}": value for name, value in metrics.items()})
    mlflow.log_metrics({f"champion_holdout_{name}": value for name, value in champion_metrics.items()})
    expected, _ = predict_holdout(challenger, data.holdout, days=data.holdout_days, time_unit=data.time_unit)
    actual, customers = (data.holdout[name].to_numpy(np.float64) for name in ("holdout_purchases", "customers"))
    deciles = calibration_table(expected, actual, customers)
    mlflow.log_table(deciles, "calibration.json")
    most = data.full.histories[["frequency", "T"]].max()
    alive = plots.alive_heatmap(model, frequency=int(min(most["frequency"], MAX_FREQUENCY_SHOWN)), T=float(most["T"]))
    mlflow.log_figure(alive, "p_alive.png")
    mlflow.log_figure(plots.calibration_plot(deciles), "calibration.png")
    tracked = plots.track(data.daily, challenger)
    mlflow.log_metrics(
        {f"tracking_{name}": value for name, value in tracking_errors(tracked, challenger.as_of).items()}
    )
    mlflow.log_figure(plots.tracking_plot(tracked, challenger.as_of), "tracking.png")
