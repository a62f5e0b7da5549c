"""Stores a model in MLflow as plain numbers and the code that predicts from them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from ltv.stored_code import REQUIREMENTS
from warehouse.model_registry import mlflow


def log_stored_code(
    content: Mapping[str, Any],
    artifact: str,
    write_package: Callable[[Path], Path],
    *,
    signature: mlflow.models.ModelSignature,
    input_example: Any,
) -> str:
    """Store a model in the active run; returns the URI to register it by.

    `content` becomes the JSON file `artifact`, data/<file>; `write_package` writes the code below a folder as a package
    whose __init__ has _load_pyfunc.
    """
    run = mlflow.active_run()
    assert run is not None, "stored in a run"
    client = mlflow.MlflowClient()
    # What mlflow.pyfunc.log_model does, but for the path of this machine that it writes into MLmodel.
    logged = mlflow.initialize_logged_model(name="model", source_run_id=run.info.run_id)
    client.log_outputs(run.info.run_id, models=[mlflow.entities.LoggedModelOutput(logged.model_id, step=0)])
    with tempfile.TemporaryDirectory() as folder:
        parameters, stored = Path(folder) / Path(artifact).name, Path(folder) / "model"
        parameters.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
        package = write_package(Path(folder))
        mlflow.pyfunc.save_model(
            stored,
            loader_module=package.name,
            data_path=str(parameters),
            code_paths=[str(package)],
            mlflow_model=mlflow.models.Model(
                run_id=run.info.run_id, model_id=logged.model_id, model_uuid=logged.model_id
            ),
            signature=signature,
            input_example=input_example,
            pip_requirements=[f"{package}=={installed_version(package)}" for package in REQUIREMENTS],
        )
        client.log_model_artifacts(logged.model_id, str(stored))
    mlflow.finalize_logged_model(logged.model_id, "READY")
    return f"models:/{logged.model_id}"
