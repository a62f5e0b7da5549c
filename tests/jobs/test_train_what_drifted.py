"""train --if-drifted looks at value models and churn apart: each is fitted where its own champion has an alarm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from jobs import train
from jobs.drift import end_if_drifted
from jobs.run import Run, open_run
from jobs.settings import load_settings
from tests.published_lake import write_table
from warehouse.errors import ModelDrifted
from warehouse.model_registry import connect, promote
from warehouse.tables import OPS_MODEL_MONITOR

TODAY = dt.date(2026, 4, 14)
NOON = dt.datetime(2026, 4, 15, 12, tzinfo=dt.UTC)
VALUE, CHURN = "customer-value/1", "churn/1"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """MLflow with a champion of value and one of churn, which no test loads."""
    folder = tmp_path_factory.mktemp("registry")
    uri = {"tracking_uri": f"sqlite:///{folder}/mlflow.db", "artifact_root": f"{folder}/artifacts"}
    tracking = load_settings().mlflow.model_copy(update=uri)
    client = connect(tracking)
    for version in (VALUE, CHURN):
        name = version.partition("/")[0]
        client.create_registered_model(name)
        client.create_model_version(name, source=f"{folder}/none", tags={"as_of": "2026-04-01"})
        promote(tracking, version)
    return uri


@pytest.fixture
def run_with(tmp_path: Path, registry: dict[str, Any]) -> Callable[..., Run]:
    """A run over a lake whose newest monitor has an alarm of these versions."""

    def opened(*alarms: str, churn: bool = True) -> Run:
        base = load_settings()
        lake = tmp_path / "lake"
        given = {"model_as_of": dt.date(2026, 4, 1), "subject": "x", "since": TODAY, "until": TODAY, "run_id": "1"}
        rows = [
            {
                **given,
                "as_of": TODAY,
                "checked_at": NOON,
                "model_version": version,
                "check_name": check,
                "is_alarm": version in alarms,
                "detail": "words",
            }
            for version, check in ((VALUE, "purchases"), (CHURN, "churn_share"))
        ]
        write_table(lake, OPS_MODEL_MONITOR, rows)
        behaviour = base.behaviour.model_copy(update={"features": True, "churn": churn})
        update = {
            "lake": str(lake),
            "mlflow": base.mlflow.model_copy(update=registry),
            "behaviour": behaviour,
            "drift": base.drift.model_copy(update={"exit": "fail"}),
        }
        settings = base.model_copy(update=update)
        return open_run("train", config=None, settings=settings, console=Console(quiet=True), as_of=TODAY)

    return opened


HOLDS = "customer-value/1 holds: no alarm as of 2026-04-14"


@pytest.mark.parametrize(
    ("alarms", "would"),
    [
        ((), HOLDS),
        ((CHURN,), f"train churn: {HOLDS}"),
        ((VALUE,), "train customer-value on purchases up to 2026-04-14"),
        ((VALUE, CHURN), "train customer-value on purchases up to 2026-04-14"),
    ],
)
def test_each_is_fitted_where_its_own_champion_has_an_alarm(
    run_with: Callable[..., Run], alarms: tuple[str, ...], would: str
) -> None:
    found = train.plan(run_with(*alarms), if_drifted=True)
    assert (found.what, found.do is None) == (would, not alarms)


def test_churn_that_is_not_wanted_is_not_fitted_whatever_its_last_monitor_found(run_with: Callable[..., Run]) -> None:
    found = train.plan(run_with(CHURN, churn=False), if_drifted=True)
    assert (found.what, found.do) == (HOLDS, None)


def test_either_alarm_ends_a_run_with_6_and_value_is_named_first(run_with: Callable[..., Run]) -> None:
    end_if_drifted(run_with())
    for alarms, version in (((VALUE,), VALUE), ((CHURN,), CHURN), ((VALUE, CHURN), VALUE)):
        with pytest.raises(ModelDrifted, match=f"^{version} does not fit what customers do now: ") as failed:
            end_if_drifted(run_with(*alarms))
        assert failed.value.exit_code == 6
        assert ("and 1 more in ops.model_monitor" in str(failed.value)) == (len(alarms) == 2)
    end_if_drifted(run_with(CHURN, churn=False))
