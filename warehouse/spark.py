"""The one place that makes a SparkSession."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from pyspark.sql import SparkSession

from warehouse.jars import delta_jars

# What the tables' meaning rests on; no configuration file may change these.
FIXED_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # A damaged file must fail the run, not lose its rows.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
}


def under_spark_submit() -> bool:
    """Whether spark-submit started this process, and so has decided master, memory and JARs."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def build_session(app_name: str, conf: Mapping[str, str], *, master: str | None = None) -> SparkSession:
    """A session with Delta Lake. `conf` are Spark's own settings (conf/base.yaml, section spark).

    Under spark-submit, master, driver memory and JARs are what spark-submit was told; elsewhere master
    defaults to local[*] and Delta's JARs come from the local cache. Python workers use this interpreter.
    """
    builder = SparkSession.builder.appName(app_name)
    if not under_spark_submit():
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.master(master or "local[*]").config("spark.jars", ",".join(map(str, delta_jars())))
    for key, value in {**conf, **FIXED_CONF}.items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
