"""Sessions of the engines that run the builders: Spark, the reference and the default, and Sail.

Sail (pysail) is an engine in Rust that serves Spark's DataFrame API without a JVM, quick on small and medium data. The
builders are spelled so that both give the same rows; docs/decisions/0015-two-engines.md says why and how far.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, cast

from pyspark.sql import SparkSession

from warehouse.errors import InputError

Engine = Literal["spark", "sail"]
ENGINES: tuple[Engine, ...] = ("spark", "sail")

# Where it is set, pyspark.sql.functions and Window make columns for Spark Connect, otherwise for Spark's JVM.
CONNECT = "SPARK_CONNECT_MODE_ENABLED"
# What the meaning of the tables depends on and Sail knows; see FIXED_CONF of warehouse.jvm.session. Last: the client
# otherwise looks for the line of Python of each column expression, which takes longer than to make the expression.
SAIL_CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


@contextmanager
def session(engine: Engine, app_name: str, conf: Mapping[str, str]) -> Iterator[SparkSession]:
    """A session of an engine, in use (see `using`) until the block ends, and stopped then.

    `conf` are Spark's own settings; Sail reads those that begin with spark.sql. alone. InputError where Sail is asked
    for and not installed.
    """
    with opened(engine, app_name, conf) as made, using(made):
        yield made


def opened(engine: Engine, app_name: str, conf: Mapping[str, str]) -> AbstractContextManager[SparkSession]:
    """The same, not in use yet: for a process with several sessions."""
    return _of_sail(app_name, conf) if engine == "sail" else _of_spark(app_name, conf)


@contextmanager
def using(session: SparkSession) -> Iterator[None]:
    """While the block runs, functions, columns and windows are made for the engine of `session`.

    One process may hold a session of each engine. PySpark asks an environment variable which one a column is for, so a
    frame's columns must be made while its session is in use: never at import, and not in two threads at once.
    """
    before = os.environ.get(CONNECT)
    _set(CONNECT, "1" if engine_of(session) == "sail" else None)
    try:
        yield
    finally:
        _set(CONNECT, before)


def engine_of(session: SparkSession) -> Engine:
    """The engine of a session."""
    return "sail" if type(session).__module__.startswith("pyspark.sql.connect.") else "spark"


@contextmanager
def _of_spark(app_name: str, conf: Mapping[str, str]) -> Iterator[SparkSession]:
    # Without a JVM on the machine, Sail must do.
    from warehouse.jvm.session import build_session  # noqa: PLC0415

    made = build_session(app_name, conf)
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def _of_sail(app_name: str, conf: Mapping[str, str]) -> Iterator[SparkSession]:
    """A server in this process, on a free port of the loopback interface, and a session of it."""
    server_class, connect_session = _sail()
    server = server_class("127.0.0.1", 0)
    server.start(background=True)
    try:
        host, port = server.listening_address
        builder = connect_session.builder.remote(f"sc://{host}:{port}").appName(app_name)
        known = {name: value for name, value in conf.items() if name.startswith("spark.sql.")}
        made = builder.config(map={**known, **SAIL_CONF}).create()
        try:
            yield cast(SparkSession, made)
        finally:
            made.stop()  # before the server, which waits for its sessions
    finally:
        server.stop()


def _sail() -> tuple[Any, Any]:
    """Sail's server and the client's session; InputError where they are not installed."""
    os.environ.setdefault("RUST_LOG", "error")  # it logs each session otherwise; read at the import
    try:
        from pysail.spark import SparkConnectServer  # noqa: PLC0415
        from pyspark.sql.connect.session import SparkSession as ConnectSession  # noqa: PLC0415
    except ImportError as error:
        raise InputError(f'the engine sail is not installed ({error}): pip install ".[sail]"') from error
    return SparkConnectServer, ConnectSession


def _set(variable: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = value
