"""Raw data of AppsFlyer, Adjust and Airbridge: installs with their network, and what people do in the app."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from landed_text import Landing, reasons
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from intake.media_sources import network_of
from intake.reasons import A_TEST, NOBODY

ORIGIN = ("source", "medium", "campaign")
AT = int(datetime(2026, 3, 1, 9, tzinfo=UTC).timestamp())
APPSFLYER = (
    "Attributed Touch Type,Attributed Touch Time,Install Time,Event Time,Event Name,Event Value,Event Revenue,"
    "Event Revenue Currency,Event Revenue USD,Media Source,Campaign,Campaign ID,Ad,AppsFlyer ID,Customer User ID,"
    "Platform,App ID,Event Source,Google Play Referrer,Google Play Click Time"
)
ADJUST = (
    "{activity_kind},{event_name},{created_at},{adid},{gps_adid},{network_name},{campaign_name},{creative_name},"
    "{click_time},{installed_at},{revenue_float},{currency},{os_name},{environment},{partner_parameters},{tracker_name}"
)
AIRBRIDGE = (
    "Event Category,Event Datetime,Airbridge Device ID,User ID,Channel,Campaign,Ad Creative,Event Value,Currency,"
    "Transaction ID,Platform,Event Source,Touchpoint Datetime"
)


def origin(row: Row) -> tuple[str | None, ...]:
    return tuple(row[name] for name in ORIGIN)


def test_an_appsflyer_install_has_its_media_source_and_the_times_of_click_and_install(landing: Landing) -> None:
    landing.land(
        "1.csv",
        APPSFLYER,
        "click,2026-03-01 08:58:00,2026-03-01 09:00:00,2026-03-01 09:00:00,install,,,,,googleadwords_int,Spring,222,"
        "ad 7,af-1,,android,com.shop.app,SDK,utm_source=google&gclid=G1,2026-03-01 08:58:01",
    )
    (install,) = landing.parsed("appsflyer_events", "1.csv")

    assert (install["reason"], install["event_name"], install["anonymous_id"]) == (None, "app_install", "af-1")
    assert install["event_at"].astimezone(UTC) == datetime(2026, 3, 1, 9, tzinfo=UTC), "UTC, as AppsFlyer writes it"
    assert (*origin(install), install["content"], install["platform"]) == (
        "google", "cpc", "Spring", "ad 7", "android",
    )  # fmt: skip
    assert install["page_url"] == "app://com.shop.app/?utm_id=222"
    assert install["install_referrer"] == "utm_source=google&gclid=G1"
    times = json.loads(install["properties"])
    assert (times["click_time"], times["install_time"]) == ("2026-03-01 08:58:01Z", "2026-03-01 09:00:00Z")
    assert (times["touch_type"], times["media_source"]) == ("click", "googleadwords_int")


def test_an_appsflyer_event_has_its_money_and_not_the_source_of_its_install(landing: Landing) -> None:
    value = '"{""af_order_id"":""00123"",""af_revenue"":25,""af_currency"":""KRW""}"'
    install = "click,2026-02-01 08:00:00,2026-02-01 08:05:00"
    landing.land(
        "1.csv",
        APPSFLYER,
        f"{install},2026-03-01 09:00:00,af_purchase,{value},25000,KRW,18.2,googleadwords_int,Spring,222,,af-1,u1,ios,"
        "id1,SDK,,",
        f"{install},2026-03-01 09:00:00,af_purchase,{value},25000,KRW,18.2,Facebook Ads,Back,9,,af-1,u1,ios,id1,SDK,,",
        f"{install},2026-03-01 10:00:00,af_purchase,,,,18.2,googleadwords_int,Spring,222,,af-1,u1,ios,id1,S2S,,",
        f"{install},2026-03-02 09:00:00,re-engagement,,,,,Facebook Ads,Back,9,,af-1,u1,ios,id1,SDK,,",
        f"{install},2026-03-02 09:00:00,af_login,,,,,organic,,,,,u1,ios,id1,SDK,,",
    )
    purchase, of_other_row, by_server, back, no_device = landing.parsed("appsflyer_events", "1.csv")

    assert origin(purchase) == (None, None, None)
    assert (purchase["order_id"], purchase["value"], purchase["currency"], purchase["user_id"]) == (
        "00123", Decimal("25000.000000"), "KRW", "u1",
    )  # fmt: skip
    assert purchase["event_id"] == of_other_row["event_id"], "one purchase, a row for install and for re-engagement"
    assert purchase["payload_hash"] != by_server["payload_hash"]
    assert (by_server["value"], by_server["currency"], by_server["platform"]) == (Decimal("18.200000"), "USD", "server")
    assert (back["event_name"], *origin(back)) == ("app_open", "facebook", "paid_social", "Back")
    assert reasons([no_device]) == ["event_id is missing"]


def test_pushed_messages_of_appsflyer_are_json_with_names_of_the_service(landing: Landing) -> None:
    install = {
        "event_name": "install", "event_time": "2026-03-01 09:00:00", "appsflyer_id": "af-1", "media_source": "organic",
        "platform": "ios", "campaign": None, "af_c_id": None, "customer_user_id": None,
    }  # fmt: skip
    landing.land("1.jsonl", json.dumps(install))
    (row,) = landing.parsed("appsflyer_events", "1.jsonl")

    assert (row["reason"], row["event_name"], *origin(row)) == (None, "app_install", None, None, None)


def test_adjust_has_an_activity_a_row_with_times_in_seconds(landing: Landing) -> None:
    landing.land(
        "1.csv",
        ADJUST,
        f"install,,{AT},aj-1,g-1,Google Ads ACI,Spring,ad 7,{AT - 120},{AT},,,android,production,,",
        f"event,Purchased,{AT + 60},aj-1,g-1,Google Ads ACI,Spring,ad 7,,{AT},12.5,EUR,android,production,"
        '"{""order_id"":""00123"",""user_id"":""u1""}",',
        f"reattribution,,{AT + 90},aj-1,,,,,{AT + 80},,,,android,production,,Facebook Installs::Back::set 1::ad 9",
        f"click,,{AT + 30},,g-1,Unity,Spring,ad 7,{AT + 29},,,,android,production,,",
        f"click,,{AT},,,Unity,Spring,ad 7,{AT},,,,android,production,,",
        f"event,Purchased,{AT},aj-1,,,,,,,1,EUR,android,sandbox,,",
    )
    rows = landing.parsed("adjust_events", "1.csv")
    install, purchase, back, click, _, _ = rows

    assert reasons(rows) == [None, None, None, None, NOBODY, A_TEST]
    assert (install["event_name"], install["anonymous_id"], install["platform"]) == ("app_install", "aj-1", "android")
    assert (*origin(install), install["content"]) == ("google", "cpc", "Spring", "ad 7")
    assert install["event_at"].astimezone(UTC) == datetime(2026, 3, 1, 9, tzinfo=UTC)
    times = json.loads(install["properties"])
    assert (times["click_time"], times["touch_type"]) == ("2026-03-01 08:58:00Z", "click")
    assert (purchase["event_name"], purchase["order_id"], purchase["user_id"]) == ("purchase", "00123", "u1")
    assert (purchase["value"], purchase["currency"], *origin(purchase)) == (
        Decimal("12.500000"), "EUR", None, None, None,
    )  # fmt: skip
    assert (back["event_name"], *origin(back), back["content"]) == (
        "app_open", "facebook", "paid_social", "Back", "ad 9",
    )  # fmt: skip
    assert (click["event_name"], click["anonymous_id"], *origin(click)) == ("ad_click", "g-1", "unity", "cpc", "Spring")


def test_airbridge_has_installs_with_a_channel_and_orders_without(landing: Landing) -> None:
    landing.land(
        "1.csv",
        AIRBRIDGE,
        "Install (App),2026-03-01 09:00:00,ab-1,,naver.searchad,봄세일,소재 7,,,,Android,App,2026-03-01 08:59:00",
        "Order Complete (App),2026-03-01 10:00:00,ab-1,u1,naver.searchad,봄세일,,25000,KRW,00123,Android,App,",
        "Order Cancel (App),2026-03-02 10:00:00,ab-1,u1,,,,25000,KRW,00123,Android,App,",
        "Deeplink Open (App),2026-03-03 10:00:00,ab-1,u1,kakao.moment,재방문,,,,,iOS,App,",
        "Sign-up (Web),2026-03-01 09:00:00,,u2,google,x,,,,,Windows,Web,",
        "Install (App),March,ab-1,,,,,,,,,,",
    )
    install, order, cancel, opened, sign_up, bad = landing.parsed("airbridge_events", "1.csv")

    assert reasons([install, order, cancel, opened, sign_up]) == [None] * 5
    assert reasons([bad]) == ["event_ts is not ISO 8601 with an offset"]
    assert (install["event_name"], *origin(install), install["content"]) == (
        "app_install", "naver", "cpc", "봄세일", "소재 7",
    )  # fmt: skip
    assert json.loads(install["properties"])["click_time"] == "2026-03-01 08:59:00Z"
    assert (order["event_name"], order["order_id"], order["value"], order["currency"], *origin(order)) == (
        "purchase", "00123", Decimal("25000.000000"), "KRW", None, None, None,
    )  # fmt: skip
    assert (cancel["event_name"], cancel["order_id"]) == ("refund", "00123")
    assert (opened["event_name"], opened["platform"], *origin(opened)) == (
        "app_open", "ios", "kakao", "paid_social", "재방문",
    )  # fmt: skip
    assert (sign_up["event_name"], sign_up["platform"], *origin(sign_up)) == ("sign_up", "web", None, None, None)


def test_networks_have_the_source_and_medium_of_their_ads_and_nobody_has_none(spark: SparkSession) -> None:
    known = {
        "googleadwords_int": ("google", "cpc"),
        "Google Ads ACI": ("google", "cpc"),
        "Apple Search Ads": ("apple", "cpc"),
        "Facebook Ads": ("facebook", "paid_social"),
        "Off-Facebook Installs": ("facebook", "paid_social"),
        "bytedanceglobal_int": ("tiktok", "paid_social"),
        "naver.searchad": ("naver", "cpc"),
        "naver.gfa": ("naver", "display"),
        "unityads_int": ("unityads", "cpc"),
        "Email": ("email", "email"),
        "organic": (None, None),
        "Organic": (None, None),
        "unattributed": (None, None),
        "": (None, None),
    }
    frame = spark.createDataFrame([(name,) for name in known], "name string")
    source, medium = network_of(F.col("name"))
    found = frame.select("name", source.alias("source"), medium.alias("medium")).collect()

    assert {row["name"]: (row["source"], row["medium"]) for row in found} == known
