"""Spark's Thrift server: a session's tables for clients of JDBC, ODBC and HiveServer2, on this machine alone."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from warehouse.jars import delta_jars
from warehouse.jvm.session import JAVA_OPTIONS, java_class

HOST = "127.0.0.1"
SERVER = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"


def thrift_conf(port: int, scratch: str, java_options: str) -> dict[str, str]:
    """What a session needs, before it starts, to be served on a port, besides its `java_options`.

    `scratch` is a folder for what clients make and for what the server leaves behind.
    """
    return {
        # Hive's own database, which holds nothing here, would write to the working folder.
        JAVA_OPTIONS: f"{java_options} -Dderby.system.home={scratch}/derby".strip(),
        # Threads of the server look classes up by the JVM's own path, not by that of spark.jars.
        "spark.driver.extraClassPath": ":".join(map(str, delta_jars())),
        "spark.hadoop.hive.server2.thrift.bind.host": HOST,
        "spark.hadoop.hive.server2.thrift.port": str(port),
        # Clients such as impyla ask for the log of a query, and fail where there is none.
        "spark.hadoop.hive.server2.logging.operation.log.location": f"{scratch}/logs",
        "spark.hadoop.hive.exec.scratchdir": f"{scratch}/hive",
        "spark.hadoop.hive.exec.local.scratchdir": f"{scratch}/hive-local",
        "spark.sql.warehouse.dir": f"{scratch}/tables",
        # Each client has a session of its own; views are all sessions'.
        "spark.sql.hive.thriftServer.singleSession": "false",
    }


def start_thrift_server(session: SparkSession) -> Any:
    """Serves the views of the session's catalog until `stop()` of what it returns."""
    return java_class(session, SERVER).startWithSparkSession(session._jsparkSession, False)
