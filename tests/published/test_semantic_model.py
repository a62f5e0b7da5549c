"""The semantic model has the structure of Apache Ossie's core specification 0.1.1, and its formulas run."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from published.metrics import metrics, with_targets
from published.publication import Published, alias, read_published
from published.semantic_model import semantic_model_yaml
from tests.published_lake import publish, write_table
from warehouse.tables import TABLES

# The structure, as the specification describes it: which keys there are, and which must be.
Some = Annotated[str, Field(min_length=1)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DialectExpression(Part):
    dialect: Literal["ANSI_SQL", "SNOWFLAKE", "MDX", "TABLEAU", "DATABRICKS", "MAQL"]
    expression: Some


class Expression(Part):
    dialects: Annotated[list[DialectExpression], Field(min_length=1)]


class Extension(Part):
    vendor_name: Literal["COMMON", "SNOWFLAKE", "SALESFORCE", "DBT", "DATABRICKS", "GOODDATA"]
    data: Some


class Dimension(Part):
    is_time: bool = False


class AiContext(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    instructions: str = ""
    synonyms: list[str] = []
    examples: list[str] = []


class Shared(Part):
    name: Some
    description: str = ""
    ai_context: str | AiContext = ""
    custom_extensions: list[Extension] = []


class DatasetField(Shared):
    expression: Expression
    dimension: Dimension | None = None
    label: str = ""


class Dataset(Shared):
    source: Some
    primary_key: list[str] = []
    unique_keys: list[list[str]] = []
    fields: list[DatasetField] = []


class OssieMetric(Shared):
    expression: Expression


class Model(Shared):
    datasets: Annotated[list[Dataset], Field(min_length=1)]
    relationships: list[Any] = []
    metrics: list[OssieMetric] = []


class Document(Part):
    version: Literal["0.1.1"]
    semantic_model: list[Model]


@pytest.fixture(scope="module")
def model() -> Model:
    document = Document.model_validate(yaml.safe_load(semantic_model_yaml(with_targets({"roas": 3.5}))))
    (only,) = document.semantic_model
    return only


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Published:
    lake = tmp_path_factory.mktemp("lake")
    tables = {metric.contract for metric in metrics().values()}
    publish(lake, {table: write_table(lake, table, []) for table in tables})
    return read_published(str(lake))


def test_names_are_unique_and_every_metric_is_there(model: Model) -> None:
    assert [metric.name for metric in model.metrics] == list(metrics())
    names = [dataset.name for dataset in model.datasets]
    assert len(set(names)) == len(names)
    for dataset in model.datasets:
        fields = [field.name for field in dataset.fields]
        assert len(set(fields)) == len(fields)
        assert set(dataset.primary_key) <= set(fields)


def test_no_personal_column_is_in_it(model: Model) -> None:
    tables = {alias(table): table for table in TABLES.values()}
    for dataset in model.datasets:
        table = max((name for name in tables if dataset.name.startswith(name)), key=len)
        assert not {field.name for field in dataset.fields} & set(tables[table].personal_columns)


def test_every_formula_runs_over_its_datasets(model: Model, empty: Published) -> None:
    datasets = {dataset.name: dataset for dataset in model.datasets}
    for metric in model.metrics:
        formula = metric.expression.dialects[0].expression
        found = [name for name in datasets if f"{name}." in formula]
        assert len(found) == 1, metric.name
        source = datasets[found[0]].source
        asked = f"({source})" if source.startswith("select") else source
        sql = f"select {formula} as answer from {asked} as {found[0]}"
        assert len(empty.rows(sql, metrics()[metric.name].contract)) == 1, metric.name


def test_what_the_specification_has_no_place_for_is_in_an_extension(model: Model) -> None:
    roas = next(metric for metric in model.metrics if metric.name == "roas")
    more = json.loads(roas.custom_extensions[0].data)
    assert (more["target"], more["direction"], more["unit"]) == (3.5, "up", "ratio")
    assert more["fixed"] == ["model", "conversion_type", "date_basis"]
