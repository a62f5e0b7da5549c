"""MLflow: where fits are tracked, and where the champion that scores customers is kept.

A registered version holds parameters as JSON (a few kB) and the code that reads them; no customer row, no pickle.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path

# MLflow reads these when it is imported: no telemetry, and stdout belongs to the job's data.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

# Minutes of retries would only delay the news that a server is down.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")

import mlflow
import pandas as pd
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.tracking import MlflowClient

from ltv.fit import Fit
from ltv.value_model import ValueModel
from warehouse.errors import InputError, UsageError
from warehouse.knobs import Mlflow
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, VALUE_HORIZONS_DAYS

__all__ = [
    "Champion",
    "clear_errors",
    "connect",
    "experiment_id",
    "find_champion",
    "load_champion",
    "log_data",
    "log_metrics",
    "log_value_model",
    "mlflow",
    "register",
]

CHAMPION = "champion"
ARTIFACT = "value_model"
PACKAGES = Path(__file__).parents[1]
# What the registered code imports beside the two packages that travel with it.
REQUIREMENTS = ("mlflow", "numpy", "pandas", "scipy")
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The model that scores, the same model as it was fitted for its own holdout, and '<name>/<version>'."""

    model: ValueModel
    at_cutoff: ValueModel
    version: str


def connect(settings: Mlflow) -> MlflowClient:
    """Point MLflow at the tracking server or database of the settings, for runs and registry alike."""
    # Making a database logs each step of its schema, storing a model each check.
    for talker in ("alembic", "mlflow"):
        logging.getLogger(talker).setLevel(logging.WARNING)
    mlflow.set_tracking_uri(settings.tracking_uri)
    mlflow.set_registry_uri(settings.tracking_uri)
    return MlflowClient(settings.tracking_uri, settings.tracking_uri)


def experiment_id(client: MlflowClient, settings: Mlflow) -> str:
    """The experiment, made where it does not exist yet; its artifacts then go to settings.artifact_root.

    A plain folder counts only beside a database or folder on this machine: a tracking server keeps artifacts where it
    was told to, unless artifact_root is a URI (s3://…).
    """
    experiment = client.get_experiment_by_name(settings.experiment)
    if experiment is not None:
        return str(experiment.experiment_id)
    root = settings.artifact_root
    if root is not None and "://" not in root:
        served = settings.tracking_uri.startswith(("http://", "https://", "databricks"))
        root = None if served else (Path(root).resolve() / settings.experiment).as_uri()
    return str(client.create_experiment(settings.experiment, artifact_location=root))


def load_champion(settings: Mlflow, *, time_unit: str, currency: str) -> Champion:
    """The model with the alias champion, to score summaries in this unit of time and this currency.

    Raises InputError where nothing was promoted yet or MLflow does not answer, UsageError where the champion was
    trained in another unit or currency: its parameters mean nothing there.
    """
    champion = find_champion(settings)
    if champion is None:
        raise InputError(
            f"{settings.tracking_uri}: no model {settings.model_name} has the alias {CHAMPION}; run `train` first."
        )
    trained = (champion.model.time_unit, champion.model.currency)
    if trained != (time_unit, currency):
        raise UsageError(
            f"The champion {champion.version} was trained in {' and '.join(trained)}, but ltv.time_unit is {time_unit} "
            f"and report.currency is {currency}; run `train` again, or use another mlflow.model_name."
        )
    return champion


def find_champion(settings: Mlflow) -> Champion | None:
    """The model with the alias champion, or None where nothing was promoted yet."""
    name = settings.model_name
    with clear_errors(settings):
        client = connect(settings)
        try:
            version = client.get_model_version_by_alias(name, CHAMPION).version
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise
    file = f"models:/{name}/{version}/artifacts/{ARTIFACT}.json"
    try:
        plain = json.loads(mlflow.artifacts.load_text(file))
    except (MlflowException, OSError, ValueError) as error:
        raise InputError(f"{file}: the champion's parameters cannot be read ({first_line(error)})") from error
    return Champion(
        model=ValueModel.from_dict(plain["model"]),
        at_cutoff=ValueModel.from_dict(plain["at_cutoff"]),
        version=f"{name}/{version}",
    )


def log_data(frame: pd.DataFrame, *, name: str, context: str) -> None:
    """Note the schema, size and digest of a table in the active run; its rows stay here."""
    with _no_hint_on_integers():
        mlflow.log_input(from_pandas(frame, name=name), context=context)


def log_value_model(model: ValueModel, at_cutoff: ValueModel, *, margin: float, annual_discount_rate: float) -> str:
    """Store the model in the active run, with signature and input example; gives the URI to register it by."""
    example = input_example(model)
    money = {"margin": margin, "annual_discount_rate": annual_discount_rate}
    predictions = model.predict(
        *(example[column] for column in example),
        churn_days=CHURN_HORIZONS_DAYS,
        value_days=VALUE_HORIZONS_DAYS,
        **money,
    )
    with tempfile.TemporaryDirectory() as folder, _no_hint_on_integers(), _path_kept():
        parameters = Path(folder) / f"{ARTIFACT}.json"
        plain = {"model": model.to_dict(), "at_cutoff": at_cutoff.to_dict()}
        parameters.write_text(json.dumps(plain, indent=1), encoding="utf-8")
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(PACKAGES / "ltv" / "pyfunc.py"),
            artifacts={ARTIFACT: str(parameters)},
            code_paths=[str(PACKAGES / package) for package in ("ltv", "warehouse")],
            signature=infer_signature(example, pd.DataFrame(predictions), params=money),
            input_example=(example, money),
            pip_requirements=[f"{package}=={installed_version(package)}" for package in REQUIREMENTS],
        )
    return str(logged.model_uri)


def register(model_uri: str, model: ValueModel, settings: Mlflow, *, tags: Mapping[str, str]) -> str:
    """Make a logged model the next version of the registered model and its champion; gives '<name>/<version>'."""
    client = connect(settings)
    name = settings.model_name
    registered = mlflow.register_model(model_uri, name, tags=dict(tags))
    client.update_registered_model(name, description=describe(model))
    client.update_model_version(name, registered.version, describe_fit(model))
    client.set_registered_model_alias(name, CHAMPION, registered.version)
    return f"{name}/{registered.version}"


def log_metrics(settings: Mlflow, version: str, metrics: Mapping[str, float], *, day: dt.date) -> bool:
    """Add figures of a day to the run that made a version ('<name>/<number>'), where they chart over days.

    The step of a figure is its day as a number of days since 1970. Figures that are no finite numbers are left out.
    False when MLflow refused, such as a registry that may only be read.
    """
    step, now = (day - dt.date(1970, 1, 1)).days, int(time.time() * 1000)
    figures = [Metric(name, value, now, step) for name, value in metrics.items() if math.isfinite(value)]
    try:
        client = connect(settings)
        name, number = version.rsplit("/", 1)
        client.log_batch(str(client.get_model_version(name, number).run_id), metrics=figures)
    except MlflowException:
        return False
    return True


def describe(model: ValueModel) -> str:
    """What the registered model is, what it takes and what it gives, in words for its page."""
    unit, currency = model.time_unit, model.currency
    return f"""What customers are still worth: Pareto/NBD for purchases, Gamma-Gamma for their value.

Takes one row per customer: frequency (distinct purchase days - 1), recency (last - first purchase day, {unit}),
T (last day of the data - first purchase day, {unit}), monetary_value (mean net value of the repeat purchase days in
{currency}; 0 without any).

Gives one row per customer: p_alive; churn_<h>d, the probability of no purchase within h days;
expected_purchases_<h>d (purchase days); expected_order_value (net, {currency}); clv_<h>d, the discounted margin
within h days ({currency}). Horizons are in days. params: margin (share of net value), annual_discount_rate.

Load it as models:/<this name>@{CHAMPION}. A version's tags say which days, data and settings it was fitted on."""


def describe_fit(model: ValueModel) -> str:
    """What a version was fitted on, its parameters with standard errors, and its log-likelihoods."""
    lines = [f"Fitted on purchases up to {model.as_of}."]
    named: tuple[tuple[str, Fit], ...] = (("Pareto/NBD", model.purchases), ("Gamma-Gamma", model.spend))
    for name, fit in named:
        errors = fit.standard_errors if fit.log_covariance is not None else {}
        shown = ", ".join(
            f"{parameter} {value:.4g}" + (f" (standard error {errors[parameter]:.2g})" if parameter in errors else "")
            for parameter, value in fit.params.items()
        )
        known = "" if fit.log_likelihood is None else f"; log-likelihood {fit.log_likelihood:.3f}"
        who = "" if fit.customers is None else f", {fit.customers:,.0f} customers"
        lines.append(f"{name}{who}: {shown}{known}.")
    return "\n\n".join([*lines, f"alpha and beta are in {model.time_unit}, gamma is in {model.currency}."])


def input_example(model: ValueModel) -> pd.DataFrame:
    """Three customers: bought once, came back a few times, a regular."""
    unit = model.units(7)
    rows: list[tuple[int, float, float, float]] = [(0, 0.0, 30.0, 0.0), (3, 20.0, 39.0, 35.5), (12, 50.0, 52.0, 24.0)]
    return pd.DataFrame(
        [(x, t_x * unit, T * unit, m) for x, t_x, T, m in rows],
        columns=["frequency", "recency", "T", "monetary_value"],
    )


def first_line(error: Exception) -> str:
    """The message of an error without what follows its first line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def clear_errors(settings: Mlflow) -> Iterator[None]:
    """What MLflow cannot do becomes an InputError of one line that names the server or database."""
    try:
        yield
    except MlflowException as error:
        raise InputError(f"mlflow.tracking_uri {settings.tracking_uri}: {first_line(error)}") from error


@contextmanager
def _path_kept() -> Iterator[None]:
    """Checking a stored model puts its copy of the code at the head of sys.path; ours stays what it was."""
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path


@contextmanager
def _no_hint_on_integers() -> Iterator[None]:
    """MLflow warns that integers cannot be missing; counts never are."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Hint: Inferred schema contains integer")
        yield
