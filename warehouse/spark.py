"""The one place that makes a SparkSession."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from pyspark.sql import SparkSession

from conf import CONF_ROOT
from warehouse.jars import delta_jars

JAVA_OPTIONS = "spark.driver.extraJavaOptions"
LOG_SETTINGS = CONF_ROOT / "spark" / "log4j2.properties"

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
    chosen = {**conf, **FIXED_CONF}
    if not under_spark_submit():
        chosen |= _launch_conf(conf, master or "local[*]")
    builder = SparkSession.builder.appName(app_name)
    for key, value in chosen.items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _launch_conf(conf: Mapping[str, str], master: str) -> dict[str, str]:
    """What spark-submit would have been told: master, JARs, Python, a quiet log; local masters stay on loopback."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    quiet = f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}"
    return {
        "spark.master": master,
        "spark.jars": ",".join(map(str, delta_jars())),
        JAVA_OPTIONS: f"{conf.get(JAVA_OPTIONS, '')} {quiet}".strip(),
    }
