"""Registered value models: what is stored of a fit, and the champion that scores customers.

A registered version holds parameters as JSON (a few kB) and the code that predicts from them, as a package of its own
name; no customer row, no pickle.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pandas as pd

from ltv.backtest import Backtest
from ltv.covariates import attributes_of
from ltv.fit import Fit
from ltv.logged_model import log_stored_code
from ltv.purchase_fits import TITLES, title
from ltv.scorer import COLUMNS, output_columns
from ltv.segments import WITHOUT_FIT, Segmentation
from ltv.stored_code import write_package
from ltv.value_model import ValueModel
from warehouse import model_registry
from warehouse.champion import CHAMPION, RegisteredVersion, champion
from warehouse.errors import InputError, UsageError
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, VALUE_HORIZONS_DAYS

ARTIFACT = "data/value_model.json"
FORMER_ARTIFACT = "artifacts/value_model.json"  # of versions that earlier releases stored


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The model that scores, the same model as it was fitted for its own holdout, and '<name>/<number>'.

    A version of an older program has no back-test; its own error is then that of the public shops. It has no centres of
    segments either; those of `WITHOUT_FIT` then stand for them.
    """

    model: ValueModel
    at_cutoff: ValueModel
    version: str
    backtest: Backtest = field(default_factory=Backtest)
    segments: Segmentation = WITHOUT_FIT


def champion_version(tracking: Mlflow) -> RegisteredVersion | None:
    """The champion's name, number and tags, or None before the first promotion. One call; no model is read."""
    return champion(tracking, tracking.model_name)


def load_version(tracking: Mlflow, version: str) -> Champion:
    """The models of a version ('<name>/<number>'); InputError where they cannot be read."""

    def read(plain: Any) -> Champion:
        return Champion(
            model=ValueModel.from_dict(plain["model"]),
            at_cutoff=ValueModel.from_dict(plain["at_cutoff"]),
            version=version,
            backtest=Backtest.from_dict(plain["backtest"]) if "backtest" in plain else Backtest(),
            segments=Segmentation.from_dict(plain["segments"]) if plain.get("segments") else WITHOUT_FIT,
        )

    def load(artifact: str) -> Champion:
        return model_registry.load_json(tracking, version, artifact, read, what="the champion's parameters")

    try:
        return load(ARTIFACT)
    except InputError as error:
        try:
            return load(FORMER_ARTIFACT)
        except InputError:
            raise error from None


def load_scorer(tracking: Mlflow, version: str, *, time_unit: str, currency: str) -> Champion:
    """The models of a version, to score summaries in this unit of time and this currency.

    UsageError where it was trained in another unit or currency: its parameters are not valid there.
    """
    champion = load_version(tracking, version)
    trained = (champion.model.time_unit, champion.model.currency)
    if trained != (time_unit, currency):
        raise UsageError(
            f"{champion.version} was trained in {' and '.join(trained)}, but ltv.time_unit is {time_unit} "
            f"and report.currency is {currency}; run `train` again, or use another mlflow.model_name."
        )
    return champion


def load_champion(tracking: Mlflow, *, time_unit: str, currency: str) -> Champion:
    """`load_scorer` of the champion; InputError before the first promotion or where MLflow does not answer."""
    version = champion_version(tracking)
    if version is None:
        raise InputError(
            f"{tracking.tracking_uri}: no model {tracking.model_name} has the alias {CHAMPION}; run `train` first."
        )
    return load_scorer(tracking, version.full_name, time_unit=time_unit, currency=currency)


def find_champion(tracking: Mlflow) -> Champion | None:
    """The champion with its models, in any unit and currency, or None before the first promotion."""
    version = champion_version(tracking)
    return load_version(tracking, version.full_name) if version else None


def log_data(frame: pd.DataFrame, *, name: str, context: str) -> None:
    """Log the schema, size and digest of a table in the active run, without its rows."""
    with _no_hint_on_integers():
        dataset = mlflow.data.from_pandas(frame, name=name)  # type: ignore[attr-defined]  # MLflow adds it when imported
        mlflow.log_input(dataset, context=context)


def log_value_model(
    model: ValueModel,
    at_cutoff: ValueModel,
    *,
    margin: float,
    annual_discount_rate: float,
    interval_level: float,
    backtest: Backtest | None = None,
    segments: Segmentation | None = None,
) -> str:
    """Store the model in the active run, with signature and input example; returns the URI to register it by.

    `backtest` is stored with it, since the totals that it scores are to hold its own error; so are the centres of the
    `segments` that it gives to customers.
    """
    params = {"margin": margin, "annual_discount_rate": annual_discount_rate, "interval_level": interval_level}
    content = stored_content(model, at_cutoff, params, backtest, segments)
    return log_stored_code(
        content,
        ARTIFACT,
        partial(write_package, purchase_model=model.purchases.MODEL),
        signature=signature(content),
        input_example=(input_example(model), content["params"]),
    )


def stored_content(
    model: ValueModel,
    at_cutoff: ValueModel,
    params: Mapping[str, float | str],
    backtest: Backtest | None = None,
    segments: Segmentation | None = None,
) -> dict[str, Any]:
    """What a version is, as plain data: two models, the horizons of its predictions, the defaults of its params, what
    to know of its fits, how it was judged, and its segments.

    The model at the cutoff meets a challenger and gives no bounds: it is stored without its covariances and
    without the findings, which the other one has.
    """
    return {
        "model": model.to_dict(),
        "at_cutoff": _for_contests(at_cutoff).to_dict(),
        "churn_days": list(CHURN_HORIZONS_DAYS),
        "value_days": list(VALUE_HORIZONS_DAYS),
        "params": dict(params) | ({"as_of": model.as_of.isoformat()} if model.season else {}),
        "note": " ".join(model.notes) or None,
        "backtest": (backtest or Backtest()).to_dict(),
        "segments": segments.to_dict() if segments else None,
    }


def _for_contests(model: ValueModel) -> ValueModel:
    purchases = replace(model.purchases, log_covariance=None)
    spend = replace(model.spend, log_covariance=None)
    return replace(model, purchases=purchases, spend=spend, findings=(), p_values={}, mix=())


def signature(content: Mapping[str, Any]) -> mlflow.models.ModelSignature:
    """The columns and params of a version's input and output.

    Input columns are of any type, and the model itself says what is no number: MLflow would refuse integers where it
    expects floats, and floats where it expects integers.
    """
    schema = mlflow.types.schema
    figures = output_columns(content["churn_days"], content["value_days"])
    of_model = [schema.ColSpec("string", name) for name in ("currency", "model_version")]
    of_model.append(schema.ColSpec("string", "model_note", required=False))
    number = schema.AnyType()  # type: ignore[no-untyped-call]
    inputs: list[Any] = [schema.ColSpec(number, name) for name in COLUMNS]
    inputs += [
        schema.ColSpec("string", name, required=False)
        for name in attributes_of(content["model"]["purchases"]["covariates"])
    ]
    return mlflow.models.ModelSignature(
        inputs=schema.Schema(inputs),
        outputs=schema.Schema([*(schema.ColSpec("double", name) for name in figures), *of_model]),
        params=schema.ParamSchema(
            [
                schema.ParamSpec(name, "string" if isinstance(value, str) else "double", value)
                for name, value in content["params"].items()
            ]
        ),
    )


def register(model_uri: str, model: ValueModel, tracking: Mlflow, *, tags: Mapping[str, str]) -> str:
    """Make a logged model the next version of the registered model and its champion; returns '<name>/<number>'."""
    client = model_registry.connect(tracking)
    name = tracking.model_name
    registered = mlflow.register_model(model_uri, name, tags=dict(tags))
    version = RegisteredVersion(name=name, number=str(registered.version), tags=tags).full_name
    client.update_registered_model(name, description=describe(model))
    client.update_model_version(name, registered.version, describe_fit(model))
    model_registry.promote(tracking, version)
    return version


def describe(model: ValueModel) -> str:
    """Description of the registered model, its input and its output, for its page."""
    unit, currency, purchases = model.time_unit, model.currency, TITLES[model.purchases.MODEL]
    of_season = (
        "\n\nForecasts have a season: the param as_of (YYYY-MM-DD) is the last day of the customers' data, after which "
        "the horizons begin. Without it, it is the last day of the data that the version was fitted on."
        if model.season
        else ""
    )
    of_attributes = (
        f"\nText: {', '.join(model.attributes)}; missing or unknown, the customer counts as one of the base."
        if model.attributes
        else ""
    )
    return f"""What customers are still worth: {purchases} for purchases, Gamma-Gamma for their value.

Takes one row per customer: frequency (distinct purchase days - 1), recency (last - first purchase day, {unit}),
T (last day of the data - first purchase day, {unit}), monetary_value (mean net value of the repeat purchase days in
{currency}; 0 without any). Any kind of number will do, as JSON over HTTP; other columns are ignored.{of_attributes}

Gives one row per customer: p_alive; churn_<h>d, the probability of no purchase within h days;
expected_purchases_<h>d (purchase days); expected_order_value (net, {currency}); clv_<h>d, the discounted margin
within h days ({currency}). Horizons are in days. Each figure has bounds, <name>_lower and <name>_upper, which hold the
true probability or expectation interval_level of the time. currency and model_version say what scored.

params: margin (share of net value), annual_discount_rate, interval_level. Without them those of the training
count.{of_season}

Load it as models:/<this name>@{CHAMPION}. A version's tags name the days, data and settings of its fit."""


def describe_fit(model: ValueModel) -> str:
    """What a version was fitted on, its parameters with standard errors, its log-likelihoods, and what was found."""
    lines = [f"Fitted on purchases up to {model.as_of}."]
    named: tuple[tuple[str, Fit], ...] = ((title(model.purchases), model.purchases), ("Gamma-Gamma", model.spend))
    for name, fit in named:
        errors = fit.standard_errors if fit.log_covariance is not None else {}
        shown = ", ".join(
            f"{parameter} {value:.4g}" + (f" (standard error {errors[parameter]:.2g})" if parameter in errors else "")
            for parameter, value in (fit.params | _coefficients(fit)).items()
        )
        known = "" if fit.log_likelihood is None else f"; log-likelihood {fit.log_likelihood:.3f}"
        who = "" if fit.customers is None else f", {fit.customers:,.0f} customers"
        lines.append(f"{name}{who}: {shown}{known}.")
    lines += [f"**Note.** {note}" for note in model.notes]
    lines += ["\n".join(f"- {finding}" for finding in model.findings)] if model.findings else []
    return "\n\n".join([*lines, f"alpha and beta are in {model.time_unit}, gamma is in {model.currency}."])


def _coefficients(fit: Fit) -> dict[str, float]:
    return {
        f"{process}.{name}": value for process, columns in fit.covariates.items() for name, value in columns.items()
    }


def input_example(model: ValueModel) -> pd.DataFrame:
    """Three customers: bought once, came back a few times, a regular."""
    unit = model.units(7)
    rows: list[tuple[int, float, float, float]] = [(0, 0.0, 30.0, 0.0), (3, 20.0, 39.0, 35.5), (12, 50.0, 52.0, 24.0)]
    return pd.DataFrame(
        [(x, t_x * unit, T * unit, m) for x, t_x, T, m in rows],
        columns=["frequency", "recency", "T", "monetary_value"],
    )


@contextmanager
def _no_hint_on_integers() -> Iterator[None]:
    """MLflow warns that integers cannot be missing; counts never are."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Hint: Inferred schema contains integer")
        yield
