"""The registry: what is stored of a model, how it is found again, and the errors where it is missing."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from ltv import registry
from ltv.gamma_gamma import GammaGammaFit
from ltv.pareto_nbd import ParetoNBDFit
from ltv.registry import Champion
from ltv.value_model import ValueModel
from warehouse.errors import InputError, UsageError
from warehouse.knobs import Mlflow
from warehouse.model_registry import connect, experiment_id, mlflow
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, GOLD_CUSTOMER_VALUE, VALUE_HORIZONS_DAYS

MODEL = ValueModel(
    purchases=ParetoNBDFit.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67),
    spend=GammaGammaFit.from_params(p=6.25, q=3.74, gamma=15.45),
    time_unit="weeks",
    currency="USD",
    as_of=dt.date(1997, 9, 30),
)
AT_CUTOFF = ValueModel(
    purchases=ParetoNBDFit.from_params(r=0.5, alpha=10, s=0.6, beta=12),
    spend=MODEL.spend,
    time_unit="weeks",
    currency="USD",
    as_of=dt.date(1997, 6, 30),
)


def settings(tracking_uri: str, artifact_root: str | None = None) -> Mlflow:
    return Mlflow(
        tracking_uri=tracking_uri,
        artifact_root=artifact_root,
        experiment="value",
        model_name="customer-value",
        champion_may_be_missing=False,
    )


def load_champion(tracking: Mlflow) -> Champion:
    return registry.load_champion(tracking, time_unit="weeks", currency="USD")


def store(tracking: Mlflow) -> tuple[str, str]:
    """Log and register MODEL; the id of the run and '<name>/<version>'."""
    with mlflow.start_run(experiment_id=experiment_id(tracking, tracking.experiment)) as run:
        uri = registry.log_value_model(MODEL, AT_CUTOFF, margin=0.4, annual_discount_rate=0.1)
        version = registry.register(uri, MODEL, tracking, tags={"as_of": "1997-09-30"})
    return run.info.run_id, version


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def local(folder: Path) -> Mlflow:
    return settings(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))


@pytest.fixture(scope="module")
def stored(local: Mlflow) -> str:
    with pytest.raises(InputError, match=r"no model customer-value has the alias champion; run `train` first"):
        load_champion(local)
    return store(local)[1]


def test_the_champion_comes_back_as_it_was_stored(local: Mlflow, stored: str) -> None:
    assert stored == "customer-value/1"
    assert load_champion(local) == Champion(model=MODEL, at_cutoff=AT_CUTOFF, version="customer-value/1")


@pytest.mark.parametrize(("time_unit", "currency"), [("days", "USD"), ("weeks", "KRW")])
def test_a_champion_of_another_unit_or_currency_scores_nobody(
    local: Mlflow, stored: str, time_unit: str, currency: str
) -> None:
    with pytest.raises(UsageError, match=rf"customer-value/1 was trained in weeks and USD, but .* is {time_unit}"):
        registry.load_champion(local, time_unit=time_unit, currency=currency)


def test_a_version_is_parameters_and_code_and_its_parameters_are_a_few_kilobytes(
    local: Mlflow, folder: Path, stored: str
) -> None:
    files = [path for path in (folder / "artifacts").rglob("*") if path.is_file()]
    parameters = [path for path in files if path.name == "value_model.json"]

    assert [path.stat().st_size < 10_000 for path in parameters] == [True]
    assert json.loads(parameters[0].read_text())["model"]["purchases"]["params"]["r"] == 0.553
    assert not [path for path in files if path.suffix in (".pkl", ".pickle")]


def test_the_registered_model_and_its_version_describe_themselves(local: Mlflow, stored: str) -> None:
    client = connect(local)
    registered, version = client.get_registered_model("customer-value"), client.get_model_version("customer-value", "1")

    assert "probability of no purchase within h days" in registered.description
    assert "recency (last - first purchase day, weeks)" in registered.description
    assert list(registered.aliases) == ["champion"]
    assert version.tags["as_of"] == "1997-09-30"
    requirements = mlflow.pyfunc.get_model_dependencies("models:/customer-value@champion")
    assert [line.split("==")[0] for line in Path(requirements).read_text().split()] == [
        "mlflow",
        "numpy",
        "pandas",
        "scipy",
    ]


CUSTOMERS = pd.DataFrame(
    [(0, 0.0, 30.0, 0.0), (8, 37.0, 38.0, 35.5)], columns=["frequency", "recency", "T", "monetary_value"]
)


def test_an_application_loads_it_with_mlflow_alone(local: Mlflow, stored: str) -> None:
    connect(local)
    model = mlflow.pyfunc.load_model("models:/customer-value@champion")

    found = model.predict(CUSTOMERS)

    expected = MODEL.predict(
        *(CUSTOMERS[column] for column in CUSTOMERS),
        churn_days=CHURN_HORIZONS_DAYS,
        value_days=VALUE_HORIZONS_DAYS,
        margin=0.4,
        annual_discount_rate=0.1,
    )
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected))
    doubled = model.predict(CUSTOMERS, params={"margin": 0.8})
    assert doubled["clv_365d"].tolist() == pytest.approx((2 * found["clv_365d"]).tolist())
    assert set(found.columns) < set(GOLD_CUSTOMER_VALUE.column_names)


def test_it_loads_without_this_installation(local: Mlflow, folder: Path, stored: str) -> None:
    """A process that cannot see our packages still loads the model: its code travels with it."""
    program = (
        "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
        "import importlib.util; assert importlib.util.find_spec('ltv') is None, 'the test itself is wrong'\n"
        f"import mlflow; mlflow.set_tracking_uri({local.tracking_uri!r})\n"
        "model = mlflow.pyfunc.load_model('models:/customer-value@champion')\n"
        "print(model.predict(model.input_example)['p_alive'].round(3).tolist())\n"
    )
    quiet = {**os.environ, "PYTHONPATH": "", "MLFLOW_DISABLE_TELEMETRY": "true"}

    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=folder, env=quiet, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    example = registry.input_example(MODEL)
    alive = MODEL.purchases.p_alive(example["frequency"], example["recency"], example["T"])
    assert json.loads(done.stdout) == alive.round(3).tolist()


def test_storing_a_model_leaves_the_import_path_alone(local: Mlflow, stored: str) -> None:
    path = list(sys.path)

    with mlflow.start_run(experiment_id=experiment_id(local, local.experiment)):
        registry.log_value_model(MODEL, AT_CUTOFF, margin=1.0, annual_discount_rate=0.1)

    assert sys.path == path


def test_a_champion_without_its_parameters_is_one_clear_error(local: Mlflow, tmp_path: Path) -> None:
    damaged = local.model_copy(
        update={"experiment": "damaged", "artifact_root": str(tmp_path), "model_name": "damaged"}
    )
    store(damaged)
    for file in tmp_path.rglob("value_model.json"):
        file.unlink()

    with pytest.raises(InputError, match=r"damaged/1/artifacts/value_model.json: the champion's parameters cannot"):
        load_champion(damaged)


@pytest.fixture(scope="module", autouse=True)
def starting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real tracking server on a free port of this machine, with its own database and artifacts: address, folder.

    It takes seconds to start, so it starts before the first test; `server` waits for it.
    """
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = [f"--backend-store-uri=sqlite:///{folder}/server.db", f"--artifacts-destination={folder}/served"]
    quiet = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, *stores], stdout=log, stderr=log, cwd=folder, env=quiet, start_new_session=True
        )
        try:
            yield f"http://127.0.0.1:{port}", folder
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


@pytest.fixture
def server(starting_server: tuple[str, Path]) -> tuple[str, Path]:
    url, folder = starting_server
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1)
            return url, folder
        except OSError:
            time.sleep(0.2)
    pytest.fail("mlflow server did not start:\n" + (folder / "server.log").read_text())


def test_a_tracking_server_is_used_as_it_is(server: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    url, folder = server
    tracking = settings(url, "mlartifacts")

    _, version = store(tracking)

    assert load_champion(tracking) == Champion(model=MODEL, at_cutoff=AT_CUTOFF, version=version)
    # the server ignores a folder of this machine and stores the artifacts in its own
    assert list((folder / "served").rglob("value_model.json"))
    assert not Path("mlartifacts").exists()
    assert capsys.readouterr().out == ""


def test_a_server_that_does_not_answer_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as taken:  # bound but not listening: no other process gets the port, and nothing answers
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InputError, match=f"mlflow.tracking_uri {url}: "):
            load_champion(settings(url))
