"""A frame leaves its builder with the columns of its contract."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from tests.warehouse.example_tables import THINGS
from warehouse.conform import conform


def test_conform_orders_casts_and_drops_and_a_missing_column_is_an_error(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, "x", 7, "a")], "extra int, place string, cost int, id string")
    conformed = conform(frame, THINGS)
    assert [(field.name, field.dataType.simpleString()) for field in conformed.schema] == [
        ("id", "string"),
        ("place", "string"),
        ("cost", "decimal(18,6)"),
    ]
    with pytest.raises(Exception, match="cost"):
        conform(frame.drop("cost"), THINGS)
