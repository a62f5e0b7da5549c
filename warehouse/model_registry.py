"""The model registry: where fits are tracked in MLflow, and which version of a registered model is the champion.

A registered model has numbered versions; the champion is the one with the alias `champion`, the one in use. A version
is named '<name>/<number>' in tables and messages. Importing this module imports MLflow, which takes two seconds:
modules that every run needs do not, and ask `warehouse.champion`.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

# MLflow reads these when it is imported: no telemetry, and stdout belongs to the job's data.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

# By default MLflow retries for minutes before it reports that a server is down.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")

import mlflow
from mlflow.entities import Metric
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.store.db import utils as mlflow_databases
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from warehouse.champion import CHAMPION, RegisteredVersion
from warehouse.errors import InputError, NotInstalled
from warehouse.knobs import Mlflow

__all__ = [
    "CHAMPION",
    "RegisteredVersion",
    "champion",
    "clear_errors",
    "connect",
    "experiment_id",
    "find_version",
    "former_champions",
    "load_json",
    "log_metrics",
    "mlflow",
    "name_and_number",
    "promote",
    "set_former_champions",
    "store_json",
]

DATABASE_TRIALS = 3
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")

# Tag of a registered model: numbers of its former champions, as 1,2,5. A tag holds 5,000 characters.
FORMER_CHAMPIONS = "former_champions"
FORMER_AT_MOST = 100

Loaded = TypeVar("Loaded")


def connect(tracking: Mlflow) -> MlflowClient:
    """Point MLflow at the tracking server or database of the settings, for both runs and registry."""
    # They log each step of a new database's schema, and each check of a stored model; of a database that does not
    # answer, its stack at each of ten trials, for minutes.
    for name, level in (("alembic", logging.WARNING), ("mlflow", logging.WARNING), ("mlflow.store.db", logging.ERROR)):
        logging.getLogger(name).setLevel(level)
    mlflow_databases.MAX_RETRY_COUNT = DATABASE_TRIALS
    mlflow.set_tracking_uri(tracking.tracking_uri)
    mlflow.set_registry_uri(tracking.tracking_uri)
    return MlflowClient(tracking.tracking_uri, tracking.tracking_uri)


def experiment_id(tracking: Mlflow, experiment: str) -> str:
    """The id of the experiment, made where it does not exist yet; its artifacts then go to tracking.artifact_root.

    A plain folder is used only with a database or folder on this machine: a tracking server stores artifacts where it
    is configured to, unless artifact_root is a URI (s3://…).
    """
    client = connect(tracking)
    found = client.get_experiment_by_name(experiment)
    if found is not None:
        return str(found.experiment_id)
    root = tracking.artifact_root
    if root is not None and "://" not in root:
        served = tracking.tracking_uri.startswith(("http://", "https://", "databricks"))
        root = None if served else (Path(root).resolve() / experiment).as_uri()
    return str(client.create_experiment(experiment, artifact_location=root))


def champion(tracking: Mlflow, name: str) -> RegisteredVersion | None:
    """The champion of the registered model `name`, or None where nothing was promoted yet.

    One call; no artifact is read. InputError where MLflow does not answer.
    """
    with clear_errors(tracking):
        try:
            found = connect(tracking).get_model_version_by_alias(name, CHAMPION)
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise
    return RegisteredVersion(name=name, number=str(found.version), tags=dict(found.tags))


def load_json(tracking: Mlflow, version: str, artifact: str, read: Callable[[Any], Loaded], *, what: str) -> Loaded:
    """The result of `read` on a JSON file of a version ('<name>/<number>'); InputError where it cannot be read.

    `artifact` is the file's path inside the version; `what` names its content in the error, such as "the champion's
    parameters".
    """
    file = f"models:/{version}/{artifact}"
    try:
        with clear_errors(tracking):
            connect(tracking)
            return read(json.loads(mlflow.artifacts.load_text(file)))
    except (InputError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: {what} cannot be read ({first_line(error)})") from error


def store_json(
    tracking: Mlflow,
    name: str,
    content: Mapping[str, Any],
    *,
    artifact: str,
    experiment: str,
    run_name: str,
    description: str,
    tags: Mapping[str, str],
) -> str:
    """Store `content` as JSON file `artifact` of a new version of the registered model; returns '<name>/<number>'.

    The version is not yet champion. A new run in `experiment` makes it, whose parameters are the tags. A registered
    model that does not exist yet is created, with the description. InputError where MLflow does not answer.
    """
    with clear_errors(tracking):
        client = connect(tracking)
        with mlflow.start_run(experiment_id=experiment_id(tracking, experiment), run_name=run_name) as run:
            mlflow.log_params(dict(tags))
            mlflow.log_dict(dict(content), artifact)
        if not client.search_registered_models(filter_string=f"name = '{name}'"):
            client.create_registered_model(name, description=description)
        source = str(run.info.artifact_uri)
        version = client.create_model_version(name, source, run_id=run.info.run_id, tags=dict(tags))
    return RegisteredVersion(name=name, number=str(version.version), tags=tags).full_name


def promote(tracking: Mlflow, version: str) -> None:
    """Make a version ('<name>/<number>') the champion; InputError where MLflow does not answer.

    The registered model's tag `former_champions` gets the number of the one that it replaces, so that
    `warehouse.model_versions.roll_back` can go back to it.
    """
    name, number = name_and_number(version)
    former = champion(tracking, name)
    with clear_errors(tracking):
        client = connect(tracking)
        if former is not None and former.number != number:
            # Before the alias: a run that is killed in between leaves no champion that nobody can go back to.
            set_former_champions(client, name, [*former_champions(client, name), former.number])
        client.set_registered_model_alias(name, CHAMPION, number)


def find_version(client: MlflowClient, name: str, number: str) -> ModelVersion | None:
    """A version; None where there is none."""
    try:
        return client.get_model_version(name, number)
    except MlflowException as error:
        if error.error_code in NOT_THERE:
            return None
        raise


def former_champions(client: MlflowClient, name: str) -> list[str]:
    """The numbers of the versions that were champion before the present one, the newest last."""
    numbers = client.get_registered_model(name).tags.get(FORMER_CHAMPIONS, "")
    return [number for number in numbers.split(",") if number]


def set_former_champions(client: MlflowClient, name: str, numbers: list[str]) -> None:
    """Records the newest of them."""
    client.set_registered_model_tag(name, FORMER_CHAMPIONS, ",".join(numbers[-FORMER_AT_MOST:]))


def log_metrics(tracking: Mlflow, version: str, metrics: Mapping[str, float], *, day: dt.date) -> bool:
    """Add figures of a day to the run that made a version ('<name>/<number>'), where they chart over days.

    The step of a figure is its day as a number of days since 1970. Figures that are not finite are left out.
    False where MLflow refuses, such as a read-only registry.
    """
    step, now = (day - dt.date(1970, 1, 1)).days, int(time.time() * 1000)
    figures = [Metric(name, value, now, step) for name, value in metrics.items() if math.isfinite(value)]
    try:
        client = connect(tracking)
        made_by = client.get_model_version(*name_and_number(version)).run_id
        client.log_batch(str(made_by), metrics=figures)
    except (MlflowException, SQLAlchemyError):
        return False
    return True


def name_and_number(version: str) -> tuple[str, str]:
    """The two parts of '<name>/<number>'."""
    name, _, number = version.rpartition("/")
    return name, number


def first_line(error: Exception) -> str:
    """The first line of an error's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def clear_errors(tracking: Mlflow) -> Iterator[None]:
    """Turns an error of MLflow or of its database into an InputError of one line that names server or database.

    NotInstalled where the database's driver is not installed.
    """
    try:
        yield
    except MlflowException as error:
        raise InputError(f"mlflow.tracking_uri {tracking.tracking_uri}: {first_line(error)}") from error
    except SQLAlchemyError as error:
        raise InputError(
            f"mlflow.tracking_uri {tracking.tracking_uri}: the database cannot be used ({first_line(error)}); bring it "
            "back from a backup, or name another one and train again"
        ) from error
    except ModuleNotFoundError as error:
        raise NotInstalled(
            f"mlflow.tracking_uri {tracking.tracking_uri}: the database's driver {error.name} is not installed; "
            f"pip install it into {sys.prefix}"
        ) from error
