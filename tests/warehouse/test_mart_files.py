"""The files of marts: how they are read, in which order they are made, and what is refused, without running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from conf import CONF_ROOT
from warehouse.contracts import Column
from warehouse.errors import InputError, UsageError
from warehouse.marts import Mart, contract_of, is_mart, read_marts
from warehouse.stored_mart import PROPERTY, StoredMart
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, SILVER_ORDERS, TABLES

HEAD = """-- sentence: {en: Spend by channel, ko: 채널별 지출}
-- grain: channel
-- key: [channel]
-- owner: growth team
"""
SPEND = "select channel, sum(spend) as spend from gold_channel_performance group by channel"


def folder_of(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder


def mart_of(folder: Path, sql: str, head: str = HEAD) -> Mart:
    (made,) = read_marts(folder_of(folder, made=f"{head}{sql}\n"))
    return made


def test_a_file_is_a_mart_of_its_name_with_what_its_head_says(tmp_path: Path) -> None:
    made = mart_of(tmp_path, f"{SPEND};")
    assert (made.full_name, made.place.sql_name, made.head.owner) == ("mart.made", "mart_made", "growth team")
    assert (made.sql, made.reads, made.parameters) == (SPEND, ("gold.channel_performance",), ())
    assert made.head.severity == "keep_back"
    assert made.head.sentence.ko == "채널별 지출"
    assert is_mart("mart.made")
    assert not is_mart("gold.made")


def test_without_a_folder_there_is_no_mart() -> None:
    assert read_marts(None) == ()


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("select 1 from gold.path_summary p join Silver_Orders o on p.x = o.y", ("gold.path_summary", "silver.orders")),
        ("select gold_path_summary.path from gold_path_summary", ("gold.path_summary",)),
        ("select 'from gold.nothing' as a, p.value from gold . path_summary p -- gold_nothing", ("gold.path_summary",)),
        ("select /* silver.orders */ `from gold.none` from silver.sessions", ("silver.sessions",)),
        ("with gold_days as (select 1 as a) select a from gold_days", ()),
        ("select gold.spend from silver.ad_spend as gold", ("silver.ad_spend",)),
        ("select extract(day from date) as d, value::int from gold_path_summary", ("gold.path_summary",)),
    ],
)
def test_the_tables_that_a_statement_reads_are_found_by_either_name(
    tmp_path: Path, sql: str, reads: tuple[str, ...]
) -> None:
    assert mart_of(tmp_path, sql).reads == reads


def test_tables_get_their_names_in_sql_and_texts_stay_as_they_are(tmp_path: Path) -> None:
    made = mart_of(tmp_path, "select 'gold.path_summary', gold.path_summary.value from gold.path_summary")
    assert made.sql == "select 'gold.path_summary', gold_path_summary.value from gold_path_summary"


def test_what_the_tests_read_is_read_by_the_mart(tmp_path: Path) -> None:
    head = f"""{HEAD}-- tests:
--   conserves:
--     spend: {{sum: spend, equals: "select sum(cost) from silver.ad_spend where date <= :as_of"}}
"""
    made = mart_of(tmp_path, SPEND, head)
    assert made.reads == ("gold.channel_performance", "silver.ad_spend")
    assert made.parameters == ("as_of",)
    assert made.head.tests.conserves["spend"].equals == "select sum(cost) from silver_ad_spend where date <= :as_of"


def test_marts_come_after_those_that_they_read_and_otherwise_by_name(tmp_path: Path) -> None:
    found = read_marts(
        folder_of(
            tmp_path,
            a=f"{HEAD}select channel from mart.z join mart_m using (channel)",
            b=f"{HEAD}{SPEND}",
            m=f"{HEAD}select channel from mart.z",
            z=f"{HEAD}{SPEND}",
        )
    )
    assert [mart.name for mart in found] == ["z", "m", "a", "b"]


def test_a_circle_of_marts_is_one_clear_error(tmp_path: Path) -> None:
    reads_b, reads_c = (f"{HEAD}select 1 from mart.{name}" for name in "bc")
    folder_of(tmp_path, a=reads_b, b=reads_c, c=reads_b)
    with pytest.raises(UsageError, match=r"b\.sql: a mart cannot wait for itself: b reads c reads b$"):
        read_marts(tmp_path)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select 1 from gold.path_sumary", r"reads gold\.path_sumary, which is no table; did you mean gold\.path"),
        ("select 1 from a join gold_xyzzyxxyzzyx", r"reads gold\.xyzzyxxyzzyx, which is no table$"),
        ("select 1 from mart.other", r"reads mart\.other, which is no table"),
        ("select 1 from bronze.events", r"reads bronze\.events: marts read silver, gold and other marts"),
        ("select 1 from ops_published", r"reads ops\.published: marts read"),
        ("select * from delta.`/lake/gold/x`", r"reads the place delta\.`/lake/gold/x`: name a table"),
        ("select current_date as day", r"current_date is another at each run; use :as_of"),
        ("select NOW() as at", r"now is another at each run"),
        ("select rand() as r", r"rand\(\) does not follow from the tables alone"),
        ("select java_method('java.lang.System', 'getenv') as e", r"java_method\(\) does not follow"),
        ("select '${env:HOME}' as home", r"\$\{\.\.\.\} is no part of a mart's SQL"),
        ("select :day as day", r":day is no parameter; a statement asks :as_of, :timezone, :currency of the run"),
        ("-- columns: {}", r"has no statement below its head"),
    ],
)
def test_what_may_not_stand_in_a_statement_is_refused_with_its_file(tmp_path: Path, sql: str, message: str) -> None:
    with pytest.raises(UsageError, match=rf"made\.sql: {message}"):
        mart_of(tmp_path, sql)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "does not begin with a head"),
        ("-- sentence: {en: a}\n", "its head: sentence.ko: Field required"),
        (f"{HEAD}-- keys: [channel]\n", r"its head: keys: .*; did you mean key\?"),
        (f"{HEAD}-- severity: warn\n", "its head: severity: "),
        (f"{HEAD}-- tests: [\n", "its head is no YAML"),
        (f"{HEAD}-- tests: {{expressions: {{late: spend > current_date}}}}\n", "current_date is another at each run"),
    ],
)
def test_a_head_that_does_not_fit_is_refused_with_the_place(tmp_path: Path, head: str, message: str) -> None:
    with pytest.raises(UsageError, match=rf"made\.sql: {message}"):
        mart_of(tmp_path, SPEND, head)


@pytest.mark.parametrize("name", ["Weekly", "1st", "by-day", "a b"])
def test_a_name_that_may_clash_or_needs_quotes_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="a mart has the name of its file"):
        read_marts(folder_of(tmp_path, **{name: f"{HEAD}{SPEND}"}))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"marts\.folder: .*none cannot be read: No such file"):
        read_marts(tmp_path / "none")


def test_a_contract_has_the_meanings_of_the_head_then_those_of_the_tables(tmp_path: Path) -> None:
    head = f"""{HEAD}-- columns: {{share: "part of all spend [share]"}}
-- personal: [order_id]
-- tests: {{not_null: [spend], accepted_values: {{channel: [Search, Direct]}}}}
"""
    schema = {"channel": "string", "spend": "decimal(28,6)", "share": "double", "order_id": "string"}
    made = contract_of(mart_of(tmp_path, SPEND, head), schema, [GOLD_CHANNEL_PERFORMANCE, SILVER_ORDERS])
    spend, buyer = GOLD_CHANNEL_PERFORMANCE.column("spend"), SILVER_ORDERS.column("order_id")
    channel = GOLD_CHANNEL_PERFORMANCE.column("channel")
    assert made.columns == (
        Column("channel", "string", channel.meaning, channel.unit, nullable=False, values=("Search", "Direct")),
        Column("spend", "decimal(28,6)", spend.meaning, spend.unit, nullable=False),
        Column("share", "double", "part of all spend", "share"),
        Column("order_id", "string", buyer.meaning, buyer.unit, personal=True),
    )
    assert (made.full_name, made.key, made.owner) == ("mart.made", ("channel",), "growth team")


@pytest.mark.parametrize(
    ("more", "schema", "message"),
    [
        ("", {"chanel": "string"}, "key: no column is called 'channel'; there are chanel; did you mean chanel?"),
        ("-- personal: [x]", {"channel": "string"}, "personal: no column is called 'x'"),
        (
            "-- tests: {accepted_values: {n: [a]}}",
            {"channel": "string", "n": "int"},
            "n is of type int; write an expression",
        ),
        ("", {"channel": "string", "sum(spend)": "double"}, r"the column 'sum\(spend\)' needs a name"),
        ("", {"channel": "string", "n": "void"}, "n is of type void, which no table holds"),
        ("", {"channel": "string", "at": "timestamp_ntz"}, "at is of type timestamp_ntz"),
    ],
)
def test_columns_that_the_head_or_a_table_cannot_have_are_refused(
    tmp_path: Path, more: str, schema: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        contract_of(mart_of(tmp_path, SPEND, f"{HEAD}{more}\n"), schema, [])


def test_a_table_says_what_it_is_to_readers_without_the_file(tmp_path: Path) -> None:
    made = mart_of(tmp_path, "select channel, 'it''s $5' as price from gold.path_summary")
    stored = StoredMart.of(made, contract_of(made, {"channel": "string", "price": "string"}, []))
    assert "$" not in stored.text
    assert StoredMart.from_properties({PROPERTY: stored.text}, "mart.made") == stored
    with pytest.raises(InputError, match=r"mart\.made does not say what it is"):
        StoredMart.from_properties({}, "mart.made")


def test_the_file_that_the_how_to_shows_is_the_example() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-mart.md").read_text(encoding="utf-8")
    example = CONF_ROOT.joinpath("examples", "marts", "channel_weeks.sql").read_text(encoding="utf-8")
    assert f"```sql\n{example}```\n" in page


def test_the_examples_are_marts_of_tables_that_there_are() -> None:
    weeks, trends = read_marts(Path(str(CONF_ROOT / "examples" / "marts")))
    assert (weeks.name, trends.name) == ("channel_weeks", "channel_trends")
    assert {*weeks.reads} <= {*TABLES}
    assert (trends.reads, trends.parameters) == (("mart.channel_weeks",), ("as_of",))
