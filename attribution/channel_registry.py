"""Stores data-driven attribution models in MLflow: versions of one registered model, each a JSON file of a few kB."""

from __future__ import annotations

from collections.abc import Mapping

from attribution.channel_model import ChannelModel
from attribution.knobs import DataDriven
from warehouse.champion import RegisteredVersion, champion, load_json, used_champion
from warehouse.knobs import Mlflow

ARTIFACT = "channel_model.json"
DESCRIPTION = f"""What each channel adds to conversions, by model and conversion type.

Markov removal effects and Shapley values, with each channel's share of them.

{ARTIFACT} holds them; no journey and no person is in it. Credits of gold.attribution_credits name the version they were
made by. A version's tags name the days, data and settings of its fit."""


def store_version(tracking: Mlflow, data_driven: DataDriven, model: ChannelModel, *, tags: Mapping[str, str]) -> str:
    """Stores the model as a new version, not yet promoted; returns '<name>/<number>'.

    InputError where MLflow does not answer.
    """
    # MLflow takes seconds to import, and only a fit needs it.
    from warehouse.model_registry import store_json  # noqa: PLC0415

    return store_json(
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
    return champion(tracking, data_driven.model_name)


def used_version(tracking: Mlflow, data_driven: DataDriven, *, was_used: bool) -> RegisteredVersion | None:
    """As `champion_version`; InputError where it is gone and `was_used`, as the effects of a fit show."""
    return used_champion(tracking, data_driven.model_name, was_used=was_used)


def load_version(tracking: Mlflow, version: str) -> ChannelModel:
    """The model of '<name>/<number>'; InputError where it cannot be read."""
    return load_json(tracking, version, ARTIFACT, ChannelModel.from_dict, what="the channels' effects")
