"""distributary sql-server: what is published, its comments and a view, read by a Hive client that is not Spark's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.served_views import names_of, ready_sql, ready_view, ready_views, table_views
from published.publication import read_published
from tests.published_lake import AS_OF, publish, write_table
from tests.quick import QUICK, RUN_ONCE
from tests.small_shop import performance_row, write_shop
from warehouse.jvm.session import JAVA_OPTIONS
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_PATH_SUMMARY

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 480  # of a machine that has other things to do; alone it takes 20
LATER = datetime(2026, 4, 2, 3, 0, tzinfo=UTC)
ROAS = """-- sentence:
--   en: >-
--     ROAS by channel: what a customer's credit is worth by the spend.
--   ko: 채널별 ROAS
-- grain: channel
select channel, sum(credited_value) / nullif(sum(spend), 0) as roas
from gold_channel_performance
where model = 'last_touch' and conversion_type = 'purchase' and date_basis = 'conversion'
group by channel
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shop, published, and a newer version of one table that is not."""
    lake = tmp_path_factory.mktemp("sql") / "lake"
    write_shop(lake)
    write_table(lake, GOLD_PATH_SUMMARY, [])
    return lake


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    (folder / "roas.sql").write_text(ROAS, encoding="utf-8")
    (folder / "later.sql").write_text("-- sentence: {en: What is not built yet}\n-- waits_for: a model\n")
    (folder / "broken.sql").write_text("-- a table that there is not\nselect * from gold_nothing\n")
    return folder


def test_each_published_table_is_a_view_at_its_version_and_has_an_alias(lake: Path) -> None:
    published = read_published(str(lake))
    made = {view.name: view.statements for view in table_views(published)}

    assert made.keys() == {*published.versions, "ops.published", "ops.quality_results", "ops.run_log"}
    assert "gold.path_summary" in names_of(list(table_views(published)))
    assert "default.gold_path_summary" in names_of(list(table_views(published)))
    _, view, alias = made["gold.path_summary"]
    assert view.endswith(f"FROM delta.`{lake}/gold/path_summary` VERSION AS OF 0")
    assert alias.startswith("CREATE OR REPLACE VIEW default.`gold_path_summary` ")


def test_quotes_in_comments_and_backticks_in_paths_end_nothing(tmp_path: Path) -> None:
    lake = tmp_path / "a`b"
    publish(lake, {GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, [])})
    statement = next(view for view in table_views(read_published(str(lake)))).statements[1]
    assert "a``b/gold/channel_performance`" in statement
    assert "COMMENT 'channel group, or \\'(unattributed)\\''" in statement


def test_a_ready_view_says_its_sentence_and_one_that_waits_is_left_out(views: Path) -> None:
    broken, roas = ready_views(views)
    assert (broken.name, broken.comment) == ("broken", "a table that there is not")
    assert (roas.name, roas.comment) == ("roas", "ROAS by channel: what a customer's credit is worth by the spend.")
    assert ready_view(roas).statements[-1].startswith("CREATE OR REPLACE VIEW views.`roas` COMMENT 'ROAS by channel")


def test_a_head_that_is_no_mapping_is_the_comment() -> None:
    assert ready_sql("one", "-- What: each channel\n--   and: more: of it\nselect 1;\n").comment == (
        "What: each channel and: more: of it"
    )
    assert ready_sql("two", "select 1;\n") == ("two", "", "select 1")


def test_nothing_starts_where_nothing_is_published_and_where_the_port_is_taken(lake: Path, tmp_path: Path) -> None:
    from jobs.sql_server import main

    (tmp_path / "empty.yaml").write_text("lake: nothing\n")
    assert main(["--config", str(tmp_path / "empty.yaml")]) == 3
    (tmp_path / "shop.yaml").write_text(f"lake: {lake}\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["--config", str(tmp_path / "shop.yaml"), "--port", str(taken.getsockname()[1])]) == 2


@dataclass(frozen=True)
class Server:
    port: int
    process: subprocess.Popen[str]
    log: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        from impala.dbapi import connect

        with (
            connect(host="127.0.0.1", port=self.port, auth_mechanism="PLAIN", user="ann", password="-") as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
            return list(cursor.fetchall())

    def wait_for(self, text: str) -> None:
        until = time.monotonic() + START_SECONDS
        while text not in self.log.read_text(encoding="utf-8"):
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text(encoding="utf-8")
            time.sleep(0.2)


@pytest.fixture(scope="module")
def server(lake: Path, views: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    conf = {**QUICK, JAVA_OPTIONS: RUN_ONCE, "spark.driver.memory": "1g"}
    settings = {"lake": str(lake), "spark": {"master": "local[2]", "conf": conf}}
    (folder / "shop.yaml").write_text(yaml.safe_dump(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "jobs.cli",
        "sql-server",
        "--config",
        str(folder / "shop.yaml"),
        "--port",
        str(port),
    ]
    command += ["--views", str(views), "--refresh", "1"]
    log = folder / "log"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out, text=True)
    server = Server(port, process, log)
    try:
        server.wait_for("jdbc:hive2://")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
        assert sorted(path.name for path in folder.iterdir()) == ["log", "shop.yaml"], "nothing is left behind"


@pytest.mark.system
def test_a_hive_client_reads_tables_comments_versions_and_a_view(server: Server) -> None:
    assert {name for (name,) in server.rows("show databases")} == {"default", "gold", "ops", "views"}
    assert {row[1] for row in server.rows("show tables in gold")} == {
        "channel_performance",
        "customer_summary",
        "customer_value",
        "path_summary",
    }
    described = {row[0]: row[2] for row in server.rows("describe gold.channel_performance")}
    assert described == {column.name: column.comment for column in GOLD_CHANNEL_PERFORMANCE.columns}
    extended = {row[0]: row[1] for row in server.rows("describe table extended gold.channel_performance")}
    assert extended["Comment"].startswith(GOLD_CHANNEL_PERFORMANCE.comment)
    # The newest version is empty; the published one is not.
    assert server.rows("select count(*) from gold.path_summary") == server.rows(
        "select count(*) from gold_path_summary"
    )
    assert server.rows("select count(*) from gold.path_summary") == [(6,)]
    # 10 purchases of 300 by Search against 10 days of 100.
    roas = dict(server.rows("select * from views.roas"))
    assert {channel: value and float(value) for channel, value in roas.items()} == {
        "Search": 3.0,
        "Display": 0.0,
        "Direct": None,
    }
    assert {row[1] for row in server.rows("show tables in views")} == {"roas"}
    assert "not shown: views.broken" in server.log.read_text(encoding="utf-8")


@pytest.mark.system
def test_what_is_published_cannot_be_written_through_the_views_of_it(server: Server) -> None:
    """The published version of the first table is its newest, that of the second is not."""
    before = [server.rows(f"select count(*) from gold.{table}") for table in ("customer_summary", "path_summary")]
    for table, column in (("customer_summary", "orders"), ("path_summary", "conversions")):
        for statement in (
            f"insert into gold.{table} select * from gold.{table}",
            f"delete from gold.{table}",
            f"update gold.{table} set {column} = 0",
            f"truncate table gold.{table}",
        ):
            with pytest.raises(Exception, match=r"(?i)view|historical"):
                server.rows(statement)
    after = [server.rows(f"select count(*) from gold.{table}") for table in ("customer_summary", "path_summary")]
    assert before == after == [[(6,)], [(6,)]]


@pytest.mark.system
def test_it_listens_on_this_machine_alone(server: Server) -> None:
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if line.split()[3] == "0A"]
    of_port = [address for address in listening if int(address.split(":")[1], 16) == server.port]
    v6 = [line.split()[1] for line in Path("/proc/net/tcp6").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    of_port += [address for address in v6 if int(address.split(":")[1], 16) == server.port]
    assert len(of_port) == 1
    # 127.0.0.1, in IPv4 or mapped into IPv6.
    assert of_port[0].split(":")[0] in ("0100007F", "0000000000000000FFFF00000100007F")


@pytest.mark.system
def test_after_another_publication_the_same_names_show_that_one(server: Server, lake: Path) -> None:
    day = AS_OF + timedelta(days=1)
    rows = [performance_row("linear", "purchase", "touch", day, "Email", value=5)]
    versions = {GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, rows)}
    publish(lake, versions, run_id="run-2", as_of=day, published_at=LATER)
    server.wait_for("published by run-2 now")

    assert server.rows("select model, channel from gold.channel_performance") == [("linear", "Email")]
    assert {row[1] for row in server.rows("show tables in gold")} == {"channel_performance"}
