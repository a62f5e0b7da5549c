"""The metrics as a semantic model of Apache Ossie (formerly Open Semantic Interchange), for BI tools and agents.

The form is that of release 0.1.1 of its core specification. 0.2.0 is a draft that may still change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from published.metrics import Metric
from published.publication import alias
from warehouse.contracts import Column

SPECIFICATION = "0.1.1"
DIALECT = "ANSI_SQL"
NAME = "distributary"
NESTED = ("array", "map", "struct")
TEXT_OR_WORD = re.compile(r"'[^']*'|[A-Za-z_][A-Za-z0-9_]*")


def semantic_model(metrics: Iterable[Metric]) -> dict[str, Any]:
    """The document: one model with a dataset per table (and condition) that a metric reads, and all metrics.

    Datasets are named as the tables in SQL, and hold no personal column. A metric with a condition reads a dataset of
    its own, whose source is a query. What the specification has no place for (unit, grain, what must be filtered, kind,
    direction, target) is in a COMMON extension, and what a reader must mind in ai_context.
    """
    chosen = list(metrics)
    datasets = {dataset_of(metric): _dataset(metric) for metric in chosen}
    model = {
        "name": NAME,
        "description": "Marketing attribution and customer value, as published by Distributary.",
        "ai_context": {
            "instructions": (
                "Read one published version of all tables. Ratios divide sums and are never averaged. Filter or group "
                "by the columns that a metric's extension lists as fixed: over several of their values a sum counts "
                "the same thing twice. Credit says how a model divides conversions, not what caused them."
            )
        },
        "datasets": list(datasets.values()),
        "metrics": [_metric(metric) for metric in chosen],
    }
    return {"version": SPECIFICATION, "semantic_model": [model]}


def semantic_model_yaml(metrics: Mapping[str, Metric]) -> str:
    """The document as YAML."""
    return yaml.safe_dump(semantic_model(metrics.values()), allow_unicode=True, sort_keys=False, width=110)


def dataset_of(metric: Metric) -> str:
    """The name of the dataset that a metric reads."""
    return f"{alias(metric.contract)}_{metric.name}" if metric.where else alias(metric.contract)


def _dataset(metric: Metric) -> dict[str, Any]:
    table = metric.contract
    columns = [column for column in table.columns if not column.personal and not column.type.startswith(NESTED)]
    # Personal columns are left out, and so is a key that has one.
    key = {"primary_key": list(table.key)} if set(table.key) <= {column.name for column in columns} else {}
    return {
        "name": dataset_of(metric),
        "source": f"select * from {alias(table)} where {metric.where}" if metric.where else alias(table),
        **key,
        "description": table.comment,
        "fields": [_field(column) for column in columns],
    }


def _field(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "expression": _expression(column.name),
        "dimension": {"is_time": column.type in ("date", "timestamp")},
        "description": column.comment,
    }


def _metric(metric: Metric) -> dict[str, Any]:
    fixed = f" Filter or group by {', '.join(metric.fixed)}." if metric.fixed else ""
    more = {
        "label": metric.label.model_dump(),
        **{name: getattr(metric, name) for name in ("unit", "owner", "kind", "direction", "target")},
        "grain": list(metric.grain),
        "fixed": list(metric.fixed),
    }
    return {
        "name": metric.name,
        "expression": _expression(qualified(metric)),
        "description": metric.sentence.en,
        "ai_context": {
            "instructions": f"Group by none or some of {', '.join(metric.grain)}.{fixed}",
            "synonyms": list(dict.fromkeys([metric.label.en, metric.label.ko])),
        },
        "custom_extensions": [{"vendor_name": "COMMON", "data": json.dumps(more, ensure_ascii=False)}],
    }


def qualified(metric: Metric) -> str:
    """The formula with its columns named by their dataset; count(*) counts a column that is never null."""
    table, dataset = metric.contract, dataset_of(metric)
    never_null = next(column.name for column in table.columns if not column.nullable and not column.personal)

    def with_dataset(found: re.Match[str]) -> str:
        return f"{dataset}.{found[0]}" if found[0] in table.column_names else found[0]

    return TEXT_OR_WORD.sub(with_dataset, metric.formula.replace("count(*)", f"count({never_null})"))


def _expression(sql: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": DIALECT, "expression": sql}]}
