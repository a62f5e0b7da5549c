"""SQL over published versions: what it can name, what it refuses, and what its errors say."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from published.publication import Published, read_published
from published.sql import ask, listed
from published.views import ready_views
from tests.published_lake import AS_OF, publish, write_table
from tests.question_lake import FORMER, NEWEST, write_questions
from tests.small_shop import path_row
from warehouse.errors import InputError, UsageError
from warehouse.tables import GOLD_PATH_SUMMARY, OPS_PUBLISHED


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    write_questions(folder)
    return folder


@pytest.fixture(scope="module")
def published(lake: Path) -> Published:
    return read_published(str(lake))


def test_a_query_reads_published_versions_and_keeps_its_order(published: Published) -> None:
    sql = "select conversions, path from gold_path_summary where conversions > 3 order by conversions desc, value desc"
    answer = ask(published, sql, limit=2)
    assert answer.columns == ("conversions", "path")
    assert answer.rows == ((9, ["Paid Search"]), (5, []))
    assert answer.is_cut
    assert not ask(published, sql, limit=5).is_cut


def test_a_table_and_a_view_meet_in_one_query_below_a_comment(published: Published) -> None:
    sql = """
        -- the spend of paid channels
        SELECT count(*) AS n FROM roas_by_channel_30d r JOIN gold_unmatched_spend u ON r.channel = u.channel;
    """
    assert ask(published, sql, limit=10).dicts() == [{"n": 2}]


def test_an_older_run_is_read_as_it_was_published(lake: Path) -> None:
    former = read_published(str(lake), run_id=FORMER)
    assert ask(former, "select count(*) as n from gold_path_summary", limit=1).rows == ((1,),)
    assert [row["run_id"] for row in ask(former, "select * from publications", limit=9).dicts()] == [FORMER]
    newest = ask(read_published(str(lake)), "select run_id from publications order by publication", limit=9)
    assert newest.rows == ((FORMER,), (NEWEST,))


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * from roas_by_chanel_30d", r"^no table or view is called .*; did you mean roas_by_channel_30d\?"),
        ("select * from gold.path_summary", r"^no table is called gold.path_summary; its name in SQL is gold_path_"),
        ("select chanel from roas_by_channel_30d", r"^no column is called 'chanel'; .*; did you mean channel\?$"),
        ("select p.pth from gold_path_summary p", r"^no column is called 'p.pth'; .*; did you mean path\?$"),
        ("selec 1", r"^the SQL cannot be run: Expected: SELECT.*found: selec \(line 1, column 1\)$"),
        ("select cast('a' as int)", r"^the SQL cannot be run: Cannot cast string 'a'"),
        ("select 1 as a, 2 as a", r"^the SQL cannot be run: .*\ba\b"),
        ("", r"^no SQL is given$"),
    ],
)
def test_a_mistake_is_one_line_with_the_way_out(published: Published, sql: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        ask(published, sql, limit=10)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "copy gold_path_summary to '{place}/out.parquet'",
        "create external table t stored as csv location '{place}/in.csv'",
        "insert into gold_path_summary select * from gold_path_summary",
        "drop view publications",
        "create view mine as select 1",
        "select 1; copy gold_path_summary to '{place}/out.parquet'",
        "select * from '{place}/in.csv'",
        "set datafusion.catalog.information_schema = true",
    ],
)
def test_only_a_query_of_tables_and_views_is_run(published: Published, sql: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("secret\n1\n")
    with pytest.raises(UsageError):
        ask(published, sql.format(place=tmp_path), limit=10)
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


def test_a_view_that_waits_says_for_what_and_a_table_not_published_by_whom(lake: Path, published: Published) -> None:
    with pytest.raises(InputError, match=r"budget_advice has no figures yet: it waits for response curves"):
        ask(published, "select * from budget_advice", limit=1)
    with pytest.raises(InputError, match=r"gold\.value_totals is not among the tables that run run-2 published"):
        ask(published, "select * from gold_value_totals", limit=1)


def test_a_name_in_a_text_is_no_table(published: Published) -> None:
    assert ask(published, "select 'gold_value_totals' as name", limit=1).rows == (("gold_value_totals",),)


def test_publications_of_before_numbers_are_read(tmp_path: Path) -> None:
    columns = tuple(column for column in OPS_PUBLISHED.columns if column.name != "publication")
    before_numbers = replace(OPS_PUBLISHED, columns=columns)
    version = write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 1, 0, 5)])
    publish(tmp_path, {GOLD_PATH_SUMMARY: version}, published=before_numbers)
    newest = read_published(str(tmp_path))
    assert ask(newest, "select publication, as_of from publications", limit=9).rows == ((0, AS_OF),)
    assert ask(newest, "select rank, revenue from top_paths", limit=9).rows == ((1, Decimal(5)),)


def test_tables_without_a_row_answer_with_none(tmp_path: Path) -> None:
    tables = {table for view in ready_views().values() for table in view.contracts} - {OPS_PUBLISHED}
    publish(tmp_path, {table: write_table(tmp_path, table, []) for table in tables}, publication=1)
    empty = read_published(str(tmp_path))
    for view in ready_views().values():
        if view.sql and view.name != "publications":
            assert ask(empty, f"select * from {view.name}", limit=9).rows == (), view.name


def test_an_answer_is_of_one_publication_while_another_run_publishes(tmp_path: Path) -> None:
    first = {GOLD_PATH_SUMMARY: write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 1, 0, 5)])}
    publish(tmp_path, first, run_id="run-1", publication=1)
    opened = read_published(str(tmp_path))
    second = {GOLD_PATH_SUMMARY: write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Email"], 7, 0, 9)])}
    assert ask(read_published(str(tmp_path)), "select conversions from top_paths", limit=9).rows == ((1,),)
    publish(tmp_path, second, run_id="run-2", publication=2)
    assert ask(opened, "select conversions from top_paths", limit=9).rows == ((1,),)
    assert ask(opened, "select run_id from publications", limit=9).rows == (("run-1",),)


def test_without_personal_columns_they_do_not_exist_and_counts_of_persons_still_do(published: Published) -> None:
    def columns(sql: str) -> tuple[str, ...]:
        return ask(published, sql, limit=1, personal=False).columns

    assert "person_id" not in columns("select * from gold_customer_value")
    with pytest.raises(UsageError, match="no column is called 'person_id'"):
        columns("select person_id from gold_customer_value")
    with pytest.raises(InputError, match=r"customers_about_to_leave is of single persons \(person_id"):
        columns("select count(*) from customers_about_to_leave")
    # Counted over conversion_id, which is personal, and shows none.
    assert columns("select * from assisted_conversions")[:2] == ("conversion_type", "channel")


def test_views_and_published_tables_are_listed_with_what_they_are(published: Published) -> None:
    names = {one.name: one for one in listed(published, "en")}
    assert next(iter(names)) == "roas_by_channel_30d"
    assert "[waits for response curves of spend" in names["budget_advice"].sentence
    assert names["gold_path_summary"].sentence == "One row per conversion type and path of channels."
    assert "gold_value_totals" not in names
    assert {one.name for one in listed(published, "ko") if one.is_view} == {
        n for n, one in names.items() if one.is_view
    }


def test_money_stays_exact(published: Published) -> None:
    answer = ask(published, "select sum(value) as value from gold_path_summary", limit=1)
    assert answer.rows == ((Decimal(3500),),)
