"""One rule for ids: text, as it was written. Spreadsheets and programs may not make two of one, or one of two."""

from __future__ import annotations

import json

import pytest
from landed_text import Landing, reasons
from pyspark.sql import Column, SparkSession

from intake.adapter import Defaults
from intake.knobs import Export
from intake.parse import account_field, account_key, id_field, is_rounded_id, order_id_field, person_id_field

ROUNDED = "a spreadsheet has rounded this id"
AT = "2026-03-01T09:00:00Z"


def read(spark: SparkSession, texts: list[str], column: Column) -> list[object]:
    """The column's value for each text of the column `id`."""
    frame = spark.createDataFrame(list(enumerate(texts)), "at int, id string")
    return [row["read"] for row in frame.orderBy("at").select(column.alias("read")).collect()]


def test_an_id_is_the_text_without_what_blanks_quotes_and_spreadsheets_add(spark: SparkSession) -> None:
    cases = {
        "77": "77",
        "77.0": "77",
        "77.00": "77",
        "77.5": "77.5",
        "00077": "00077",
        '="00077"': "00077",
        "'00077": "00077",
        "'77'": "77",
        '" 77 "': "77",
        "\u00a077\u200b": "77",
        "12345678901234567890": "12345678901234567890",
        "Ann@Shop-Mail.com": "ann@shop-mail.com",
        "Ann": "Ann",
        "a.0": "a.0",
        "o'neill": "o'neill",
        "  ": None,
    }
    assert dict(zip(cases, read(spark, list(cases), id_field("id")), strict=True)) == cases


def test_ids_with_an_at_keep_their_case_where_the_settings_say_so(spark: SparkSession) -> None:
    assert read(spark, ["Ann@x.com"], id_field("id", lower_case_emails=False)) == ["Ann@x.com"]


def test_an_order_id_has_no_number_sign_and_the_prefix_of_its_shop(spark: SparkSession) -> None:
    of_shop = Defaults(export=Export(shop="kr"))

    assert read(spark, ["#1001", "1001", "undefined", "-"], order_id_field("id", Defaults())) == [
        "1001",
        "1001",
        None,
        None,
    ]
    assert read(spark, ["#1001"], order_id_field("id", of_shop)) == ["kr:1001"]
    assert read(spark, ["1001", "--"], person_id_field("id", of_shop)) == ["1001", None]


def test_an_id_in_e_notation_is_known_as_rounded_and_one_in_hex_is_not(spark: SparkSession) -> None:
    cases = {
        "4.50001E+15": True,
        "4,50001E+15": True,
        "1E+15": True,
        "4.5e15": True,
        "1e+21": True,
        "5e10": False,
        "1e123456": False,
        "12.5E+3": False,
        "AE+15": False,
        "4500010000000000": False,
    }
    assert dict(zip(cases, read(spark, list(cases), is_rounded_id("id")), strict=True)) == cases


def test_an_ad_account_is_its_number_however_the_platform_prints_it(spark: SparkSession) -> None:
    cases = {
        "act_123": "123",
        "123-456-7890": "1234567890",
        "1234567890": "1234567890",
        "1234567890.0": "1234567890",
        "nad-a001-02": "nad-a001-02",
    }
    assert dict(zip(cases, read(spark, list(cases), account_field("id")), strict=True)) == cases
    in_settings = {text: account_key(text) for text in cases if "." not in text}
    assert in_settings == {text: cases[text] for text in in_settings}, "an account of ad_spend.accounts likewise"


def test_three_orders_whose_ids_excel_made_one_are_quarantined_not_one_order_of_30(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "order_id,user_id,order_ts,value,currency",
        f"4.50001E+15,ann,{AT},10,USD",
        "4.50001E+15,ben,2026-03-02T09:00:00Z,20,USD",
        "4.50001E+15,cem,2026-03-03T09:00:00Z,30,USD",
    )
    rows = landing.parsed("orders", "1.csv")

    assert reasons(rows) == [f"order_id: {ROUNDED}"] * 3
    assert [str(row["value"]) for row in rows] == ["10.000000", "20.000000", "30.000000"], "each says what it holds"


@pytest.mark.parametrize("written", [77, "77", "77.0", 77.0])
def test_a_number_a_text_and_a_decimal_are_one_user_in_events_and_orders(landing: Landing, written: object) -> None:
    event = {"event_id": "e1", "event_name": "login", "event_ts": AT, "anonymous_id": "d", "user_id": written}
    order = {"order_id": written, "user_id": written, "order_ts": AT, "value": 1, "currency": "USD"}
    landing.land("events.jsonl", json.dumps(event))
    landing.land("orders.jsonl", json.dumps(order))

    (of_event,) = landing.parsed("events", "events.jsonl")
    (of_order,) = landing.parsed("orders", "orders.jsonl")

    assert (of_event["user_id"], of_order["user_id"], of_order["order_id"]) == ("77", "77", "77")


# Of each adapter: a file in which N stands for an id, and the fields that hold it.
ID_FIELDS = {
    "events": (
        f"event_id,event_name,event_ts,anonymous_id,user_id,session_id,order_id\ne,purchase,{AT},N,N,N,N",
        ["anonymous_id", "user_id", "session_id", "order_id"],
    ),
    "snowplow_events": (
        "event_id,event_name,collector_tstamp,domain_userid,user_id,domain_sessionid,tr_orderid,tr_total,tr_currency,"
        f"mkt_source,mkt_medium\ne,order,{AT},N,N,N,N,1,USD,,",
        ["anonymous_id", "user_id", "session_id", "order_id"],
    ),
    "orders": (
        f"order_id,user_id,anonymous_id,order_ts,value,currency\nN,N,N,{AT},1,USD",
        ["order_id", "user_id", "anonymous_id"],
    ),
    "csv_orders": (
        f"Order ID,Customer ID,Client ID,Order Date,Total,Currency\nN,N,N,{AT},1,USD",
        ["order_id", "user_id", "anonymous_id"],
    ),
    "shopify_orders": (
        f"Name,Email,Phone,Financial Status,Created at,Total,Currency\nN,,N,paid,{AT},1,USD",
        ["order_id", "user_id"],
    ),
    "woocommerce_orders": (
        f"Order Number,Order Status,Order Date,Order Total Amount,Order Currency,Customer User ID\n"
        f"N,Completed,{AT},1,USD,N",
        ["order_id", "user_id"],
    ),
    "order_lines": (
        "order_id,credited_order_id,line_id,product_id,user_id,anonymous_id,order_ts,quantity,price,currency\n"
        f"N,,N,N,N,N,{AT},1,2,USD\nx,N,N,N,N,N,{AT},-1,2,USD",
        ["order_id", "user_id", "anonymous_id"],
    ),
    "ad_spend": (
        "date,platform,account_id,campaign_id,spend,currency\n2026-03-01,meta,N,N,1,USD",
        ["account_id", "campaign_id"],
    ),
    "meta_ads": (
        "Day,Account ID,Campaign ID,Campaign name,Amount spent (USD)\n2026-03-01,N,N,spring,1",
        ["account_id", "campaign_id"],
    ),
}


@pytest.mark.parametrize("adapter", ID_FIELDS)
def test_an_id_with_0_behind_its_point_is_the_same_id_in_every_id_field(adapter: str, landing: Landing) -> None:
    text, fields = ID_FIELDS[adapter]
    for name, written in (("plain.csv", "80001"), ("with_0.csv", "80001.0")):
        landing.land(name, *text.replace("N,", f"{written},").replace(",N", f",{written}").split("\n"))
    plain, with_0 = landing.parsed(adapter, "plain.csv"), landing.parsed(adapter, "with_0.csv")

    assert reasons(with_0) == [None] * len(plain)
    assert {row[field] for row in with_0 for field in fields} == {"80001"}
    same = [name for name in with_0[0].asDict() if name not in ("file", "raw")]
    assert [[row[name] for name in same] for row in with_0] == [[row[name] for name in same] for row in plain]


@pytest.mark.parametrize(("lower_case_emails", "user"), [(True, "ann@shop-mail.com"), (False, "Ann@Shop-Mail.com")])
def test_the_knob_of_ids_with_an_at_decides_in_events_orders_and_lines(
    lower_case_emails: bool, user: str, landing: Landing
) -> None:
    written = "Ann@Shop-Mail.com"
    event = {"event_id": "e1", "event_name": "login", "event_ts": AT, "anonymous_id": written, "user_id": written}
    landing.land("events.jsonl", json.dumps(event))
    landing.land("orders.csv", "order_id,user_id,order_ts,value,currency", f"1,{written},{AT},1,USD")
    landing.land("lines.csv", "order_id,user_id,order_ts,line_value,currency", f"1,{written},{AT},1,USD")
    defaults = Defaults(lower_case_emails=lower_case_emails)

    (of_event,) = landing.parsed("events", "events.jsonl", defaults=defaults)
    (of_order,) = landing.parsed("orders", "orders.csv", defaults=defaults)
    (of_line,) = landing.parsed("order_lines", "lines.csv", defaults=defaults)

    assert [row["user_id"] for row in (of_event, of_order, of_line)] == [user] * 3
    assert of_event["anonymous_id"] == user


def test_an_email_in_two_cases_is_one_user_in_events_and_orders(landing: Landing) -> None:
    event = {"event_id": "e1", "event_name": "login", "event_ts": AT, "user_id": "Ann@Shop-Mail.com"}
    landing.land("events.jsonl", json.dumps(event))
    landing.land("orders.csv", "order_id,user_id,order_ts,value,currency", f"1,ann@shop-mail.com,{AT},1,USD")

    (of_event,) = landing.parsed("events", "events.jsonl")
    (of_order,) = landing.parsed("orders", "orders.csv")

    assert of_event["user_id"] == of_order["user_id"] == "ann@shop-mail.com"


def test_rounded_ids_of_every_kind_are_quarantined(landing: Landing) -> None:
    event = {"event_id": "e1", "event_name": "page_view", "event_ts": AT, "anonymous_id": "d"}
    landing.land("1.jsonl", json.dumps(event | {"anonymous_id": "1.2E+18"}), json.dumps(event | {"session_id": "1E+9"}))
    landing.land(
        "1.csv",
        "date,platform,account_id,campaign_id,spend,currency",
        "2026-03-01,meta,1,1.2E+17,10,USD",
        "2026-03-01,meta,1.2E+17,1,10,USD",
    )
    assert reasons(landing.parsed("events", "1.jsonl")) == [f"anonymous_id: {ROUNDED}", f"session_id: {ROUNDED}"]
    assert reasons(landing.parsed("ad_spend", "1.csv")) == [f"campaign_id: {ROUNDED}", f"account_id: {ROUNDED}"]
