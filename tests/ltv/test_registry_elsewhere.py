"""A champion where nothing of this project is installed: loaded, served over HTTP, and as a function of Spark.

The environments have what the stored model requires and no more; for Spark its own package besides.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ltv.environments import environment, link, run, serving
from tests.ltv.test_registry import MODEL, store
from tests.ltv.test_registry import settings as tracking_in
from warehouse.model_registry import mlflow
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, VALUE_HORIZONS_DAYS

pytestmark = pytest.mark.registry

CHAMPION = "models:/customer-value@champion"
ROWS = [[0, 0, 30, 0], [8, 37, 38, 35.5]]
COLUMNS = ["frequency", "recency", "T", "monetary_value"]


def expected(margin: float = 0.4) -> list[dict[str, float]]:
    """What the model itself predicts of the two customers, row by row."""
    table = MODEL.scorer.predict_with_intervals(
        *zip(*ROWS, strict=True),
        churn_days=CHURN_HORIZONS_DAYS,
        value_days=VALUE_HORIZONS_DAYS,
        margin=margin,
        annual_discount_rate=0.1,
        level=0.95,
    )
    return [{name: float(values[row]) for name, values in table.items()} for row in range(len(ROWS))]


def assert_predicted(found: list[dict[str, Any]], margin: float = 0.4) -> None:
    """Figures with bounds as the model has them, and the version that made them."""
    of_model = [(row.pop("model_version"), row.pop("model_note"), row.pop("currency")) for row in found]
    assert of_model == [("customer-value/1", None, "USD")] * 2
    assert found == [pytest.approx(row, rel=1e-9) for row in expected(margin)]


@dataclass(frozen=True)
class Elsewhere:
    """A registry with a champion, and a Python that has its requirements."""

    folder: Path
    uri: str
    requirements: tuple[str, ...]
    python: Path

    def run(self, program: str, python: Path | None = None) -> str:
        return run(python or self.python, program, cwd=self.folder, MLFLOW_TRACKING_URI=self.uri)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("elsewhere")
    tracking = tracking_in(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))
    store(tracking)
    listed = Path(mlflow.pyfunc.get_model_dependencies(CHAMPION)).read_text(encoding="utf-8")
    requirements = tuple(listed.split())
    return Elsewhere(folder, tracking.tracking_uri, requirements, environment(folder / "consumer", *requirements))


def test_it_is_loaded_by_mlflow_alone(elsewhere: Elsewhere) -> None:
    program = f"""
import importlib.util, json, sys
import mlflow, pandas
assert not any(importlib.util.find_spec(name) for name in ("ltv", "warehouse", "pyspark"))
model = mlflow.pyfunc.load_model({CHAMPION!r})
found = model.predict(pandas.DataFrame({ROWS!r}, columns={COLUMNS!r}))
assert not {{"ltv", "warehouse"}} & set(sys.modules), "packages of the model are on the path"
print(json.dumps(found.to_dict("records")))
"""
    assert_predicted(json.loads(elsewhere.run(program)))


@pytest.fixture(scope="module")
def served(elsewhere: Elsewhere) -> Iterator[str]:
    arguments = ("models", "serve", "--model-uri", CHAMPION, "--env-manager", "local")
    log = elsewhere.folder / "serve.log"
    with serving(elsewhere.python, arguments, log=log, MLFLOW_TRACKING_URI=elsewhere.uri) as url:
        yield f"{url}/invocations"


def post(url: str, body: object) -> tuple[int, Any]:
    """Status and content of the answer."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def split(rows: list[list[Any]], columns: list[str] = COLUMNS) -> dict[str, Any]:
    return {"dataframe_split": {"columns": columns, "data": rows}}


FORMS = {
    "split": split(ROWS),
    "records": {"dataframe_records": [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]},
    "columns": {"inputs": {name: [row[place] for row in ROWS] for place, name in enumerate(COLUMNS)}},
    "floats": split([[float(number) for number in row] for row in ROWS]),
    "no value yet": split([[0, 0, 30, None], ROWS[1]]),
    "columns that it does not need": split([["a", *row] for row in ROWS], ["customer_id", *COLUMNS]),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_server_answers_with_figures_bounds_and_version(form: str, served: str) -> None:
    status, content = post(served, FORMS[form])
    assert status == 200, content
    assert_predicted(content["predictions"])


def test_params_are_taken(served: str) -> None:
    status, content = post(served, {**split(ROWS), "params": {"margin": 0.8}})
    assert status == 200, content
    assert_predicted(content["predictions"], margin=0.8)


WRONG = {
    "recency beyond T": (split([[8, 99, 38, 35.5]]), "recency lies beyond T"),
    "text": (split([[8, "long ago", 38, 35.5]]), "recency holds values that are no numbers"),
    "nothing": (split([[8, None, 38, 35.5]]), "recency is missing or infinite: 1 of 1 rows"),
    "half a purchase": (split([[1.5, 3, 38, 35.5]]), "frequency is no whole number"),
    "a missing column": (split([[8, 37, 38]], COLUMNS[:3]), "missing inputs ['monetary_value']"),
    "a misspelt param": ({**split(ROWS), "params": {"margni": 0.8}}, "no param is called margni; there are margin"),
    "a wrong param": ({**split(ROWS), "params": {"margin": -1.0}}, "param margin is -1.0; it must be above 0"),
    "a param of another type": ({**split(ROWS), "params": {"margin": "half"}}, "Can not safely convert"),
    "no data": ({"rows": ROWS}, "The input must be a JSON dictionary"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_answered_with_400_and_the_reason_without_a_stack(what: str, served: str) -> None:
    body, reason = WRONG[what]
    status, content = post(served, body)
    assert status == 400
    assert reason in content["message"]
    text = json.dumps(content)
    assert "Traceback" not in text
    assert 'File \\"' not in text
    assert "stack_trace" not in content


def test_it_is_a_function_of_spark(elsewhere: Elsewhere) -> None:
    """Integers, floats and decimals, as gold.customer_summary has them; columns in order or as one struct."""
    python = environment(elsewhere.folder / "spark", *elsewhere.requirements)
    link(python, "pyspark", "py4j")
    program = f"""
import json
import mlflow
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", False).getOrCreate()
names = {COLUMNS!r}
customers = spark.createDataFrame({[[float(number) for number in row] for row in ROWS]!r}, names).selectExpr(
    "cast(frequency as bigint) frequency", "cast(recency as int) recency", "T",
    "cast(monetary_value as decimal(18, 6)) monetary_value")
score = mlflow.pyfunc.spark_udf(spark, {CHAMPION!r}, env_manager="local", params={{"margin": 0.8}})
in_order = customers.select(score(*names).alias("s")).select("s.*")
as_struct = customers.selectExpr("struct(*) c").select(score("c").alias("s")).select("s.*")
print(json.dumps([[row.asDict() for row in frame.collect()] for frame in (in_order, as_struct)]))
"""
    in_order, as_struct = json.loads(elsewhere.run(program, python).splitlines()[-1])
    assert as_struct == in_order
    assert_predicted(in_order, margin=0.8)
