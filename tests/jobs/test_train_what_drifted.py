"""train --if-drifted looks at value models, churn and early value apart: each is fitted where its own champion has an
alarm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from jobs import train
from jobs.drift import end_if_drifted, waits_for_monitor, watched
from jobs.run import Run, open_run
from jobs.settings import load_settings
from tests.published_lake import write_table
from warehouse.errors import ModelDrifted
from warehouse.model_registry import connect, promote
from warehouse.tables import OPS_MODEL_MONITOR

TODAY = dt.date(2026, 4, 14)
NOON = dt.datetime(2026, 4, 15, 12, tzinfo=dt.UTC)
VALUE, CHURN, EARLY = "customer-value/1", "churn/1", "early_value/1"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """MLflow with a champion of value, of churn and of early value, which no test loads."""
    folder = tmp_path_factory.mktemp("registry")
    uri = {"tracking_uri": f"sqlite:///{folder}/mlflow.db", "artifact_root": f"{folder}/artifacts"}
    tracking = load_settings().mlflow.model_copy(update=uri)
    client = connect(tracking)
    for version in (VALUE, CHURN, EARLY):
        name = version.partition("/")[0]
        client.create_registered_model(name)
        client.create_model_version(name, source=f"{folder}/none", tags={"as_of": "2026-04-01"})
        promote(tracking, version)
    return uri


@pytest.fixture
def run_with(tmp_path: Path, registry: dict[str, Any]) -> Callable[..., Run]:
    """A run over a lake whose newest monitor has an alarm of these versions."""

    def opened(*alarms: str, **behaviour: bool) -> Run:
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
            for version, check in ((VALUE, "purchases"), (CHURN, "churn_share"), (EARLY, "early_total"))
        ]
        write_table(lake, OPS_MODEL_MONITOR, rows)
        wanted = {"features": True, "churn": True, "early_value": True} | behaviour
        update = {
            "lake": str(lake),
            "mlflow": base.mlflow.model_copy(update=registry),
            "behaviour": base.behaviour.model_copy(update=wanted),
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
        ((EARLY,), f"train early value: {HOLDS}"),
        ((CHURN, EARLY), f"train churn and early value: {HOLDS}"),
        ((VALUE,), "train customer-value on purchases up to 2026-04-14"),
        ((VALUE, CHURN, EARLY), "train customer-value on purchases up to 2026-04-14"),
    ],
)
def test_each_is_fitted_where_its_own_champion_has_an_alarm(
    run_with: Callable[..., Run], alarms: tuple[str, ...], would: str
) -> None:
    found = train.plan(run_with(*alarms), if_drifted=True)
    assert (found.what, found.do is None) == (would, not alarms)


@pytest.mark.parametrize(("version", "knob"), [(CHURN, "churn"), (EARLY, "early_value")])
def test_what_is_not_wanted_is_not_fitted_nor_watched_whatever_its_last_monitor_found(
    run_with: Callable[..., Run], version: str, knob: str
) -> None:
    run = run_with(version, **{knob: False})
    found = train.plan(run, if_drifted=True)
    assert (found.what, found.do) == (HOLDS, None)
    assert watched(run, VALUE) == [one for one in (VALUE, CHURN, EARLY) if one != version]


def test_a_run_waits_until_each_champion_that_is_wanted_was_looked_at(run_with: Callable[..., Run]) -> None:
    run = run_with()
    assert watched(run, VALUE) == [VALUE, CHURN, EARLY]
    assert not waits_for_monitor(run, watched(run, VALUE))
    assert waits_for_monitor(run, [*watched(run, VALUE), "early_value/2"])


def test_each_alarm_ends_a_run_with_6_and_value_is_named_first(run_with: Callable[..., Run]) -> None:
    end_if_drifted(run_with())
    given = ((VALUE,), (CHURN,), (EARLY,), (VALUE, CHURN), (VALUE, EARLY), (CHURN, EARLY))
    for alarms, version in ((alarms, alarms[0]) for alarms in given):
        with pytest.raises(ModelDrifted, match=f"^{version} does not fit what customers do now: ") as failed:
            end_if_drifted(run_with(*alarms))
        assert failed.value.exit_code == 6
        assert ("and 1 more in ops.model_monitor" in str(failed.value)) == (len(alarms) == 2)
    end_if_drifted(run_with(CHURN, churn=False))
    end_if_drifted(run_with(EARLY, early_value=False))
