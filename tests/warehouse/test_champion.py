"""The champion read from the registry's file is the one that MLflow gives, at every state of a registry."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.test_architecture import REPOSITORY
from warehouse import model_registry
from warehouse.champion import NotReadableHere, artifact_in_file, champion, champion_in_file, load_json, used_champion
from warehouse.errors import InputError
from warehouse.knobs import Mlflow


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Mlflow:
    """A registry that exists and has no model."""
    folder = tmp_path_factory.mktemp("a registry é")
    tracking = Mlflow(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        artifact_root=str(folder / "artifacts é"),
        experiment="other",
        model_name="other",
        champion_may_be_missing=False,
    )
    model_registry.connect(tracking).search_registered_models()
    return tracking


def store(tracking: Mlflow, name: str, weight: int) -> str:
    return model_registry.store_json(
        tracking,
        name,
        {"weight": weight},
        artifact="weights.json",
        experiment="weights é",
        run_name="a test",
        description="Weights of channels",
        tags={"as_of": "2026-03-31", "weight": str(weight)},
    )


def same(tracking: Mlflow, name: str) -> str | None:
    """The champion by both ways, which must agree."""
    found = champion_in_file(tracking, name)
    assert found == model_registry.champion(tracking, name)
    return found.full_name if found else None


def weight_of(plain: Any) -> int:
    return int(plain["weight"])


def test_the_file_gives_what_mlflow_gives_from_the_first_version_to_the_removed_one(empty: Mlflow) -> None:
    assert same(empty, "weights") is None
    first, second = store(empty, "weights", 1), store(empty, "weights", 2)
    assert same(empty, "weights") is None
    for version in (first, second, first):
        model_registry.promote(empty, version)
        assert same(empty, "weights") == version
        assert load_json(empty, version, "weights.json", weight_of, what="weights") == int(version[-1])
    assert same(empty, "another") is None
    model_registry.connect(empty).delete_registered_model_alias("weights", "champion")
    assert same(empty, "weights") is None
    model_registry.promote(empty, second)
    model_registry.connect(empty).delete_model_version("weights", "2")
    assert same(empty, "weights") is None


def test_a_plan_asks_without_importing_mlflow(empty: Mlflow) -> None:
    version = store(empty, "quick", 7)
    model_registry.promote(empty, version)
    program = f"""
import sys
from warehouse.champion import champion, load_json
from warehouse.knobs import Mlflow
tracking = Mlflow(**{empty.model_dump()!r})
found = champion(tracking, "quick")
weight = load_json(tracking, found.full_name, "weights.json", lambda plain: plain["weight"], what="weights")
print(found.full_name, weight, "mlflow" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "quick/1 7 False\n"


@pytest.mark.parametrize(
    "uri", ["http://localhost:1", "postgresql://localhost/mlflow", "mlruns", "sqlite:///no/mlflow.db"]
)
def test_any_other_registry_is_left_to_mlflow(empty: Mlflow, uri: str) -> None:
    with pytest.raises(NotReadableHere):
        champion_in_file(empty.model_copy(update={"tracking_uri": uri}), "weights")


def test_a_database_of_another_version_of_mlflow_is_left_to_it(empty: Mlflow, tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    with sqlite3.connect(file) as registry:
        registry.execute("create table alembic_version (version_num text)")
        registry.execute("insert into alembic_version values ('another')")
    other = empty.model_copy(update={"tracking_uri": f"sqlite:///{file}"})
    with pytest.raises(NotReadableHere):
        champion_in_file(other, "weights")
    file.write_text("no database")
    with pytest.raises(NotReadableHere):
        champion_in_file(other, "weights")


def test_several_registries_in_one_database_are_left_to_mlflow(empty: Mlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_WORKSPACE", "shop")
    with pytest.raises(NotReadableHere):
        champion_in_file(empty, "weights")


def test_a_registry_that_does_not_exist_yet_has_no_champion(empty: Mlflow, tmp_path: Path) -> None:
    assert champion(empty.model_copy(update={"tracking_uri": f"sqlite:///{tmp_path}/mlflow.db"}), "weights") is None


def test_an_artifact_that_is_gone_is_the_error_of_mlflow(empty: Mlflow) -> None:
    version = store(empty, "emptied", 1)
    artifact_in_file(empty, version, "weights.json").unlink()
    with pytest.raises(InputError, match=r"models:/emptied/1/weights\.json: the weights cannot be read \("):
        load_json(empty, version, "weights.json", weight_of, what="the weights")


GONE = {
    "its alias": "delete from registered_model_aliases where name = ?",
    "its version, which the alias still names": "delete from model_versions where name = ?",
}


@pytest.mark.parametrize("what", GONE)
def test_where_a_champion_that_was_used_is_gone_the_error_ends_a_job_with_3_and_one_line(
    what: str, empty: Mlflow
) -> None:
    name = what.split(",", maxsplit=1)[0]
    version = store(empty, name, 1)
    model_registry.promote(empty, version)
    found = used_champion(empty, name, was_used=True)
    assert found is not None
    assert found.full_name == version
    with sqlite3.connect(empty.tracking_uri.removeprefix("sqlite:///")) as registry:
        registry.execute(GONE[what], (name,))

    assert same(empty, name) is None
    with pytest.raises(InputError, match=f"there is no {name}@champion, but this lake was made with one; ") as caught:
        used_champion(empty, name, was_used=True)
    assert (caught.value.exit_code, "\n" in str(caught.value)) == (3, False)
    assert used_champion(empty, name, was_used=False) is None, "a new lake goes on without"
