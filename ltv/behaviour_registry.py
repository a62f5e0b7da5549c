"""Registers models of behaviour: a training as a run of MLflow, the contest with the champion, and the promotion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ltv.logged_model import log_stored_code
from warehouse import model_registry
from warehouse.champion import RegisteredVersion, champion, load_json
from warehouse.knobs import Mlflow
from warehouse.model_registry import clear_errors, experiment_id, mlflow

# A challenger may be this much worse and still win: it has newer data, and smaller differences are chance.
TOLERANCE = 0.01
# What the content of the champion of that name (its full one) says against the challenger; None where nothing does.
Against = Callable[[Mapping[str, Any], str], str | None]


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """A training that may become the champion of `name`.

    `content` is what its version holds, as the JSON file `artifact` beside the code that `write_package` writes; it has
    as_of, the last day of the data. `facts` are parameters of the run and tags of the version, `card` is what people
    read of the version, `description` of the model.
    """

    name: str
    as_of: dt.date
    content: Mapping[str, Any]
    artifact: str
    write_package: Callable[[Path], Path]
    signature: mlflow.models.ModelSignature
    input_example: Any
    facts: Mapping[str, str]
    metrics: Mapping[str, float]
    notes: Sequence[str]
    description: str
    card: str


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What came of a challenger: promoted, or lost to the champion; `model_version` names the champion after it."""

    status: Literal["promoted", "lost"]
    reason: str
    model_version: str
    run_id: str


def register(challenger: Challenger, tracking: Mlflow, against: Against) -> Registration:
    """Log a challenger as one MLflow run and, where it wins, make it the champion.

    It wins without a champion, or where the champion's fit is of no later day and nothing is `against` it. InputError
    where MLflow does not answer.
    """
    name, former = challenger.name, champion(tracking, challenger.name)
    facts = {"as_of": str(challenger.as_of), **challenger.facts}
    run_name = f"{name} {challenger.as_of}"
    with (
        clear_errors(tracking),
        mlflow.start_run(experiment_id=experiment_id(tracking, tracking.experiment), run_name=run_name) as run,
    ):
        mlflow.log_params(facts)
        mlflow.log_metrics(dict(challenger.metrics))
        model_uri = log_stored_code(
            challenger.content,
            challenger.artifact,
            challenger.write_package,
            signature=challenger.signature,
            input_example=challenger.input_example,
        )
        reason = _lost_because(challenger, tracking, former, against) if former else None
        status: Literal["promoted", "lost"] = "promoted" if reason is None else "lost"
        mlflow.set_tags({"status": status, "notes": "\n".join(challenger.notes), "as_of": facts["as_of"]})
        version = former.full_name if former else ""
        if reason is None:
            version = _promote(challenger, model_uri, tracking, facts)
    return Registration(
        status=status,
        reason=reason or ("there was no champion" if former is None else f"no worse than {former.full_name}"),
        model_version=version,
        run_id=run.info.run_id,
    )


def _lost_because(challenger: Challenger, tracking: Mlflow, former: RegisteredVersion, against: Against) -> str | None:
    content = load_json(tracking, former.full_name, challenger.artifact, dict, what=f"the champion of {former.name}")
    if dt.date.fromisoformat(content["as_of"]) > challenger.as_of:
        return f"the champion {former.full_name} is of {content['as_of']}, this fit of {challenger.as_of} is older"
    return against(content, former.full_name)


def _promote(challenger: Challenger, model_uri: str, tracking: Mlflow, facts: Mapping[str, str]) -> str:
    name, client = challenger.name, model_registry.connect(tracking)
    registered = mlflow.register_model(model_uri, name, tags=dict(facts))
    version = RegisteredVersion(name=name, number=str(registered.version), tags=facts).full_name
    client.update_registered_model(name, description=challenger.description)
    client.update_model_version(name, registered.version, challenger.card)
    model_registry.promote(tracking, version)
    return version
