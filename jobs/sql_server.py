"""SQL over published tables for clients of JDBC, ODBC and HiveServer2: BI tools and spreadsheets."""

from __future__ import annotations

import logging
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.command_line import Config, DryRun, job_main
from jobs.ending import exit_code_of
from jobs.served_views import View, drop, names_of, ready_view, ready_views, table_views
from jobs.settings import Settings, load_settings
from jobs.signals import listen_again
from published.publication import Published, read_published
from warehouse.errors import DistributaryError, UsageError
from warehouse.messages import conceal, say_line, secrets_among

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HOST = "127.0.0.1"
PORT = 10000  # of HiveServer2; clients expect it
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port of 127.0.0.1 to listen on.")]
Refresh = Annotated[float, typer.Option(min=1, help="Seconds between looks whether something newer is published.")]
Views = Annotated[Path | None, typer.Option(help="Another folder of views, one SELECT in each file *.sql.")]


def sql_server(
    config: Config = None, *, port: Port = PORT, refresh: Refresh = 10, views: Views = None, dry_run: DryRun = False
) -> None:
    """Serve what is published as SQL tables to JDBC and ODBC clients, by Spark's Thrift server on 127.0.0.1.

    Example: distributary sql-server --config shop.yaml --port 10000

    Schemas are silver, gold, mart and views; each table is shown at its published version, with the comments of the
    data dictionary. After another publication the same names show that one. It runs until Ctrl-C. Who reaches the port
    acts as the user of this process: see docs/how-to/connect-a-bi-tool.md.
    """

    def action() -> None:
        settings = load_settings(config)
        conceal(secrets_among(settings.spark.conf))
        published = read_published(settings.lake)
        made = [*table_views(published), *map(ready_view, ready_views(views))]
        if dry_run:
            sys.stdout.write("".join(f"{statement};\n" for view in made for statement in view.statements))
            return
        _require_free(port)
        with tempfile.TemporaryDirectory(prefix="distributary-sql-") as scratch:
            _serve(settings, published, made, port=port, refresh=refresh, views=views, scratch=scratch)

    raise typer.Exit(exit_code_of(action))


def _serve(
    settings: Settings,
    published: Published,
    made: list[View],
    *,
    port: int,
    refresh: float,
    views: Path | None,
    scratch: str,
) -> None:
    """Runs the server until a signal ends the process."""
    from warehouse.jvm.session import JAVA_OPTIONS, build_session, end_jvm, process_id  # noqa: PLC0415
    from warehouse.jvm.thrift import start_thrift_server, thrift_conf  # noqa: PLC0415

    say_line(f"starting Spark, then {len(made)} views; it says when clients may come")
    conf = {**settings.spark.conf, **thrift_conf(port, scratch, settings.spark.conf.get(JAVA_OPTIONS, ""))}
    with ExitStack() as at_the_end:
        at_the_end.callback(end_jvm)
        session = build_session("distributary sql-server", conf, master=settings.spark.master)
        listen_again()
        # The error of a view that cannot be made is in our own line; PySpark would print it, too.
        logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
        shown = _show(session, made, set())
        at_the_end.callback(start_thrift_server(session).stop)
        say_line(f"jdbc:hive2://{HOST}:{port}/ shows {_in_words(published, shown)}; Ctrl-C ends it")
        while True:
            time.sleep(refresh)
            process_id(session)  # an error where Spark's JVM has ended
            try:
                newest = read_published(settings.lake)
                if newest.run_id == published.run_id:
                    continue
                made = [*table_views(newest), *map(ready_view, ready_views(views))]
                published, shown = newest, _show(session, made, shown)
                say_line(f"shows {_in_words(published, shown)} now")
            except DistributaryError as error:
                say_line(f"still shows {published.run_id}: {error}")


def _show(session: SparkSession, made: list[View], before: set[str]) -> set[str]:
    """Makes the views, takes away those of before that are none any more, and returns the names of those that stand."""
    shown = []
    for view in made:
        try:
            for statement in view.statements:
                session.sql(statement)
            shown.append(view)
        except Exception as error:  # one view that Spark cannot make must not hide the others
            say_line(f"not shown: {view.name} ({str(error).splitlines()[0]})")
    names = names_of(shown)
    for name in sorted(before - names):
        session.sql(drop(name))
    return names


def _require_free(port: int) -> None:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"port {port} of {HOST}: {error.strerror}; take another one by --port") from error


def _in_words(published: Published, shown: set[str]) -> str:
    tables = len([name for name in shown if name in published.versions])
    ready = len([name for name in shown if name.startswith("views.")])
    return f"{tables} tables and {ready} views, as of {published.as_of}, published by {published.run_id}"


main = job_main(sql_server)

if __name__ == "__main__":
    sys.exit(main())
