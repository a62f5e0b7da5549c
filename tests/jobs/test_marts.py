"""Marts on Spark: made in order, tested, kept back or ending the run, and read as all that is published.

The lake is the small shop: Search costs 1,000 and Display 500 in ten days, and ten purchases bring 3,000.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from conf import CONF_ROOT
from jobs import marts
from jobs.check import newest_publication, publish
from jobs.run import Run, open_run, perform
from jobs.served_views import table_views
from published.publication import Published, read_published
from published.sql import ask, columns_of, listed
from tests.published_lake import AS_OF, write_table
from tests.small_shop import write_shop
from warehouse.checks import require_held
from warehouse.errors import CheckFailed, UsageError
from warehouse.jvm.personal_descent import marked, personal_columns
from warehouse.mart_update import MartUpdate
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, OPS_QUALITY_RESULTS

HEAD = """-- sentence: {en: "What does each channel cost?", ko: "채널마다 비용은 얼마입니까?"}
-- grain: channel
-- key: [channel]
-- owner: growth team
"""
COST = """select channel, sum(spend) as spend from gold.channel_performance
where model = 'last_touch' and conversion_type = 'purchase' and date_basis = 'conversion' group by channel"""
SAVED = "-- tests: {expressions: {spend is never 1000: spend <> 1000}}\n"


@dataclass
class Shop:
    """A lake with a folder of marts."""

    folder: Path
    spark: SparkSession

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / "marts" / f"{name}.sql").write_text(text, encoding="utf-8")

    def open(self, *, dry_run: bool = False, full: bool = False) -> Run:
        config = self.folder / "shop.yaml"
        config.write_text(
            json.dumps(
                {
                    "lake": "lake",
                    "landing": {"root": "landing"},
                    "marts": {"folder": "marts"},
                    "report": {"timezone": "Asia/Seoul", "currency": "KRW"},
                }
            )
        )
        console = Console(quiet=True)
        return open_run(
            "marts", config=config, as_of=AS_OF, dry_run=dry_run, full=full, spark=self.spark, console=console
        )

    def make(self, *, dry_run: bool = False, full: bool = False) -> str:
        """Runs the step and returns what it says."""
        run = self.open(dry_run=dry_run, full=full)
        perform(run, [marts.STEP])
        return run.steps[0].message

    def publish(self) -> Published:
        """Publishes gold as it is published, and the marts that may be."""
        run = self.open()
        former = newest_publication(run.lake)
        states = {name: at for name, at in former.items() if not name.startswith("mart.")}
        states |= MartUpdate(run).states(former)
        publish(run, states)
        return read_published(str(self.folder / "lake"))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in ask(self.publish(), sql, limit=100).rows]


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Iterator[Shop]:
    write_shop(tmp_path / "lake")
    (tmp_path / "marts").mkdir()
    made = Shop(tmp_path, spark)
    before = {view.name for view in spark.catalog.listTables()}
    yield made
    assert {view.name for view in spark.catalog.listTables()} == before


def results(run: Run) -> dict[str, bool]:
    return {
        row["check_name"]: row["passed"] for row in run.lake.rows(OPS_QUALITY_RESULTS) if "mart." in row["check_name"]
    }


def test_a_mart_is_made_tested_published_and_read_by_sql_with_its_meanings(shop: Shop) -> None:
    shop.write(cost=f"{HEAD}{COST}")
    assert shop.make(dry_run=True) == "would make mart.cost"
    assert shop.make() == "made mart.cost"
    assert shop.rows("select * from mart_cost order by channel") == [
        ("Direct", Decimal(0)),
        ("Display", Decimal(500)),
        ("Search", Decimal(1000)),
    ]
    published = read_published(str(shop.folder / "lake"))
    assert published.versions["mart.cost"] == 1
    assert [one.sentence for one in listed(published, "ko") if one.name == "mart_cost"] == [
        "채널마다 비용은 얼마입니까?"
    ]
    meaning = GOLD_CHANNEL_PERFORMANCE.column("spend").comment
    assert columns_of(published, "mart_cost").rows[1] == ("spend", "decimal(38,6)", meaning)
    served = {view.name: " ".join(view.statements) for view in table_views(published)}
    assert "What does each channel cost?" in served["mart.cost"]
    assert results(shop.open()) == {"keys that stand twice in mart.cost": True, "nulls in mart.cost": True}


def test_a_mart_is_made_again_only_where_its_file_or_a_table_that_it_reads_is_another_one(shop: Shop) -> None:
    shop.write(cost=f"{HEAD}{COST}", twice=f"{HEAD}select channel, spend * 2 as spend from mart.cost")
    assert shop.make() == "made mart.cost, mart.twice"
    nothing = "the marts are made from these tables and files already, or wait for a table"
    assert shop.make() == nothing
    shop.write(twice=f"{HEAD}select channel, spend + spend as spend from mart.cost")
    assert shop.make() == "made mart.twice"
    write_table(shop.folder / "lake", GOLD_CHANNEL_PERFORMANCE, [])
    assert shop.make(dry_run=True) == "would make mart.cost, mart.twice"
    assert shop.make() == "made mart.cost, mart.twice"
    assert shop.make() == nothing
    assert shop.make(dry_run=True, full=True) == "would make mart.cost, mart.twice"


def test_a_mart_whose_test_fails_is_kept_back_and_its_former_version_stays_published(shop: Shop) -> None:
    shop.write(cost=f"{HEAD}{COST}")
    shop.make()
    former = shop.publish().versions["mart.cost"]
    shop.write(cost=f"{HEAD}{SAVED}{COST}", free=f"{HEAD}select channel from mart.cost where spend = 0")
    assert shop.make() == (
        "made mart.free; mart.cost kept back: rows of mart.cost without (spend is never 1000): expected 0, found 1 "
        "(spend <> 1000)"
    )
    assert shop.publish().versions["mart.cost"] == former
    assert results(shop.open())["rows of mart.cost without (spend is never 1000)"] is False
    require_held(shop.open().lake.rows(OPS_QUALITY_RESULTS))  # what is learned from gold does not wait for a mart


def test_a_mart_that_was_never_right_is_not_published_and_what_reads_it_waits(shop: Shop) -> None:
    shop.write(cost=f"{HEAD}{SAVED}{COST}", more=f"{HEAD}select channel from mart.cost")
    assert "mart.cost kept back" in shop.make()
    assert shop.publish().mart_names == ()
    shop.write(cost=f"{HEAD}{COST}")
    assert shop.make() == "made mart.cost, mart.more"
    assert shop.publish().mart_names == ("mart.cost", "mart.more")
    (shop.folder / "marts" / "more.sql").unlink()
    assert shop.publish().mart_names == ("mart.cost",)


def test_a_mart_may_end_the_run_instead_and_others_go_back_to_what_is_published(shop: Shop) -> None:
    shop.write(cost=f"{HEAD}{COST}")
    shop.make()
    published = shop.publish()
    shop.write(cost=f"{HEAD}{COST.replace('as spend', 'as spend, 1 as more')}")
    shop.write(last=f"{HEAD}-- severity: fail_run\n{SAVED}select channel, spend from mart.cost")
    with pytest.raises(CheckFailed, match=r"1 of 3 checks failed, nothing is published: rows of mart\.last without"):
        shop.make()
    (now,) = shop.open().lake.states([published.contract("mart.cost")]).values()
    assert now.version > published.versions["mart.cost"]
    newest = replace(published, versions={**published.versions, "mart.cost": now.version})
    assert newest.contract("mart.cost") == published.contract("mart.cost")
    assert ask(newest, "select * from mart_cost", limit=9).columns == ("channel", "spend")


FAULTS = {
    "twice": ("", "select 'a' as channel union all select 'a'", "keys that stand twice in mart.twice"),
    "no_key": ("", "select nullif('a', 'a') as channel", "nulls in mart.no_key"),
    "no_n": ("{not_null: [n]}", "select 'a' as channel, cast(null as int) as n", "nulls in mart.no_n"),
    "other": ("{accepted_values: {channel: [b]}}", "select 'a' as channel", "values out of range in mart.other"),
    "lost": ("{conserves: {n: {sum: n, equals: select 2}}}", "select 'a' as channel, 1 as n", "total of mart.lost (n)"),
    "by_zero": ("", "select 'a' as channel, 1 / (length('a') - 1) as n", "failures of mart.by_zero"),
    "zero": ("{expressions: {n: 1 / n > 0}}", "select 'a' as channel, 0 as n", "failures of mart.zero"),
}


def test_each_kind_of_test_finds_its_fault(shop: Shop) -> None:
    for name, (tests, sql, _) in FAULTS.items():
        shop.write(**{name: f"{HEAD}{f'-- tests: {tests}' if tests else '--'}\n{sql}"})
    kept_back = shop.make().split("; ")
    assert [line.split(": expected")[0] for line in kept_back] == [
        f"mart.{name} kept back: {failed}" for name, (_, _, failed) in sorted(FAULTS.items())
    ]


def test_null_holds_where_a_condition_is_asked_and_a_test_may_ask_the_runs_day(shop: Shop) -> None:
    tests = f"-- tests: {{expressions: {{early: 'day <= :as_of', '{AS_OF}': 'day is null or day = :as_of'}}}}\n"
    shop.write(made=f"{HEAD}{tests}select 'a' as channel, :as_of as day union all select 'b', null")
    assert shop.make() == "made mart.made"
    assert shop.rows("select day from mart_made order by channel") == [(AS_OF,), (None,)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "select chanel as channel from gold.channel_performance",
            r"made\.sql: Spark cannot run it: \[UNRESOLVED_COLUMN",
        ),
        ("select channel from nowhere", r"made\.sql: Spark cannot run it: \[TABLE_OR_VIEW_NOT_FOUND"),
        ("select 'a' as channel -- n", r"made\.sql: Spark cannot run it: \[UNRESOLVED_COLUMN"),
        ("drop table x", r"made\.sql: Spark cannot run it: \[PARSE_SYNTAX_ERROR"),
        ("select channel, spend, 1 as Spend from gold.channel_performance", r"two columns are called spend"),
        ("select person_id as channel from gold.customer_summary", r"channel of its columns lead back to persons"),
    ],
)
def test_what_only_spark_can_know_of_a_statement_is_one_clear_error(shop: Shop, sql: str, message: str) -> None:
    tests = "-- tests: {expressions: {positive: n > 0}}\n" if sql.endswith("-- n") else ""
    shop.write(made=f"{HEAD}{tests}{sql}")
    with pytest.raises(UsageError, match=message) as ended:
        shop.make()
    assert "\n" not in str(ended.value)


def test_columns_of_persons_are_hidden_where_a_reader_may_not_see_them_also_through_a_second_mart(shop: Shop) -> None:
    shop.write(
        buyers=f"{HEAD}-- personal: [buyer]\nselect 'a' as channel, min(person_id) as buyer from gold.customer_summary"
    )
    assert shop.make() == "made mart.buyers"
    published = shop.publish()
    assert ask(published, "select * from mart_buyers", limit=1, personal=False).columns == ("channel",)
    assert ask(published, "select * from mart_buyers", limit=1).columns == ("channel", "buyer")
    shop.write(again=f"{HEAD}select upper(buyer) as channel from mart.buyers")
    with pytest.raises(UsageError, match=r"again\.sql: channel of its columns lead back to persons: name them in"):
        shop.make()


DESCENT: dict[str, list[str]] = {
    "select * from people": ["person_id"],
    "select upper(person_id) as a, count(distinct person_id) as n, max(person_id) as m from people group by 1": [
        "a",
        "m",
    ],
    "with a as (select person_id as k from people) select a.k, a.k = b.k as same from a join a b on a.k = b.k": ["k"],
    "select channel, 1 as n from people union all select person_id, 2 from people": ["channel"],
    "select t.channel, t.session_id, n from (select explode(path) as t, size(path) as n from paths)": ["session_id"],
    "select transform(path, t -> t.channel) as c, transform(path, t -> t.session_id) as s from paths": ["s"],
    "select path.channel as c, path[0].session_id as s from paths": ["s"],
    "select (select max(person_id) from people) as m, xxhash64(person_id) as h, channel from people": ["m", "h"],
    "select row_number() over (partition by person_id order by channel) as r from people": [],
    "select first_value(person_id) over (order by channel) as f from people": ["f"],
    "select case when person_id is null then 'none' else channel end as c from people where person_id > 'a'": [],
    "select * from people pivot (count(person_id) for channel in ('c'))": [],
    "select channel, grouping(channel) as g, count(*) as n from people group by cube(channel)": [],
    "select p.channel, l.k from people p, lateral (select p.person_id as k) l": ["k"],
    "select collect_set(person_id) as s, approx_count_distinct(person_id) as n from people": ["s"],
}


def test_what_descends_from_a_person_is_found_by_the_plan_whatever_it_is_called(spark: SparkSession) -> None:
    path = "array<struct<channel string, session_id string>>"
    names = ("person_id", "path", "session_id")
    for name, ddl in {"people": "person_id string, channel string", "paths": f"path {path}"}.items():
        marked(spark.createDataFrame([], ddl), names).createOrReplaceTempView(name)
    found = {sql: personal_columns(spark.sql(f"select * from ({sql})"), names) for sql in DESCENT}
    for name in ("people", "paths"):
        spark.catalog.dropTempView(name)
    assert found == DESCENT


def test_the_examples_give_what_a_computation_by_hand_gives(shop: Shop) -> None:
    sunday, week_before = date(2026, 3, 29), date(2026, 3, 22)
    days = [date.fromordinal(AS_OF.toordinal() - back) for back in range(10)]
    for name in ("channel_weeks", "channel_trends"):
        text = CONF_ROOT.joinpath("examples", "marts", f"{name}.sql").read_text(encoding="utf-8")
        shop.write(**{name: text})
    assert shop.make() == "made mart.channel_weeks, mart.channel_trends"
    in_week = [day for day in days if week_before < day <= sunday]
    first, *_ = shop.rows(
        "select days, spend, revenue, roas from mart_channel_weeks where channel = 'Search' and days = 7"
    )
    assert first == (len(in_week), 100 * len(in_week), 300 * len(in_week), 3.0)
    mondays = {date.fromordinal(day.toordinal() - day.weekday()) for day in days}
    over = {monday for monday in mondays if monday.toordinal() + 6 <= AS_OF.toordinal()}
    assert {row[0] for row in shop.rows("select week from mart_channel_trends")} == over
