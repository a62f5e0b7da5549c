"""The registry that MLflow makes in a run: for the user alone, as the tables are (test_exit_codes, test_signals)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from jobs.run import Plan, Step, StepLog, open_run, perform
from jobs.settings import load_settings
from warehouse import model_registry
from warehouse.champion import artifact_in_file


@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o644)])
def test_the_registry_and_a_version_s_file_are_for_the_user_alone_where_files_are_private(
    private: bool, mode: int, spark: SparkSession, tmp_path: Path
) -> None:
    base = load_settings()
    database, artifacts = tmp_path / "mlflow.db", str(tmp_path / "artifacts")
    tracking = base.mlflow.model_copy(update={"tracking_uri": f"sqlite:///{database}", "artifact_root": artifacts})
    files = base.files.model_copy(update={"private": private})
    settings = base.model_copy(update={"lake": str(tmp_path / "lake"), "mlflow": tracking, "files": files})
    made = [database]

    def store(_: StepLog) -> None:
        version = model_registry.store_json(
            tracking, "weights", {}, artifact="w.json", experiment="w", run_name="w", description="w", tags={}
        )
        made.append(artifact_in_file(tracking, version, "w.json"))

    run = open_run("train", config=None, settings=settings, spark=spark, console=Console(quiet=True))
    before = os.umask(0o022)
    try:
        perform(run, [Step("store", lambda _: Plan("store", store))])
    finally:
        os.umask(before)

    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [mode, mode]
