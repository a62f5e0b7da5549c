"""Predictions on Spark: each distinct history is predicted once, however many customers share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv.acquisition import named_or_other
from ltv.histories import Array
from ltv.value_model import ValueModel

HISTORY = ("frequency", "recency", "T")

# Histories, a column each of HISTORY and of the model's attributes -> figures by name, one per row
Predict = Callable[[pd.DataFrame], Mapping[str, Array]]


def with_predictions(customers: DataFrame, predict: Predict, columns: Sequence[str], *, model: ValueModel) -> DataFrame:
    """The customers, each with the `columns` (doubles) that `predict` gives for its history and attributes.

    Customers have HISTORY and the model's attributes, in the model's unit. A level of an attribute that the model does
    not know, or none, is '(other)', as it is to the fit.
    """
    levels = model.levels
    kinds = {f"_{name}": named_or_other(name, known) for name, known in levels.items()}
    keys = [*HISTORY, *kinds]
    originals = dict(zip(kinds, levels, strict=True))

    def batches(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in parts:
            found = predict(part.rename(columns=originals))
            yield pd.concat([part, pd.DataFrame({name: found[name] for name in columns}, index=part.index)], axis=1)

    texts = [f"{name} string" for name in kinds]
    figures = [f"{name} double" for name in columns]
    schema = ", ".join(["frequency bigint", "recency double", "T double", *texts, *figures])
    known = customers.withColumns(kinds) if kinds else customers
    predicted = known.select(*(F.col(key) for key in keys)).distinct().mapInPandas(batches, schema)
    return known.join(predicted, on=keys, how="inner").drop(*kinds)
