"""The session: how classes of the JVM are looked up."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from py4j.java_gateway import GatewayClient  # type: ignore[import-untyped]  # has no stubs
from py4j.protocol import ERROR  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from warehouse.jvm.session import java_class


def test_the_classes_that_make_columns_are_looked_up_once(spark: SparkSession) -> None:
    for name in ("functions", "PythonUtils", "org.apache.spark.sql.functions"):
        assert java_class(spark, name) is java_class(spark, name)
    assert java_class(spark, "functions").col is java_class(spark, "functions").col


def test_a_class_is_found_by_its_full_name(spark: SparkSession) -> None:
    assert java_class(spark, "java.lang.Math").max(2, 3) == 3


@contextmanager
def a_jvm_that_has_ended() -> Iterator[int]:
    """The port of a server that closes each connection at the first command."""

    def close_all() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=close_all, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_jvm_that_has_ended_shows_in_the_error_of_the_call_alone(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    with a_jvm_that_has_ended() as port:
        assert GatewayClient(address="127.0.0.1", port=port).send_command("a call") == ERROR
    logging.getLogger().error("of another")
    assert caplog.messages == ["of another"]
