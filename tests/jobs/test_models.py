"""distributary models: what is registered, which version is in use, and the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.models import main
from ltv import registry
from tests.ltv.test_registry import AT_CUTOFF, MODEL
from warehouse import model_registry
from warehouse.knobs import Mlflow
from warehouse.model_registry import champion, connect, experiment_id, mlflow, store_json

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tracking(tmp_path: Path) -> Mlflow:
    return Mlflow(
        tracking_uri=f"sqlite:///{tmp_path}/mlflow.db",
        artifact_root=f"{tmp_path}/artifacts",
        experiment="value",
        model_name="customer-value",
        champion_may_be_missing=False,
    )


@pytest.fixture
def command(tmp_path: Path, tracking: Mlflow, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `distributary models …` and returns its exit code, stdout and stderr."""
    config = tmp_path / "shop.yaml"
    knobs = {"ltv": {"time_unit": "weeks"}, "report": {"currency": "USD"}, "mlflow": tracking.model_dump()}
    config.write_text(json.dumps(knobs), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*arguments, "--config", str(config)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def register(tracking: Mlflow, as_of: str, **changes: str) -> None:
    """A new version of the value model, which becomes champion."""
    with mlflow.start_run(experiment_id=experiment_id(tracking, tracking.experiment)):
        mlflow.log_metric("holdout_rmse", 1.6034)
        model = replace(MODEL, **changes)
        uri = registry.log_value_model(model, AT_CUTOFF, margin=0.4, annual_discount_rate=0.1, interval_level=0.95)
        registry.register(uri, model, tracking, tags={"as_of": as_of, "customers": "2357", "code_version": "c0de"})


def champion_of(tracking: Mlflow) -> str:
    found = champion(tracking, tracking.model_name)
    return found.full_name if found else "none"


@pytest.fixture
def three(tracking: Mlflow) -> Mlflow:
    for as_of in ("1997-09-28", "1997-09-29", "1997-09-30"):
        register(tracking, as_of)
    return tracking


def test_the_list_names_versions_newest_first_and_marks_the_champion(three: Mlflow, command: Command) -> None:
    code, out, _ = command("list")
    assert code == 0
    assert [re.split(r"\s{2,}", line) for line in re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "now", out).splitlines()] == [
        ["version", "made", "as_of", "customers", "code_version"],
        ["customer-value/3", "champion", "now", "1997-09-30", "2357", "c0de"],
        ["customer-value/2", "now", "1997-09-29", "2357", "c0de"],
        ["customer-value/1", "now", "1997-09-28", "2357", "c0de"],
    ]


def test_the_list_has_the_attribution_model_too(tracking: Mlflow, command: Command) -> None:
    store_json(
        tracking,
        "channel-attribution",
        {},
        artifact="channel_model.json",
        experiment="channels",
        run_name="a test",
        description="-",
        tags={"as_of": "2026-03-31"},
    )
    _, out, _ = command("list", "--json")
    assert [(one["name"], one["number"], one["is_champion"]) for one in json.loads(out)] == [
        ("channel-attribution", "1", False)
    ]


def test_a_version_shows_its_data_parameters_and_metrics(three: Mlflow, command: Command) -> None:
    code, out, _ = command("show", "2")
    assert code == 0
    lines = [re.sub(r"\s+", " ", line) for line in out.splitlines()]
    assert lines[0] == "customer-value/2"
    assert {"as_of 1997-09-29", "customers 2357", "code_version c0de", "holdout_rmse 1.6034"} <= set(lines)
    assert "Pareto/NBD: r 0.553 (standard error 0.048), alpha 10.58" in out
    assert command("show", "customer-value/3")[1].startswith("customer-value/3, the champion\n")


def test_promote_moves_the_champion_and_names_both(three: Mlflow, command: Command) -> None:
    assert command("promote", "customer-value/1")[:2] == (
        0,
        "champion moved from customer-value/3 to customer-value/1; the next run uses it\n",
    )
    assert champion_of(three) == "customer-value/1"
    assert command("promote", "1")[:2] == (0, "customer-value/1 is the champion already; nothing changed\n")


def test_rollback_goes_back_champion_by_champion_and_then_ends_with_3(three: Mlflow, command: Command) -> None:
    moved = "champion moved from customer-value/{} to customer-value/{}; the next run uses it\n"
    assert command("rollback")[:2] == (0, moved.format(3, 2))
    register(three, "1997-10-01")
    assert champion_of(three) == "customer-value/4"

    assert command("rollback")[:2] == (0, moved.format(4, 2))
    assert command("rollback", "customer-value")[:2] == (0, moved.format(2, 1))
    assert command("rollback") == (
        3,
        "",
        "error: customer-value/1 replaced no version that is still there: there is nothing to go back to; "
        "`models promote` takes any version\n",
    )
    assert champion_of(three) == "customer-value/1"


def test_a_promotion_by_hand_is_taken_back_too(three: Mlflow, command: Command) -> None:
    command("promote", "1")
    assert "from customer-value/1 to customer-value/3" in command("rollback")[1]
    assert "from customer-value/3 to customer-value/2" in command("rollback")[1]


def test_rollback_passes_over_versions_that_were_removed(three: Mlflow, command: Command) -> None:
    connect(three).delete_model_version("customer-value", "2")
    assert "from customer-value/3 to customer-value/1" in command("rollback")[1]


def test_rollback_brings_a_champion_back_whose_alias_was_lost(three: Mlflow, command: Command) -> None:
    connect(three).delete_registered_model_alias("customer-value", "champion")
    assert command("rollback")[:2] == (
        0,
        "champion set to customer-value/2 (there was none); the next run uses it\n",
    )


def test_a_version_that_cannot_be_read_does_not_become_champion(
    three: Mlflow, tmp_path: Path, command: Command
) -> None:
    for file in (tmp_path / "artifacts").rglob("value_model.json"):
        if '"r":0.553' in file.read_text(encoding="utf-8"):
            file.unlink()
    for arguments in (("promote", "1"), ("rollback",)):
        code, _, err = command(*arguments)
        assert code == 3
        assert re.search(r"error: models:/customer-value/\d/data/value_model.json: .* cannot be read", err)
    assert champion_of(three) == "customer-value/3"


def test_a_version_of_another_currency_does_not_become_champion(three: Mlflow, command: Command) -> None:
    register(three, "1997-10-01", currency="KRW")
    model_registry.promote(three, "customer-value/3")
    code, _, err = command("promote", "4")
    assert (code, champion_of(three)) == (2, "customer-value/3")
    assert "customer-value/4 was trained in weeks and KRW" in err


UNKNOWN = {
    "a version that is not there": (("show", "9"), 3, "there is no customer-value/9; there are customer-value/3, "),
    "another model": (("show", "customer-valeu/1"), 2, "no model is called 'customer-valeu'; .* mean customer-value?"),
    "a model to roll back": (("rollback", "revenue"), 2, "no model is called 'revenue'"),
    "no number": (("promote", "latest"), 2, "'latest' names no version; write one such as customer-value/3, or 3"),
    "a model without a version": (("rollback", "channel-attribution"), 3, "no version of channel-attribution yet"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_an_unknown_name_is_one_line(what: str, three: Mlflow, command: Command) -> None:
    arguments, expected, reason = UNKNOWN[what]
    code, out, err = command(*arguments)
    assert (code, out, err.count("\n")) == (expected, "", 1)
    assert re.search(reason, err)


@pytest.mark.parametrize(
    ("arguments", "expected"), [(("list",), 0), (("show", "1"), 3), (("promote", "1"), 3), (("rollback",), 3)]
)
def test_before_the_first_training_nothing_is_made(
    arguments: tuple[str, ...], expected: int, tmp_path: Path, command: Command
) -> None:
    code, out, err = command(*arguments)
    assert code == expected
    assert "no model is registered yet: run `distributary train`" in out or "no version of customer-value yet" in err
    assert not (tmp_path / "mlflow.db").exists()
