"""The registry: what is stored of a model, how it is found again, and the errors where it is missing."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel
from pyspark.sql import SparkSession

from ltv import registry, stored_code
from ltv.backtest import MODELS, VALUE_MODEL, Backtest, JudgedModel, JudgedTotal
from ltv.choose_covariates import MOST_GROUPS
from ltv.customer_value import build_customer_value
from ltv.gamma_gamma import GammaGammaFit
from ltv.knobs import Scoring
from ltv.mbg_cnbd_k import MBGCNBDFit
from ltv.pareto_nbd import ParetoNBDFit
from ltv.registry import Champion
from ltv.season import Holiday, Season
from ltv.segments import WITHOUT_FIT
from ltv.value_model import Kind, ValueModel
from tests.test_architecture import REPOSITORY
from warehouse import model_registry
from warehouse.errors import InputError, UsageError
from warehouse.knobs import Mlflow
from warehouse.model_registry import connect, experiment_id, mlflow
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, GOLD_CUSTOMER_VALUE, VALUE_HORIZONS_DAYS

AS_OF, NOON = dt.date(1997, 9, 30), dt.datetime(1997, 9, 30, 12)
MODEL = ValueModel(
    purchases=ParetoNBDFit(
        params={"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67},
        log_covariance=np.array(
            [
                [0.0074, 0.0050, 0.0039, 0.0075],
                [0.0050, 0.0063, -0.0013, 0.0014],
                [0.0039, -0.0013, 0.0955, 0.1595],
                [0.0075, 0.0014, 0.1595, 0.2832],
            ]
        ),
    ),
    spend=GammaGammaFit(
        params={"p": 6.25, "q": 3.74, "gamma": 15.45},
        log_covariance=np.array([[0.0362, -0.0079, -0.0421], [-0.0079, 0.0059, 0.0128], [-0.0421, 0.0128, 0.0571]]),
    ),
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


def log(model: ValueModel) -> str:
    return registry.log_value_model(model, AT_CUTOFF, margin=0.4, annual_discount_rate=0.1, interval_level=0.95)


def store(tracking: Mlflow) -> tuple[str, str]:
    """Log and register MODEL; the id of the run and '<name>/<version>'."""
    with mlflow.start_run(experiment_id=experiment_id(tracking, tracking.experiment)) as run:
        uri = log(MODEL)
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

    expected = pd.DataFrame(
        MODEL.predict(
            *(CUSTOMERS[column] for column in CUSTOMERS),
            churn_days=CHURN_HORIZONS_DAYS,
            value_days=VALUE_HORIZONS_DAYS,
            margin=0.4,
            annual_discount_rate=0.1,
        )
    )
    pd.testing.assert_frame_equal(found[expected.columns], expected)
    doubled = model.predict(CUSTOMERS, params={"margin": 0.8})
    assert doubled["clv_365d"].tolist() == pytest.approx((2 * found["clv_365d"]).tolist())
    assert set(found.columns) < set(GOLD_CUSTOMER_VALUE.column_names)


@pytest.fixture(scope="module")
def served(local: Mlflow, stored: str) -> PyFuncModel:
    connect(local)
    return mlflow.pyfunc.load_model("models:/customer-value@champion")


def test_it_gives_what_the_table_has_with_bounds_and_version(served: PyFuncModel, spark: SparkSession) -> None:
    summary = spark.createDataFrame(
        [
            (name, AS_OF, x, t_x, T, Decimal(str(m)), x + 1, Decimal(1), "USD", NOON, NOON, "Email", *[None] * 3)
            for name, (x, t_x, T, m) in zip("ab", CUSTOMERS.itertuples(index=False), strict=True)
        ],
        GOLD_CUSTOMER_SUMMARY.ddl,
    )
    table = build_customer_value(
        summary,
        model=MODEL,
        model_version="customer-value/1",
        scoring=Scoring(margin=0.4, annual_discount_rate=0.1, interval_level=0.95),
    )

    found = served.predict(CUSTOMERS)

    no_prediction = ("person_id", "as_of", "acquisition_channel", "segment", "segment_reason")
    assert list(found.columns) == [name for name in GOLD_CUSTOMER_VALUE.column_names if name not in no_prediction]
    for row, served_row in zip(table.orderBy("person_id").collect(), found.to_dict("records"), strict=True):
        for name, value in served_row.items():
            plain = value is None or isinstance(value, str)
            assert row[name] == value if plain else float(row[name]) == pytest.approx(value, abs=1e-6)


def test_it_gives_the_note_of_its_fits(local: Mlflow, stored: str) -> None:
    noted = replace(MODEL, purchases=replace(MODEL.purchases, note="No churn shows in these data."))
    with mlflow.start_run(experiment_id=experiment_id(local, local.experiment)):
        model = mlflow.pyfunc.load_model(log(noted))
    assert set(model.predict(CUSTOMERS)["model_note"]) == {"No churn shows in these data."}


def test_a_fit_to_days_with_a_purchase_is_served_as_one(local: Mlflow, stored: str) -> None:
    by_day = replace(MODEL, purchases=replace(MODEL.purchases, day=1 / 7))
    with mlflow.start_run(experiment_id=experiment_id(local, local.experiment)):
        found = mlflow.pyfunc.load_model(log(by_day)).predict(CUSTOMERS)
    columns = [CUSTOMERS[name] for name in ("frequency", "recency", "T")]
    assert found["p_alive"].tolist() == pytest.approx(by_day.purchases.p_alive(*columns).tolist())
    assert found["p_alive"].tolist() != pytest.approx(MODEL.purchases.p_alive(*columns).tolist(), abs=1e-6)


def test_a_model_of_regular_purchases_is_stored_and_served_as_one(local: Mlflow, stored: str) -> None:
    log_covariance = np.diag([0.01, 0.01, 0.02, 0.02])
    regular = replace(
        MODEL,
        purchases=MBGCNBDFit(params={"r": 1.3, "alpha": 2.8, "a": 0.42, "b": 0.79}, log_covariance=log_covariance, k=2),
        findings=("MBG/CNBD-k: RMSE 1",),
    )
    tracking = local.model_copy(update={"model_name": "regular"})
    with mlflow.start_run(experiment_id=experiment_id(local, local.experiment)):
        version = registry.register(log(regular), regular, tracking, tags={})

    assert registry.load_version(tracking, version).model == regular
    found = mlflow.pyfunc.load_model("models:/regular@champion").predict(CUSTOMERS)
    columns = [CUSTOMERS[name] for name in ("frequency", "recency", "T")]
    assert found["p_alive"].tolist() == regular.purchases.p_alive(*columns).tolist()
    assert found["churn_7d"].tolist() == regular.purchases.probability_of_no_purchase(1, *columns).tolist()
    assert (found["clv_365d_lower"] < found["clv_365d"]).all()
    page = connect(local).get_model_version("regular", "1").description
    assert "MBG/CNBD-k (k = 2): r 1.3" in page
    assert "- MBG/CNBD-k: RMSE 1" in page
    assert "MBG/CNBD-k for purchases" in connect(local).get_registered_model("regular").description


def test_the_level_of_the_bounds_is_a_param(served: PyFuncModel) -> None:
    wide, narrow = served.predict(CUSTOMERS), served.predict(CUSTOMERS, params={"interval_level": 0.5})
    assert (narrow["p_alive"] == wide["p_alive"]).all()
    assert (narrow["clv_365d_upper"] < wide["clv_365d_upper"]).all()
    assert (narrow["clv_365d_lower"] > wide["clv_365d_lower"]).all()


WHOLE = CUSTOMERS.assign(monetary_value=[0, 35])
NUMBERS = {
    "whole days of .dt.days": WHOLE.assign(
        recency=pd.to_timedelta(WHOLE["recency"], unit="D").dt.days, T=pd.to_timedelta(WHOLE["T"], unit="D").dt.days
    ),
    "floats for counts, as lifetimes gives them": WHOLE.astype(float),
    "int32": WHOLE.astype("int32"),
    "int64": WHOLE.astype("int64"),
    "float32": WHOLE.astype("float32"),
    "nullable integers": WHOLE.convert_dtypes(),
    "decimals": WHOLE.map(Decimal),
    "no value without a repeat purchase": WHOLE.assign(monetary_value=[None, 35]),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_it_takes_any_number_type(kind: str, served: PyFuncModel) -> None:
    pd.testing.assert_frame_equal(served.predict(NUMBERS[kind]), served.predict(WHOLE.astype("float64")))


def test_rows_keep_their_index_and_none_of_them_is_fine(served: PyFuncModel) -> None:
    assert served.predict(CUSTOMERS.set_axis([7, 3]).iloc[1:]).index.tolist() == [3]
    assert served.predict(CUSTOMERS.iloc[:0]).empty


WRONG_INPUT = {
    "recency beyond T": (CUSTOMERS.assign(recency=[0.0, 99.0]), "recency lies beyond T.*1 of 2 rows, first row 1"),
    "negative value": (CUSTOMERS.assign(monetary_value=-1.0), "monetary_value is negative"),
    "half a purchase": (CUSTOMERS.assign(frequency=[0, 1.5]), "frequency is no whole number"),
    "missing T": (CUSTOMERS.assign(T=[None, 38]), "T is missing or infinite"),
    "text": (CUSTOMERS.assign(recency=["long", "ago"]), "recency holds values that are no numbers"),
    "times": (CUSTOMERS.assign(T=pd.to_timedelta([30, 38], unit="D")), r"T holds times; .* \.dt\.days"),
    "no column T": (CUSTOMERS.drop(columns="T"), r"missing inputs \['T'\]"),
}


@pytest.mark.parametrize("what", WRONG_INPUT)
def test_wrong_input_is_refused_with_the_reason(what: str, served: PyFuncModel) -> None:
    customers, reason = WRONG_INPUT[what]
    with pytest.raises(MlflowException, match=reason) as refused:
        served.predict(customers)
    assert refused.value.get_http_status_code() == 400


WRONG_PARAMS = {
    "misspelt": ({"margni": 0.5}, "no param is called margni; there are margin, annual_discount_rate, interval_level"),
    "one of two misspelt": ({"margin": 0.5, "discount": 0.1}, "no param is called discount"),
    "no margin at all": ({"margin": 0.0}, "param margin is 0.0; it must be above 0"),
    "negative rate": ({"annual_discount_rate": -0.1}, "annual_discount_rate is -0.1; it must be 0 or more"),
    "level in per cent": ({"interval_level": 95.0}, r"interval_level is 95.0; it must be in \(0, 1\)"),
    "text": ({"margin": "half"}, "Invalid parameters found"),
}


@pytest.mark.parametrize("what", WRONG_PARAMS)
def test_wrong_params_are_refused_with_the_reason(what: str, served: PyFuncModel) -> None:
    params, reason = WRONG_PARAMS[what]
    with pytest.raises(MlflowException, match=reason) as refused:
        served.predict(CUSTOMERS, params=params)
    assert refused.value.get_http_status_code() == 400


def test_a_model_of_plain_parameters_has_no_bounds(local: Mlflow, stored: str) -> None:
    with mlflow.start_run(experiment_id=experiment_id(local, local.experiment)):
        uri = log(AT_CUTOFF)
    found = mlflow.pyfunc.load_model(uri).predict(CUSTOMERS)
    assert found["clv_365d"].notna().all()
    assert found["clv_365d_upper"].isna().all()
    assert found["model_version"].unique().tolist() == [uri.removeprefix("models:/")]  # it is not registered


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_stored_model_is_small_and_names_no_place_of_this_machine(local: Mlflow, tmp_path: Path) -> None:
    figures = {f"metric {number}": number / 7 for number in range(12)}
    bounds = ("predicted", "lower", "upper", "lower_if_model_holds", "upper_if_model_holds", "actual")
    thirds = {name: 1 / number for number, name in enumerate(bounds, start=3)}
    totals = [JudgedTotal(measure=measure, **thirds) for measure in ("purchases", "value")]
    judged = [
        JudgedModel(cutoff=AT_CUTOFF.as_of, until=MODEL.as_of, model=name, customers=1e4, metrics=figures, totals=found)
        for name in MODELS
        for found in [tuple(totals) if name == VALUE_MODEL else ()] * 5
    ]
    years = tuple((dt.date(year, 1, 27), dt.date(year, 1, 30)) for year in range(2020, 2030))
    holidays = tuple(Holiday(f"holiday {number}", years, 1 / 3, 1 / 7) for number in range(3))
    levels = {f"acquisition_campaign=a long campaign {number}": 1 / 3 for number in range(MOST_GROUPS)}
    size = 4 + 2 * MOST_GROUPS
    seasonal = replace(
        MODEL,
        purchases=replace(
            MODEL.purchases,
            covariates={"transaction": levels, "dropout": levels},
            log_covariance=np.linalg.inv(np.eye(size) * 30 + np.ones((size, size))),
        ),
        mix=tuple(Kind({"acquisition_campaign": name.split("=")[1]}, 1 / 11) for name in levels),
        season=Season((1 / 3,) * 12, (1 / 7,) * 12, holidays),
        findings=("Covariate x on y",) * 6,
    )
    with mlflow.start_run(
        experiment_id=experiment_id(local.model_copy(update={"artifact_root": str(tmp_path)}), "small")
    ):
        registry.log_value_model(
            seasonal,
            seasonal,
            margin=0.4,
            annual_discount_rate=0.1,
            interval_level=0.95,
            backtest=Backtest(judged=tuple(judged)),
            segments=WITHOUT_FIT,
        )

    stored = files_of(tmp_path)
    assert {path.name for path in stored} >= {"MLmodel", "value_model.json", "scorer.py"}
    assert sum(path.stat().st_size for path in stored) < 100_000
    places = (str(tmp_path), str(REPOSITORY), tempfile.gettempdir(), str(Path.home()), sys.prefix)
    assert [(path.name, place) for path in stored for place in places if place.encode() in path.read_bytes()] == []


def test_a_version_brings_one_package_of_its_own_name(local: Mlflow, stored: str) -> None:
    connect(local)
    (code,) = {
        path.parent
        for path in files_of(Path(mlflow.artifacts.download_artifacts("models:/customer-value/1")))
        if path.suffix == ".py"
    }
    assert code.name.startswith("distributary_value_")
    assert code.parent.name == "code"
    assert [path.name for path in code.parent.iterdir()] == [code.name]


def test_versions_with_different_code_live_in_one_process(
    local: Mlflow, served: PyFuncModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPOSITORY / "ltv", tmp_path / "ltv")
    scorer = tmp_path / "ltv" / "scorer.py"
    scorer.write_text(scorer.read_text().replace("clv = margin * purchases", "clv = 2 * margin * purchases"))
    monkeypatch.setattr(
        stored_code, "on_disk", lambda package: (tmp_path if package == "ltv" else REPOSITORY) / package
    )
    with mlflow.start_run(experiment_id=experiment_id(local, local.experiment)):
        later = mlflow.pyfunc.load_model(log(MODEL))

    found = served.predict(CUSTOMERS)["clv_365d"]

    assert later.predict(CUSTOMERS)["clv_365d"].tolist() == pytest.approx((2 * found).tolist())


def test_a_champion_of_an_earlier_release_still_scores(local: Mlflow) -> None:
    """Releases up to 0.1 stored the same content at another place, with the whole packages."""
    version = model_registry.store_json(
        local,
        "of-before",
        {"model": MODEL.to_dict(), "at_cutoff": AT_CUTOFF.to_dict()},
        artifact="artifacts/value_model.json",
        experiment="of-before",
        run_name="a test",
        description="-",
        tags={},
    )
    assert registry.load_version(local, version) == Champion(model=MODEL, at_cutoff=AT_CUTOFF, version=version)


def test_it_loads_without_this_installation(local: Mlflow, folder: Path, stored: str) -> None:
    """A process that cannot see our packages still loads the model: its code travels with it."""
    program = (
        "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
        "import importlib.util; assert importlib.util.find_spec('ltv') is None, 'the test itself is wrong'\n"
        f"import mlflow; mlflow.set_tracking_uri({local.tracking_uri!r})\n"
        "model = mlflow.pyfunc.load_model('models:/customer-value@champion')\n"
        "assert not {'ltv', 'warehouse'} & set(sys.modules)\n"
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
        log(MODEL)

    assert sys.path == path


def test_a_champion_without_its_parameters_is_one_clear_error(local: Mlflow, tmp_path: Path) -> None:
    damaged = local.model_copy(
        update={"experiment": "damaged", "artifact_root": str(tmp_path), "model_name": "damaged"}
    )
    store(damaged)
    for file in tmp_path.rglob("value_model.json"):
        file.unlink()

    with pytest.raises(InputError, match=r"damaged/1/data/value_model.json: the champion's parameters cannot"):
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
