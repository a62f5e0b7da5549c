"""The session: how classes of the JVM are looked up."""

from __future__ import annotations

from pyspark.sql import SparkSession

from warehouse.jvm.session import java_class


def test_the_classes_that_make_columns_are_looked_up_once(spark: SparkSession) -> None:
    for name in ("functions", "PythonUtils", "org.apache.spark.sql.functions"):
        assert java_class(spark, name) is java_class(spark, name)
    assert java_class(spark, "functions").col is java_class(spark, "functions").col


def test_a_class_is_found_by_its_full_name(spark: SparkSession) -> None:
    assert java_class(spark, "java.lang.Math").max(2, 3) == 3
