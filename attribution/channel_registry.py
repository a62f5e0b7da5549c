"""Stores data-driven attribution models in MLflow: versions of one registered model, each a JSON file of a few kB."""

from __future__ import annotations

from collections.abc import Mapping

from attribution.channel_model import ChannelModel
from attribution.knobs import DataDriven
from warehouse import model_registry
from warehouse.knobs import Mlflow
from warehouse.model_registry import RegisteredVersion

ARTIFACT = "channel_model.json"
DESCRIPTION = f"""What each channel adds to conversions, by model and conversion type.

Markov removal effects and Shapley values, with each channel's share of them.

{ARTIFACT} holds them; no journey and no person is in it. Credits of gold.attribution_credits name the version they were
made by. A version's tags name the days, data and settings of its fit."""


def store_version(tracking: Mlflow, data_driven: DataDriven, model: ChannelModel, *, tags: Mapping[str, str]) -> str:
    """Stores the model as a new version, not yet promoted; returns '<name>/<number>'.

    InputError where MLflow does not answer.
    """
    return model_registry.store_json(
        tracking,
        data_driven.model_name,
        model.to_dict(),
        artifact=ARTIFACT,
        experiment=data_driven.experiment,
        run_name=f"{data_driven.model_name} {model.as_of}",
        description=DESCRIPTION,
        tags=tags,
    )


def champion_version(tracking: Mlflow, data_driven: DataDriven) -> RegisteredVersion | None:
    """The promoted version, with its tags; None before the first fit."""
    return model_registry.champion(tracking, data_driven.model_name)


def load_version(tracking: Mlflow, version: str) -> ChannelModel:
    """The model of '<name>/<number>'; InputError where it cannot be read."""
    return model_registry.load_json(tracking, version, ARTIFACT, ChannelModel.from_dict, what="the channels' effects")
