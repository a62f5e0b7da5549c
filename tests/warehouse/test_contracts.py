from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from pyspark.sql import SparkSession

from intake import parse
from intake.adapters.events import events
from warehouse.contracts import (
    FIRST_DAY,
    LANDED_FROM,
    LANDED_UNTIL,
    LAST_DAY,
    MONEY,
    MONEY_SUM,
    PLATFORMS,
    Column,
    Owner,
    Table,
)
from warehouse.tables import ALL_TABLES, TABLES

# Names of columns that name one person or lead back to one, in whatever table.
PERSONAL = {
    "address", "anonymous_id", "answer", "answered_by", "asked_by", "buyer_id", "click_id", "conversion_id",
    "destination", "event_id", "extra", "install_referrer", "ip",
    "journey_id", "landing_url", "next_final_conversion_id", "note", "order_id", "page_url", "path", "payload_hash",
    "person_id", "properties", "raw", "record_id", "referrer", "seen_on", "seen_person_id", "session_id", "text",
    "touchpoint_id", "user_agent", "user_id",
}  # fmt: skip
PATHS_OF_CHANNELS = {("gold.path_summary", "path")}
# Names of text columns that are not personal. Numbers, dates and flags are not, unless their name is above.
IMPERSONAL = {
    "abuse_signals", "account_id", "acquisition_campaign", "acquisition_channel", "acquisition_medium",
    "acquisition_source", "ad_group_id", "ad_group_name", "ad_network_id", "app_id",
    "att_status", "audience", "auxiliary_type", "batch_id", "bot_reason", "campaign", "campaign_id",
    "campaign_name", "cause", "channel", "channel_rule", "channel_trace", "check_name", "click_id_type",
    "coarse_level", "code_version", "content", "conversion_type", "counted", "country", "counts", "currency",
    "date_basis", "detail", "event", "event_name", "field", "file", "filters", "finding", "framework", "gad_campaignid",
    "horizon", "id_kind", "input", "interaction", "job", "kind", "lacks", "level", "marketplace", "measure", "medium",
    "message", "metric", "milestones", "model", "model_note", "model_version", "next_state", "number", "origin",
    "other_file", "outcome", "page_group", "part", "payback", "placement", "platform", "predictor", "question_id",
    "reason", "reason_1", "reason_2", "reason_3", "referrer_domain", "report_currency", "run_id", "segment",
    "segment_reason", "served", "settings_hash", "site", "source", "source_app_id", "source_domain", "source_file",
    "source_from", "source_identifier", "state", "status", "subject", "table_id", "table_name", "table_versions",
    "team", "term", "threshold",
    "timezone", "transaction_id", "utm_creative_format", "utm_id", "utm_marketing_tactic", "utm_source_platform",
    "version", "written",
}  # fmt: skip
NUMBERS = re.compile(r"bigint|int|double|boolean|date|timestamp|decimal.*")


def table(*columns: Column, key: tuple[str, ...] = ("id",)) -> Table:
    return Table(
        layer="silver",
        name="things",
        grain="thing",
        owner="operations",
        freshness="never",
        key=key,
        columns=columns,
    )


def test_a_contract_that_contradicts_itself_is_refused() -> None:
    one = Column("id", "string", "id")
    with pytest.raises(ValueError, match=r"silver\.things: a column is listed twice"):
        table(one, one)
    with pytest.raises(ValueError, match=r"key or ordered_by name columns it lacks: \['day'\]"):
        table(one, key=("id", "day"))


def test_a_contract_gives_its_columns_comments_and_ddl() -> None:
    things = table(Column("id", "string", "its number", nullable=False), Column("spend", MONEY, "cost", "USD"))
    assert things.full_name == "silver.things"
    assert things.column_names == ("id", "spend")
    assert things.ddl == "`id` string, `spend` decimal(18,6)"
    assert things.comment == "One row per thing."
    assert [column.comment for column in things.columns] == ["its number", "cost [USD]"]
    assert things.column("spend").unit == "USD"
    with pytest.raises(KeyError, match=r"silver\.things has no column colour"):
        things.column("colour")


def test_every_table_is_listed_once_under_its_full_name() -> None:
    assert len(TABLES) == len(ALL_TABLES)
    assert all(TABLES[one.full_name] is one for one in ALL_TABLES)


@pytest.mark.parametrize("one", ALL_TABLES, ids=lambda one: one.full_name)
def test_every_column_has_a_meaning_and_a_type_spark_knows(one: Table, spark: SparkSession) -> None:
    frame = spark.createDataFrame([], one.ddl)
    assert tuple(frame.columns) == one.column_names
    assert one.grain
    assert all(column.meaning.strip() for column in one.columns)


@pytest.mark.parametrize("one", [table for table in ALL_TABLES if table.layer != "ops"], ids=lambda one: one.full_name)
def test_names_end_in_what_they_hold(one: Table) -> None:
    for column in one.columns:
        if column.type == "timestamp":
            assert column.name.endswith("_at") or column.name in ("valid_from", "valid_to"), (
                f"{one.full_name}.{column.name} is a time"
            )
            assert column.unit == "UTC", f"{one.full_name}.{column.name} must name its zone"
        if column.name.endswith("_at"):
            assert column.type == "timestamp", f"{one.full_name}.{column.name} is named like a time"
        if column.name == "value" or re.search(r"_value$|spend$", column.name):
            # monetary_value is a mean that models take as a float
            assert column.type in (MONEY, MONEY_SUM, "double"), f"{one.full_name}.{column.name}"
            assert column.type == "double" or column.unit, f"{one.full_name}.{column.name} must name its currency"


@pytest.mark.parametrize("one", ALL_TABLES, ids=lambda one: one.full_name)
def test_every_whole_number_but_hashes_has_a_range_so_that_one_that_went_over_is_found(one: Table) -> None:
    numbers = [column for column in one.columns if column.type in ("int", "bigint")]
    for column in numbers:
        if not column.name.endswith(("_hash", "fingerprint")):
            assert column.minimum is not None, f"{one.full_name}.{column.name}"
            assert column.maximum is not None, f"{one.full_name}.{column.name}"


@pytest.mark.parametrize("missing", ["owner", "freshness"])
def test_a_table_must_name_its_owner_and_its_freshness(missing: str) -> None:
    fields: dict[str, Any] = {
        "layer": "gold",
        "name": "things",
        "grain": "thing",
        "owner": "ltv",
        "freshness": "every run",
        "key": ("id",),
        "columns": (Column("id", "string", "id"),),
    }
    assert Table(**fields).owner == "ltv"
    del fields[missing]
    with pytest.raises(TypeError, match=missing):
        Table(**fields)


@pytest.mark.parametrize("one", ALL_TABLES, ids=lambda one: one.full_name)
def test_every_table_has_an_owner_of_the_house_and_a_freshness(one: Table) -> None:
    assert one.owner in get_args(Owner)
    assert re.fullmatch(r"every [a-z-]+( run \([a-z]+\))?", one.freshness)


@pytest.mark.parametrize("one", ALL_TABLES, ids=lambda one: one.full_name)
def test_a_column_is_personal_where_its_name_is_listed_so(one: Table) -> None:
    listed = [name for name in one.column_names if name in PERSONAL and (one.full_name, name) not in PATHS_OF_CHANNELS]
    assert one.personal_columns == tuple(listed)


@pytest.mark.parametrize("one", ALL_TABLES, ids=lambda one: one.full_name)
def test_every_text_column_is_listed_as_personal_or_impersonal(one: Table) -> None:
    texts = [column.name for column in one.columns if not NUMBERS.fullmatch(column.type)]
    assert set(texts) - PERSONAL - IMPERSONAL == set(), "flag it personal=True (see Column) and list it, or list it"


def test_every_listed_name_is_that_of_a_column() -> None:
    assert {name for one in ALL_TABLES for name in one.column_names} >= PERSONAL | IMPERSONAL


@pytest.mark.parametrize(
    ("type_", "bounds"),
    [
        ("string", {"minimum": 0}),
        ("boolean", {"maximum": 1}),
        ("array<string>", {"minimum": 0}),
        ("bigint", {"minimum": 0.5}),
        ("int", {"maximum": True}),
        (MONEY, {"minimum": 0.1}),  # no decimal is a tenth of a float
        (MONEY, {"minimum": Decimal("0.0000001")}),  # one place more than the type has
        ("double", {"minimum": Decimal(1)}),
        ("double", {"minimum": "2026-03-01"}),
        ("date", {"minimum": 0}),
        ("date", {"maximum": "2026-3-1"}),
        ("timestamp", {"maximum": "2026-02-30"}),
    ],
)
def test_a_bound_that_the_type_does_not_hold_exactly_is_refused(type_: str, bounds: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a bound that a"):
        Column("thing", type_, "thing", **bounds)


def test_a_range_without_a_value_and_values_of_a_number_are_refused() -> None:
    with pytest.raises(ValueError, match="share: minimum 2 is above maximum 1"):
        Column("share", "double", "share", minimum=2, maximum=1)
    with pytest.raises(ValueError, match="only a string has values, not a int"):
        Column("place", "int", "place", values=("1", "2"))


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (Column("x", "double", "x"), ""),
        (Column("x", "double", "x", minimum=0, maximum=1), "0 to 1"),
        (Column("x", "int", "x", maximum=3), "3 or less"),
        (Column("x", MONEY, "x", minimum=Decimal("0.000001")), "0.000001 or more"),
        (Column("x", "date", "x", minimum=FIRST_DAY, maximum=LAST_DAY), "1989-12-31 to 2100-01-01"),
        (Column("x", "timestamp", "x", minimum=LANDED_FROM), "1990-01-01 or later"),
        (Column("x", "string", "x", values=("only",)), "only"),
        (Column("x", "string", "x", values=("paid", "refunded", "cancelled")), "paid, refunded or cancelled"),
    ],
)
def test_a_range_as_text(column: Column, text: str) -> None:
    assert column.range == text


def test_ranges_of_days_and_platforms_are_those_that_adapters_accept() -> None:
    first, last = (date.fromisoformat(day) for day in (LANDED_FROM, LANDED_UNTIL))
    assert (first, last) == (date(parse.FIRST_YEAR, 1, 1), date(parse.LAST_YEAR, 12, 31))
    # No zone is more than a day from UTC, no accepted clock is more than 5 minutes ahead.
    assert date.fromisoformat(FIRST_DAY) == first - timedelta(days=1)
    assert date.fromisoformat(LAST_DAY) == last + timedelta(days=1)
    assert events.PLATFORMS == PLATFORMS
