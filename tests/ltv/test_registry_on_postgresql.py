"""The life of a model on a tracking server whose database is PostgreSQL: trained, used, replaced, brought back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest

from jobs.models import main
from ltv import registry
from ltv.training_data import TrainingData
from tests.ltv.environments import environment, serving
from tests.ltv.postgresql import PASSWORD, postgresql
from tests.ltv.test_registry import CUSTOMERS
from tests.ltv.test_training import LTV, cdnow, conversions, train  # noqa: F401 (two of them are fixtures)
from warehouse import champion
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow

pytestmark = pytest.mark.registry


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    """A tracking server in an environment with MLflow and the database's driver."""
    folder = tmp_path_factory.mktemp("postgresql")
    python = environment(folder / "server", f"mlflow=={installed_version('mlflow')}", "psycopg[binary]>=3.2,<4")
    with postgresql() as database:
        stores = ("--backend-store-uri", database, "--artifacts-destination", str(folder / "served"))
        with serving(python, ("server", *stores), log=folder / "server.log") as url:
            yield Mlflow(
                tracking_uri=url,
                artifact_root=None,
                experiment="value",
                model_name="customer-value",
                champion_may_be_missing=False,
            )


def champion_of(tracking: Mlflow) -> str:
    found = champion.champion(tracking, tracking.model_name)
    return found.full_name if found else "none"


def test_a_model_is_trained_used_replaced_and_brought_back(
    server: Mlflow,
    cdnow: TrainingData,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    exact = LTV.model_copy(update={"fitter": "exact"})
    assert champion_of(server) == "none"

    first = train(cdnow, server, exact)
    assert (first.status, champion_of(server)) == ("promoted", "customer-value/1")
    scorer = registry.load_champion(server, time_unit="weeks", currency="USD")
    assert scorer.model.params == pytest.approx(first.params)
    found = mlflow.pyfunc.load_model("models:/customer-value@champion").predict(CUSTOMERS)
    assert set(found["model_version"]) == {"customer-value/1"}
    assert (found["clv_365d_lower"] < found["clv_365d"]).all()

    second = train(cdnow, server, exact)
    assert (second.status, champion_of(server)) == ("promoted", "customer-value/2")
    twice = cdnow.calibration.histories.assign(frequency=2 * cdnow.calibration.histories["frequency"])
    worse = train(replace(cdnow, calibration=replace(cdnow.calibration, histories=twice)), server, exact)
    assert (worse.status, champion_of(server)) == ("lost", "customer-value/2")

    config = tmp_path / "shop.yaml"
    config.write_text(
        json.dumps({"ltv": {"time_unit": "weeks"}, "report": {"currency": "USD"}, "mlflow": server.model_dump()})
    )
    capsys.readouterr()
    assert main(["rollback", "--config", str(config)]) == 0
    assert "champion moved from customer-value/2 to customer-value/1" in capsys.readouterr().out
    assert champion_of(server) == "customer-value/1"
    assert main(["list", "--config", str(config)]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]][1] == [
        "customer-value/1",
        "champion",
    ]
    assert main(["rollback", "--config", str(config)]) == 3
    shown = capsys.readouterr()
    assert "there is nothing to go back to" in shown.err
    assert PASSWORD not in shown.err
