from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from landed_text import Landing, reasons

from warehouse.errors import InputError

HEADER = (
    "platform,collector_tstamp,event,event_id,domain_userid,mkt_medium,mkt_source,mkt_campaign,tr_orderid,tr_total,"
    "tr_currency,domain_sessionid,derived_tstamp,event_name"
)


def utc(*moment: int) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]


def test_atomic_events_become_events_and_a_total_makes_a_purchase(landing: Landing) -> None:
    landing.land(
        "1.csv",
        HEADER,
        "web,2026-03-01T09:00:05Z,page_view,e1,d1,cpc,google,spring,,,,s1,2026-03-01 09:00:00.123,page_view",
        "mob,2026-03-01 09:00:05,struct,e2,d1,,,,o7,24,USD,s1,,",
        "web,2026-03-01 09:00:05,struct,e3,,,,,,,,s1,,",
        "tv,2026-03-01 09:00:05,transaction,e4,d1,,,,o8,5,,s1,,",
    )
    visit, purchase, nobody, no_currency = landing.parsed("snowplow_events", "1.csv")
    assert reasons([visit, purchase, nobody, no_currency]) == [
        None,
        None,
        "neither anonymous_id nor user_id is given",
        "a value without currency",
    ]
    assert (visit["event_id"], visit["event_name"], visit["anonymous_id"]) == ("e1", "page_view", "d1")
    assert (visit["source"], visit["medium"], visit["campaign"], visit["session_id"]) == (
        "google",
        "cpc",
        "spring",
        "s1",
    )
    assert (visit["event_at"], visit["received_at"]) == (utc(2026, 3, 1, 9, 0, 0, 123_000), utc(2026, 3, 1, 9, 0, 5))
    assert (visit["platform"], purchase["platform"], no_currency["platform"]) == ("web", "android", "web")
    assert (purchase["event_name"], purchase["event_at"]) == ("purchase", utc(2026, 3, 1, 9, 0, 5))
    assert (purchase["order_id"], purchase["value"], purchase["currency"]) == ("o7", Decimal("24.000000"), "USD")


def test_a_file_that_is_no_snowplow_export_is_refused_by_its_header(landing: Landing) -> None:
    landing.land("1.csv", "event_id,event", "e1,page_view")
    with pytest.raises(InputError, match=r"1\.csv: the header lacks the required columns domain_userid and collector_"):
        landing.parsed("snowplow_events", "1.csv")


ID_COLUMNS = "platform,collector_tstamp,event,event_id,domain_userid,network_userid,user_id"
AT = "2026-03-01 09:00:00"
SHOP = "com_snowplowanalytics_snowplow_ecommerce"


def test_click_ids_and_referrers_that_the_pipeline_took_apart_are_read_again(landing: Landing) -> None:
    landing.land(
        "1.csv",
        f"{ID_COLUMNS},page_url,mkt_clickid,mkt_network,refr_medium,refr_source,refr_term,refr_urlhost,refr_urlpath",
        f"web,{AT},page_view,e1,d1,,,https://shop.example/?a=1#x,G 1,Google,,,,,",
        f"web,{AT},page_view,e2,d1,,,https://shop.example/?msclkid=M1,M1,Microsoft,,,,,",
        f"web,{AT},page_view,e3,d1,,,https://shop.example/,N1,Unheard of,,,,,",
        f"web,{AT},page_view,e4,d1,,,https://shop.example/,,,search,Google,red shoes,www.google.com,/",
        f"web,{AT},page_view,e5,d1,,,https://shop.example/,,,search,Naver,,,",
        f"web,{AT},page_view,e6,d1,,,https://shop.example/,,,internal,,,,",
    )
    rows = landing.parsed("snowplow_events", "1.csv")

    assert [row["page_url"] for row in rows[:3]] == [
        "https://shop.example/?a=1&gclid=G+1#x",
        "https://shop.example/?msclkid=M1",
        "https://shop.example/",
    ]
    assert (rows[3]["referrer"], rows[3]["term"], rows[3]["source"]) == ("https://www.google.com/", "red shoes", None)
    assert [(row["source"], row["medium"]) for row in rows[4:]] == [("naver", "organic"), (None, None)]


def test_the_third_party_cookie_or_the_app_s_own_id_is_the_device_where_there_is_no_first_party_one(
    landing: Landing,
) -> None:
    session = "contexts_com_snowplowanalytics_snowplow_client_session_1_0_2"
    landing.land(
        "1.csv",
        f"{ID_COLUMNS},{session}",
        f"web,{AT},page_view,e1,d1,n1,,",
        f"web,{AT},page_view,e2,,n1,,",
        f'mob,{AT},page_view,e3,,n1,,"[{{""userId"":""device-9"",""sessionId"":""s9""}}]"',
    )
    rows = landing.parsed("snowplow_events", "1.csv")

    assert [row["anonymous_id"] for row in rows] == ["d1", "n1", "device-9"]
    assert rows[2]["session_id"] == "s9"


def test_an_app_s_events_are_of_ios_or_android_by_its_system(landing: Landing) -> None:
    landing.land(
        "1.csv",
        f"{ID_COLUMNS},os_family,useragent",
        f"mob,{AT},screen_view,e1,d1,,,iOS,",
        f"mob,{AT},screen_view,e2,d1,,,Android,",
        f"mob,{AT},screen_view,e3,d1,,,,Shop/1 CFNetwork/1410 Darwin/22",
        f"mob,{AT},screen_view,e4,d1,,,,",
        f"srv,{AT},struct,e5,d1,,,,",
        f"web,{AT},page_ping,e6,d1,,,iOS,",
    )
    rows = landing.parsed("snowplow_events", "1.csv")

    assert [row["platform"] for row in rows] == ["ios", "android", "ios", "android", "server", "web"]
    assert rows[5]["event_name"] == "page_ping"


def test_the_e_commerce_plug_in_s_contexts_make_purchases_and_refunds_in_json_too(landing: Landing) -> None:
    def event(number: int, type_: str, **contexts: object) -> str:
        fields = {"event_id": f"e{number}", "event": "unstruct", "event_name": "snowplow_ecommerce_action",
                  "collector_tstamp": AT, "domain_userid": "d1", "platform": "web",
                  f"unstruct_event_{SHOP}_snowplow_ecommerce_action_1": {"type": type_}}  # fmt: skip
        return json.dumps({**fields, **{f"contexts_{SHOP}_{name}_1": value for name, value in contexts.items()}})

    landing.land(
        "1.jsonl",
        event(1, "transaction", transaction=[{"transaction_id": "00123", "revenue": 120.5, "currency": "EUR"}]),
        event(2, "refund", refund=[{"transaction_id": "00123", "refund_amount": 20, "currency": "EUR"}],
              transaction=[{"transaction_id": "other", "revenue": 1}]),
        event(3, "product_view"),
        event(4, "checkout_step", checkout_step=[{"step": 1}]),
        event(5, "checkout_step", checkout_step=[{"step": 2}]),
    )  # fmt: skip
    rows = landing.parsed("snowplow_events", "1.jsonl")

    assert [(row["event_name"], row["order_id"], row["value"]) for row in rows] == [
        ("purchase", "00123", Decimal("120.500000")),
        ("refund", "00123", Decimal("20.000000")),
        ("view_item", None, None),
        ("begin_checkout", None, None),
        ("snowplow_ecommerce_action", None, None),
    ]
    assert rows[0]["currency"] == "EUR"


def test_two_views_of_one_page_view_id_are_two_events_that_carry_it(landing: Landing) -> None:
    page = "contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"
    context = '"[{""id"":""p-1""}]"'
    landing.land(
        "1.csv",
        f"{ID_COLUMNS},{page}",
        f"web,{AT},page_view,e1,d1,,,{context}",
        f"web,{AT},page_view,e2,d1,,,{context}",
    )
    rows = landing.parsed("snowplow_events", "1.csv")

    assert [(row["event_id"], row["properties"]) for row in rows] == [
        ("e1", '{"page_view_id":"p-1"}'), ("e2", '{"page_view_id":"p-1"}'),
    ]  # fmt: skip


def test_the_rows_of_a_real_export_are_taken_without_its_column_of_totals_too(
    landing: Landing, shared_data: Path
) -> None:
    export = shared_data / "data" / "snowplow_events" / "events.csv"
    if not export.is_file():
        pytest.skip("no ../shared/data beside the repository: the real export is not on this machine")
    with export.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    text = io.StringIO()
    writer = csv.DictWriter(text, [name for name in rows[0] if name != "tr_total"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    landing.land("whole.csv", *export.read_text(encoding="utf-8").splitlines())
    landing.land("without.csv", *text.getvalue().splitlines())

    whole, without = (landing.parsed("snowplow_events", f"{name}.csv") for name in ("whole", "without"))

    assert len(whole) == len(without) == len(rows)
    assert {row["event_id"] for row in whole} == {row["event_id"] for row in rows}
    assert [row["event_name"] for row in without].count("purchase") == 0
    assert sum(row["value"] is not None for row in whole) == sum(row["tr_total"] != "" for row in rows) > 0
    assert [(row["source"], row["medium"]) for row in whole] == [
        (row["mkt_source"] or None, row["mkt_medium"] or None) for row in rows
    ]
