"""Registered models of any kind: versions are stored, one of them is the champion, and its content comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from warehouse.errors import InputError
from warehouse.knobs import Mlflow
from warehouse.model_registry import RegisteredVersion, champion, load_json, promote, store_json


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Mlflow:
    folder = tmp_path_factory.mktemp("mlflow")
    return Mlflow(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        artifact_root=str(folder / "artifacts"),
        experiment="other",
        model_name="other",
        champion_may_be_missing=False,
    )


def store(tracking: Mlflow, content: dict[str, Any], name: str = "weights") -> str:
    return store_json(
        tracking,
        name,
        content,
        artifact="weights.json",
        experiment="weights",
        run_name="a test",
        description="Weights of channels",
        tags={"as_of": "2026-03-31"},
    )


def weight(plain: Any) -> float:
    return float(plain["weight"])


def test_a_stored_version_is_champion_only_once_it_is_promoted(tracking: Mlflow) -> None:
    assert champion(tracking, "weights") is None
    first, second = store(tracking, {"weight": 1}), store(tracking, {"weight": 2})
    assert (first, second) == ("weights/1", "weights/2")
    assert champion(tracking, "weights") is None

    promote(tracking, second)
    found = champion(tracking, "weights")

    assert found == RegisteredVersion(name="weights", number="2", tags={"as_of": "2026-03-31"})
    assert found.full_name == "weights/2"
    assert load_json(tracking, first, "weights.json", weight, what="weights") == 1
    assert load_json(tracking, found.full_name, "weights.json", weight, what="weights") == 2


@pytest.mark.parametrize("artifact", ["weights.json", "other.json"])
def test_content_that_is_missing_or_of_another_form_is_one_clear_error(tracking: Mlflow, artifact: str) -> None:
    version = store(tracking, {"share": 1}, name="damaged")

    with pytest.raises(InputError, match=rf"models:/damaged/\d/{artifact}: the weights cannot be read \("):
        load_json(tracking, version, artifact, weight, what="the weights")


def test_the_champion_is_found_without_reading_an_artifact(tracking: Mlflow, tmp_path: Path) -> None:
    elsewhere = tracking.model_copy(update={"artifact_root": str(tmp_path)})
    version = store_json(
        elsewhere,
        "emptied",
        {},
        artifact="weights.json",
        experiment="emptied",
        run_name="a test",
        description="-",
        tags={},
    )
    promote(elsewhere, version)
    for file in tmp_path.rglob("weights.json"):
        file.unlink()

    found = champion(elsewhere, "emptied")

    assert found is not None
    assert found.full_name == version
