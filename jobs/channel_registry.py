"""Where data-driven attribution models are kept: versions of one registered model in MLflow, as JSON of a few kB."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mlflow.exceptions import MlflowException

from attribution.channel_model import ChannelModel
from jobs.settings import Settings
from ltv.registry import CHAMPION, NOT_THERE, clear_errors, connect, experiment_id, first_line, mlflow
from warehouse.errors import InputError
from warehouse.knobs import Mlflow

ARTIFACT = "channel_model.json"
DESCRIPTION = f"""What each channel adds to conversions, by model and conversion type.

Markov removal effects and Shapley values, with each channel's share of them.

{ARTIFACT} holds them; no journey and no person is in it. Credits of gold.attribution_credits name the version they were
made by. A version's tags say which days, data and settings it was fitted on."""


def store_version(settings: Settings, model: ChannelModel, *, tags: Mapping[str, str]) -> str:
    """The model as the newest version of the registered model, not yet the one that credits; gives '<name>/<version>'.

    InputError where MLflow does not answer.
    """
    tracking, name = _tracking(settings), settings.attribution.data_driven.model_name
    with clear_errors(settings.mlflow):
        client = connect(tracking)
        experiment = experiment_id(client, tracking)
        with mlflow.start_run(experiment_id=experiment, run_name=f"{name} {model.as_of}") as run:
            mlflow.log_params(dict(tags))
            mlflow.log_dict(model.to_dict(), ARTIFACT)
        if not client.search_registered_models(filter_string=f"name = '{name}'"):
            client.create_registered_model(name, description=DESCRIPTION)
        source = str(run.info.artifact_uri)
        version = client.create_model_version(name, source, run_id=run.info.run_id, tags=dict(tags))
        return f"{name}/{version.version}"


def promote(settings: Settings, version: str) -> None:
    """From now on this version ('<name>/<version>') credits."""
    name, _, number = version.rpartition("/")
    with clear_errors(settings.mlflow):
        connect(_tracking(settings)).set_registered_model_alias(name, CHAMPION, number)


def champion_version(settings: Settings) -> tuple[str, dict[str, str]] | None:
    """'<name>/<version>' of the version that credits, and its tags; None where nothing was fitted yet."""
    name = settings.attribution.data_driven.model_name
    with clear_errors(settings.mlflow):
        client = connect(_tracking(settings))
        try:
            found = client.get_model_version_by_alias(name, CHAMPION)
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise
    return f"{name}/{found.version}", dict(found.tags)


def load_version(settings: Settings, version: str) -> ChannelModel:
    """The model of '<name>/<version>'; InputError where it cannot be read."""
    connect(_tracking(settings))
    file = f"models:/{version}/{ARTIFACT}"
    try:
        return ChannelModel.from_dict(json.loads(mlflow.artifacts.load_text(file)))
    except (MlflowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: the channels' effects cannot be read ({first_line(error)})") from error


def _tracking(settings: Settings) -> Mlflow:
    names = settings.attribution.data_driven
    return settings.mlflow.model_copy(update={"experiment": names.experiment, "model_name": names.model_name})
