"""Both writers on one table, in turn: each continues what the other wrote, and every reader finds the same.

So do both ways to read: Delta's scan, and the files of a table in a small lake.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.warehouse.example_tables import (
    NEXT_ORIGIN,
    THINGS,
    VISITS,
    VISITS_ORIGIN,
    lake_of_visits,
    things,
    things_in,
    version_of,
    visits,
    visits_in,
)
from warehouse.change_feed import change_sign
from warehouse.conform import conform
from warehouse.contracts import MONEY, MONEY_SUM, Column, Table
from warehouse.errors import DamagedTable
from warehouse.jvm.schema import create_by_spark, create_table
from warehouse.store import Lake
from warehouse.tables import OPS_RUN_LOG

SPARK, ARROW = 0, 1_000_000  # Lake.small_change_rows
WRITERS = ("spark", "arrow", "small lake")
KINDS = Table(
    layer="silver",
    name="kinds",
    grain="row",
    owner="operations",
    freshness="every test",
    key=("id",),
    ordered_by="at",
    columns=(
        Column("id", "string", "its number", nullable=False),
        Column("at", "timestamp", "when", "UTC", nullable=False),
        Column("day", "date", "which day"),
        Column("money", MONEY, "what it cost", "USD"),
        Column("sum", MONEY_SUM, "what all cost", "USD"),
        Column("share", "double", "of all"),
        Column("rows", "bigint", "how many"),
        Column("year", "int", "which year"),
        Column("is_new", "boolean", "whether it is new"),
        Column("touches", "array<struct<at:timestamp, channel:string, value:decimal(18,6)>>", "in order"),
    ),
)
AT = datetime(2026, 3, 1, 23, 59, 59, 999_999, UTC)
FULL: tuple[Any, ...] = (
    "full", AT, date(1999, 12, 31), Decimal("999999999999.999999"), Decimal("-9999999999999999999999.999999"), 0.1,
    2**62, -1, True, [(AT, "Direct", Decimal("0.000001")), (None, None, None), None],
)  # fmt: skip
EMPTY: tuple[Any, ...] = ("empty", datetime(1990, 1, 1, tzinfo=UTC), *[None] * 7, [])
NULLS: tuple[Any, ...] = ("nulls", AT, *[None] * 8)
OLD: tuple[Any, ...] = ("full", datetime(2026, 3, 1, tzinfo=UTC), *[None] * 8)


def opened(spark: SparkSession, root: str, run_id: str, writer: str) -> Lake:
    return Lake(spark, root, run_id, SPARK if writer == "spark" else ARROW, lambda lake: writer == "small lake")


def kinds(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    return conform(spark.createDataFrame(list(rows), KINDS.ddl), KINDS)


def by_spark(lake: Lake, table: Table) -> list[str]:
    # Python's own reading of timestamps depends on the machine's zone.
    moments = [F.date_format(c.name, "yyyy-MM-dd HH:mm:ss.SSSSSS").alias(c.name) if c.type == "timestamp" else c.name
               for c in table.columns]  # fmt: skip
    return sorted(repr(row) for row in lake.read(table).select(*moments).collect())


@pytest.mark.parametrize("ops", [(SPARK, ARROW), (ARROW, SPARK), (ARROW, ARROW)])
def test_values_of_every_type_come_back_as_they_were_written(
    spark: SparkSession, tmp_path: Path, ops: tuple[int, int]
) -> None:
    wanted, found = (Lake(spark, str(tmp_path / name), "run") for name in ("wanted", "found"))
    wanted.replace(KINDS, kinds(spark, FULL, EMPTY, NULLS), origin=NEXT_ORIGIN)

    found.replace(KINDS, kinds(spark, OLD, EMPTY), origin=VISITS_ORIGIN)
    schema, protocol = DeltaTable(found.path(KINDS)).schema(), DeltaTable(found.path(KINDS)).protocol()
    for rows, small in (((OLD, EMPTY, NULLS), ops[0]), ((FULL, EMPTY, NULLS), ops[1])):
        found = Lake(spark, found.root, "run", small)
        found.update_rows(KINDS, kinds(spark, *rows), stored=found.read(KINDS), origin=NEXT_ORIGIN)
    assert by_spark(found, KINDS) == by_spark(wanted, KINDS)
    one, other = (DeltaTable(lake.path(KINDS)).to_pyarrow_table().sort_by("id") for lake in (found, wanted))
    assert one == other
    assert (DeltaTable(found.path(KINDS)).schema(), DeltaTable(found.path(KINDS)).protocol()) == (schema, protocol)


def test_a_small_lake_is_replaced_and_read_with_values_of_every_type(spark: SparkSession, tmp_path: Path) -> None:
    small, large = (opened(spark, str(tmp_path), f"of {name}", name) for name in ("small lake", "spark"))
    small.replace(KINDS, kinds(spark, OLD), origin=VISITS_ORIGIN)
    first = version_of(small, KINDS)
    assert small.changes(KINDS, first - 1) is None, "all rows are replaced"
    periods = [0, 300, 100_000]
    small.replace(KINDS, kinds(spark, FULL, EMPTY, NULLS), origin=NEXT_ORIGIN, periods=periods)
    large = opened(spark, large.root, "later", "spark")
    assert by_spark(small, KINDS) == by_spark(large, KINDS)
    assert large.origin(KINDS) == NEXT_ORIGIN
    assert small.read(KINDS, first).count() == large.read(KINDS, first).count() == 1
    assert small.read(KINDS).schema.jsonValue()["fields"][0]["metadata"] == {"comment": "its number"}
    small.replace(KINDS, kinds(spark, OLD).limit(0), origin=VISITS_ORIGIN)
    assert small.read(KINDS).isEmpty()
    assert small.read(KINDS).dtypes == large.read(KINDS).dtypes


def test_a_table_is_created_as_spark_creates_it(spark: SparkSession, tmp_path: Path) -> None:
    ours, theirs = str(tmp_path / "ours"), str(tmp_path / "theirs")
    create_table(spark, ours, KINDS)
    create_by_spark(spark, theirs, KINDS)
    one, other = DeltaTable(ours), DeltaTable(theirs)
    assert one.schema() == other.schema()
    assert one.protocol().min_writer_version == other.protocol().min_writer_version
    assert {*(one.protocol().writer_features or ())} == {*(other.protocol().writer_features or ())}
    assert one.metadata().configuration == other.metadata().configuration
    assert one.metadata().description == other.metadata().description == KINDS.comment


def test_a_missing_and_an_empty_file_is_named(spark: SparkSession, tmp_path: Path) -> None:
    lake = opened(spark, str(tmp_path), "run", "small lake")
    lake.replace(KINDS, kinds(spark, FULL), origin=VISITS_ORIGIN)
    (file,) = Path(lake.path(KINDS)).glob("*.parquet")
    size = file.stat().st_size
    file.write_bytes(b"")
    with pytest.raises(DamagedTable, match=rf"{file}: .*it has 0 of {size} bytes.*remove"):
        lake.read(KINDS)
    file.unlink()
    with pytest.raises(DamagedTable, match=rf"silver\.kinds, {file}: .*it is missing.*remove"):
        lake.read(KINDS)


def test_a_folder_whose_name_reads_like_a_pattern_is_left_to_delta(spark: SparkSession, tmp_path: Path) -> None:
    lake = opened(spark, str(tmp_path / "a{b}"), "run", "small lake")
    lake.replace(KINDS, kinds(spark, FULL), origin=VISITS_ORIGIN)
    assert lake.read(KINDS).count() == 1


def test_files_of_both_writers_have_the_same_columns_types_codec_and_ranges(
    spark: SparkSession, tmp_path: Path
) -> None:
    ranges, columns = [], []
    for small in (SPARK, ARROW):
        lake = Lake(spark, str(tmp_path / str(small)), "run", small)
        lake.append(KINDS, kinds(spark, FULL, EMPTY).coalesce(1), at_most=2)
        (add,) = pa.table(DeltaTable(lake.path(KINDS)).get_add_actions(flatten=True)).to_pylist()
        file = pq.ParquetFile(f"{lake.path(KINDS)}/{add['path']}", coerce_int96_timestamp_unit="us")
        columns.append([(field.name, str(field.type).replace(", tz=UTC", "")) for field in file.schema_arrow])
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        ranges.append({name: value for name, value in add.items() if name.startswith(("num", "min", "max", "null"))})
    assert columns[0] == columns[1]
    # Spark cuts the last moment to milliseconds, Arrow's writer rounds it up.
    assert ranges[0].pop("max.at") < AT < ranges[1].pop("max.at")
    assert ranges[0] == ranges[1]


def test_a_last_moment_that_spark_cut_to_milliseconds_is_found(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run", SPARK)
    lake.replace(KINDS, kinds(spark, FULL), origin=VISITS_ORIGIN)
    lake = Lake(spark, str(tmp_path), "run", ARROW)
    lake.update_rows(KINDS, lake.read(KINDS).limit(0), stored=lake.read(KINDS), origin=NEXT_ORIGIN)
    assert lake.read(KINDS).isEmpty()


def test_spark_reads_versions_feed_and_checkpoint_of_the_other_and_delta_rs_those_of_spark(
    spark: SparkSession, tmp_path: Path
) -> None:
    lake = lake_of_visits(spark, str(tmp_path / "lake"), SPARK)
    first, states = version_of(lake, VISITS), [visits_in(lake)]
    for number in range(12):
        # Spark writes every third commit; version 10 has a checkpoint.
        if number % 3 == 0:
            _count_on(Lake(spark, lake.root, f"run-{number}", SPARK), spark, number)
        elif number % 3 == 1:
            _count_on(Lake(spark, lake.root, f"run-{number}", ARROW), spark, number)
        else:
            Lake(spark, lake.root, f"run-{number}", ARROW).append_rows(VISITS, [{"id": f"n{number}", "path": ["x"]}])
        states.append(visits_in(lake) if number in (0, 8, 11) else [])
    # A copy has a path that this Spark has not read before: it starts from the checkpoint.
    copytree(tmp_path / "lake", tmp_path / "copy")
    copy = Lake(spark, str(tmp_path / "copy"), "run")
    assert version_of(copy, VISITS) == first + 12
    for number, state in enumerate(states):
        if state:
            rows = copy.read(VISITS, first + number).select("id", "place", F.col("day").cast("string"), "path")
            assert sorted((tuple(row) for row in rows.collect()), key=repr) == state
            assert DeltaTable(lake.path(VISITS), version=first + number).to_pyarrow_table().num_rows == len(state)
    wanted = Counter(insert=5, update_preimage=7, update_postimage=7)
    changes = copy.changes(VISITS, first)
    assert changes is not None
    assert Counter(row["_change_type"] for row in changes.collect()) == wanted
    by_sql = spark.sql(f"SELECT * FROM table_changes_by_path('{copy.path(VISITS)}', {first + 1})")
    assert Counter(row["_change_type"] for row in by_sql.collect()) == wanted
    by_delta_rs = pa.table(DeltaTable(copy.path(VISITS)).load_cdf(starting_version=first + 1).read_all())
    assert Counter(by_delta_rs["_change_type"].to_pylist()) == wanted


def _count_on(lake: Lake, spark: SparkSession, number: int) -> None:
    """Writes the number into the path of one visit, by a commit of its own."""
    row = ("n", "here", f"2026-03-{number + 1:02d}", [str(number)])
    lake.update_rows(VISITS, visits(spark, [row]), stored=lake.read(VISITS).where("id = 'n'"), origin=NEXT_ORIGIN)


def test_a_plain_read_of_spark_sees_the_others_commit_at_once(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run", ARROW)
    for number in range(3):
        lake.append_rows(THINGS, [{"id": str(number), "cost": Decimal(number)}])
        assert spark.read.format("delta").load(lake.path(THINGS)).count() == number + 1
        assert spark.sql(f"SELECT * FROM delta.`{lake.path(THINGS)}`").count() == number + 1


def test_a_table_that_asks_more_of_a_writer_is_left_to_spark(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run", ARROW)
    lake.append(THINGS, things(spark, ("a", "x", 1)))
    spark.sql(f"ALTER TABLE delta.`{lake.path(THINGS)}` SET TBLPROPERTIES ('delta.enableRowTracking' = 'true')")
    lake = Lake(spark, lake.root, "run", ARROW)
    lake.update(THINGS, F.col("id") == "a", {"cost": F.lit(2).cast(MONEY)})
    lake.append_rows(THINGS, [{"id": "b", "place": "x", "cost": Decimal(3)}])
    assert things_in(lake) == [("a", "x", 2), ("b", "x", 3)]
    created, *later = reversed(DeltaTable(lake.path(THINGS)).history())
    assert created["operation"] == "CREATE TABLE"
    engines = {commit["engineInfo"].split("/")[0] for commit in later}
    assert engines == {"Apache-Spark"}


@pytest.mark.parametrize(("small_change_rows", "engine"), [(3, "Apache-Spark"), (4, "Distributary")])
def test_a_change_is_small_where_its_rows_and_those_of_the_touched_files_are_few(
    spark: SparkSession, tmp_path: Path, small_change_rows: int, engine: str
) -> None:
    lake = lake_of_visits(spark, str(tmp_path), small_change_rows)  # four rows in one file
    changed = [("a", None, "2026-03-01", ["other"])]
    lake.update_rows(VISITS, visits(spark, changed), stored=lake.read(VISITS).where("id = 'a'"), origin=NEXT_ORIGIN)
    assert DeltaTable(lake.path(VISITS)).history(1)[0]["engineInfo"].startswith(engine)


def test_files_of_other_times_do_not_make_a_change_large(spark: SparkSession, tmp_path: Path) -> None:
    lake = lake_of_visits(spark, str(tmp_path), small_change_rows=2)
    lake.append(VISITS, visits(spark, [("late", None, "2026-04-01", None)]))
    lake.update_rows(
        VISITS, lake.read(VISITS).limit(0), stored=lake.read(VISITS).where("id = 'late'"), origin=NEXT_ORIGIN
    )
    assert {row[0] for row in visits_in(lake)} == {"a", "b", "c", "z"}
    assert DeltaTable(lake.path(VISITS)).history(1)[0]["engineInfo"].startswith("Distributary")


@pytest.mark.parametrize("small_change_rows", [SPARK, ARROW])
def test_rows_that_are_here_already_are_added_with_all_their_types(
    spark: SparkSession, tmp_path: Path, small_change_rows: int
) -> None:
    lake = Lake(spark, str(tmp_path), "run", small_change_rows)
    row = {
        "run_id": "r", "job": "build", "started_at": AT, "finished_at": AT, "status": "done", "as_of": date(2026, 3, 1),
        "message": "", "written": {"silver.orders": 3}, "counts": {}, "settings_hash": "s", "code_version": "c",
    }  # fmt: skip
    lake.append_rows(OPS_RUN_LOG, [row])
    (found,) = lake.read(OPS_RUN_LOG).drop("started_at", "finished_at").collect()
    assert found.asDict() == {name: value for name, value in row.items() if not name.endswith("ed_at")}
    (found,) = DeltaTable(lake.path(OPS_RUN_LOG)).to_pyarrow_table().to_pylist()
    assert {**found, "written": dict(found["written"]), "counts": dict(found["counts"])} == row


OPERATIONS = ("update_rows", "update_rows", "merge", "update", "append_rows", "confirm")


@pytest.mark.parametrize("seed", range(3))
def test_after_any_sequence_of_both_writers_rows_and_feed_are_the_expected(
    spark: SparkSession, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    wanted: dict[tuple[str, str | None], int] = {("a", "x"): 0, ("b", None): 0}
    lake = opened(spark, str(tmp_path), "run-0", random.choice(WRITERS))
    lake.replace(THINGS, things(spark, *((*key, cost) for key, cost in wanted.items())), origin=NEXT_ORIGIN)
    states = {version_of(lake, THINGS): dict(wanted)}
    for number in range(1, 8):
        lake = opened(spark, lake.root, f"run-{number}", random.choice(WRITERS))
        _change(lake, spark, random, wanted, number)
        states[version_of(lake, THINGS)] = dict(wanted)
        assert things_in(lake) == as_rows(wanted)
    newest = version_of(lake, THINGS)
    for writer, (version, state) in zip(WRITERS, random.sample([*states.items()], k=3), strict=True):
        lake = opened(spark, lake.root, "reader", writer)
        assert things_in(lake, version) == as_rows(state)
        changes = lake.changes(THINGS, version)
        assert changes is not None
        rebuilt = Counter(as_rows(state))
        for row in changes.select("id", "place", F.col("cost").cast("int"), change_sign().alias("sign")).collect():
            rebuilt[tuple(row)[:3]] += row["sign"]
        assert +rebuilt == Counter(as_rows(states[newest])), f"from version {version}"
        assert -rebuilt == Counter()


def as_rows(state: dict[tuple[str, str | None], int]) -> list[tuple[str, str | None, int]]:
    return sorted(((*key, cost) for key, cost in state.items()), key=repr)


def _change(
    lake: Lake, spark: SparkSession, random: Random, wanted: dict[tuple[str, str | None], int], number: int
) -> None:
    """One operation of a lake on THINGS, and the same on the expected state."""
    ids = random.sample("abcdef", k=random.randint(1, 4))
    fresh: dict[tuple[str, str | None], int] = {(id_, random.choice(("x", None))): number for id_ in ids}
    match random.choice(OPERATIONS):
        case "update_rows":
            stored = lake.read(THINGS).where(F.col("id").isin(ids))
            rows = things(spark, *((*key, cost) for key, cost in fresh.items()))
            lake.update_rows(THINGS, rows, stored=stored, origin=NEXT_ORIGIN, at_once=random.random() < 0.5)
            for key in [key for key in wanted if key[0] in ids]:
                del wanted[key]
            wanted.update(fresh)
        case "merge":
            rows = things(spark, *((*key, cost) for key, cost in fresh.items()))
            lake.merge(THINGS, rows, update_when="t.id < 'd'")
            wanted.update({key: cost for key, cost in fresh.items() if key not in wanted or key[0] < "d"})
        case "update":
            lake.update(THINGS, F.col("id").isin(ids), {"cost": F.lit(number).cast(MONEY)})
            wanted.update({key: number for key in wanted if key[0] in ids})
        case "append_rows":
            new = {(f"n{number}", "y"): number}
            lake.append_rows(THINGS, [{"id": f"n{number}", "place": "y", "cost": Decimal(number)}])
            wanted.update(new)
        case "confirm":
            lake.confirm(THINGS, NEXT_ORIGIN)
