"""GA4's BigQuery export as JSON Lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from landed_text import Landing, reasons
from pyspark.sql import SparkSession

from intake.adapter import Defaults
from intake.file_accounts import Account
from intake.ingest import Ingest
from intake.inputs import input_named
from intake.knobs import Export
from intake.reasons import NOBODY
from tests.quick import BELIEVABLE
from warehouse.store import Lake
from warehouse.tables import BRONZE_EVENTS

AT = datetime(2026, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)
LAST_CLICK = {"google_ads_campaign": {"campaign_id": "222", "campaign_name": "Spring sale"}}


def event(name: str = "page_view", parameters: dict[str, Any] | None = None, **columns: Any) -> str:
    """A row of the export, as BigQuery writes it: whole numbers are texts, nulls are left out."""
    kinds = {int: "int_value", float: "double_value", str: "string_value"}
    given = {"ga_session_id": 1772355600, **(parameters or {})}
    return json.dumps(
        {
            "event_date": "20260301",
            "event_timestamp": str(int(AT.timestamp()) * 1_000_000 + 250_000),
            "event_name": name,
            "event_params": [
                {"key": key, "value": {kinds[type(value)]: str(value) if isinstance(value, int) else value}}
                for key, value in given.items()
            ],
            "event_bundle_sequence_id": "77",
            "event_server_timestamp_offset": "1500",
            "user_pseudo_id": "111.222",
            "stream_id": "4711",
            "platform": "WEB",
            **columns,
        }
    )


def test_an_event_has_its_parameters_times_in_microseconds_and_consent(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event(
            parameters={
                "page_location": "https://shop.example/?utm_source=x",
                "page_referrer": "https://news.example/",
            },
            user_id="00042",
            privacy_info={"analytics_storage": "Yes", "ads_storage": "No", "uses_transient_token": "No"},
            geo={"country": "South Korea"},
        ),
        event("scroll", privacy_info={"analytics_storage": "Unset"}),
    )
    row, scroll = landing.parsed("ga4_events", "1.jsonl")

    assert reasons([row, scroll]) == [None, None]
    assert (row["anonymous_id"], row["user_id"], row["session_id"]) == ("111.222", "00042", "1772355600")
    assert row["event_at"] == AT.astimezone().replace(tzinfo=None)
    assert (row["page_url"], row["referrer"]) == ("https://shop.example/?utm_source=x", "https://news.example/")
    assert (row["consent_analytics"], row["consent_ads"], row["country"]) == (True, False, "South Korea")
    assert (scroll["consent_analytics"], scroll["consent_ads"]) == (None, None), "Unset is no answer"
    assert (row["platform"], scroll["source"]) == ("web", None)


def test_a_click_has_the_campaign_that_google_ads_gave_it_and_a_later_visit_has_none(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event(
            parameters={"page_location": "https://shop.example/"},
            collected_traffic_source={"gclid": "G1", "manual_source": "google", "manual_medium": "organic",
                                      "manual_campaign_name": "(organic)"},
            session_traffic_source_last_click=LAST_CLICK,
        ),
        event(
            parameters={"page_location": "https://shop.example/?gbraid=B1#top"},
            session_traffic_source_last_click=LAST_CLICK,
            batch_event_index="2",
        ),
        event(
            parameters={"page_location": "https://shop.example/p/2"},
            session_traffic_source_last_click=LAST_CLICK,
            traffic_source={"source": "google", "medium": "cpc", "name": "first"},
            batch_event_index="3",
        ),
    )  # fmt: skip
    tagged, braid, later = landing.parsed("ga4_events", "1.jsonl")

    assert (tagged["campaign"], tagged["page_url"]) == (
        "Spring sale",
        "https://shop.example/?gclid=G1&gad_campaignid=222",
    )
    assert (tagged["source"], tagged["medium"]) == ("google", "organic"), "the click id makes it paid, in silver"
    assert (braid["campaign"], braid["page_url"]) == (
        "Spring sale",
        "https://shop.example/?gbraid=B1&gad_campaignid=222#top",
    )
    assert [later[name] for name in ("source", "medium", "campaign")] == [None, None, None]
    assert later["page_url"] == "https://shop.example/p/2"


def test_manual_campaigns_have_their_ids_and_ga4_s_words_for_nothing_are_none(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event(
            parameters={"page_location": "https://shop.example/a"},
            collected_traffic_source={
                "manual_source": "news", "manual_medium": "email", "manual_campaign_name": "april",
                "manual_campaign_id": "c9", "manual_source_platform": "mailer", "manual_term": "(not set)",
            },
        ),
        event(
            parameters={"page_location": "https://shop.example/b", "page_referrer": "https://pay.shop.example/"},
            collected_traffic_source={"manual_source": "pay.shop.example", "manual_medium": "referral",
                                      "manual_campaign_name": "(referral)"},
            batch_event_index="2",
        ),
        event(
            "session_start",
            parameters={"source": "old", "medium": "cpc", "campaign": "before 2023"},
            collected_traffic_source=None,
        ),
    )  # fmt: skip
    mail, own_page, old = landing.parsed("ga4_events", "1.jsonl")

    assert (mail["source"], mail["medium"], mail["campaign"], mail["term"]) == ("news", "email", "april", None)
    assert mail["page_url"] == "https://shop.example/a?utm_id=c9&utm_source_platform=mailer"
    assert [own_page[name] for name in ("source", "medium", "campaign")] == [None, None, None], "our rules say it"
    assert (old["source"], old["medium"], old["campaign"]) == ("old", "cpc", "before 2023")


def test_purchases_refunds_and_app_stores_have_their_money(landing: Landing) -> None:
    usd = {"purchase_revenue_in_usd": 90.5}
    landing.land(
        "1.jsonl",
        event("purchase", {"currency": "KRW", "value": 120000},
              ecommerce={"transaction_id": "00123", "purchase_revenue": 119000.0, **usd}),
        event("purchase", ecommerce={"transaction_id": "T2", **usd}),
        event("refund", {"currency": "KRW"}, ecommerce={"transaction_id": "00123", "refund_value": 19000}),
        event("in_app_purchase", {"value": 2990000, "currency": "KRW"}, event_value_in_usd=2.49, platform="ANDROID"),
        event("purchase", {"value": 7}, ecommerce={"transaction_id": "(not set)"}),
    )  # fmt: skip
    rows = landing.parsed("ga4_events", "1.jsonl")

    assert reasons(rows) == [None, None, None, None, "a value without currency"]
    assert [(row["event_name"], row["order_id"], row["value"], row["currency"]) for row in rows] == [
        ("purchase", "00123", Decimal("119000.000000"), "KRW"),
        ("purchase", "T2", Decimal("90.500000"), "USD"),
        ("refund", "00123", Decimal("19000.000000"), "KRW"),
        ("purchase", None, Decimal("2.490000"), "USD"),
        ("purchase", None, Decimal("7.000000"), None),
    ]


def test_the_first_source_of_a_user_is_that_of_an_app_s_install_alone(landing: Landing) -> None:
    of_user = {"source": "google", "medium": "cpc", "name": "app spring"}
    app = {"platform": "IOS", "app_info": {"id": "com.shop.app"}, "traffic_source": of_user}
    landing.land(
        "1.jsonl",
        event("first_open", **app),
        event("screen_view", **app),
        event("campaign_details", collected_traffic_source={"gclid": "G7"}, **app),
    )
    install, screen, deep_link = landing.parsed("ga4_events", "1.jsonl")

    assert (install["event_name"], install["platform"]) == ("app_install", "ios")
    assert [install[name] for name in ("source", "medium", "campaign")] == ["google", "cpc", "app spring"]
    assert [screen[name] for name in ("source", "medium", "campaign", "page_url")] == [None, None, None, None]
    assert deep_link["page_url"] == "app://com.shop.app/?gclid=G7"


def test_events_without_consent_and_ids_are_set_aside_as_no_data(landing: Landing) -> None:
    no = {"analytics_storage": "No", "ads_storage": "No"}
    landing.land("1.jsonl", event(user_pseudo_id=None, privacy_info=no), event(user_pseudo_id=None, user_id="7"))

    assert reasons(landing.parsed("ga4_events", "1.jsonl")) == [NOBODY, None]


def test_events_of_one_batch_and_moment_are_kept_apart_by_their_place_or_their_parameters(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event("view_item_list", {"item": "a"}, batch_event_index="1"),
        event("view_item_list", {"item": "a"}, batch_event_index="2"),
        event("view_item_list", {"item": "a"}),
        event("view_item_list", {"item": "b"}),
    )
    rows = landing.parsed("ga4_events", "1.jsonl")

    assert len({row["event_id"] for row in rows}) == 4


def test_an_input_may_give_its_events_our_names(landing: Landing) -> None:
    landing.land("1.jsonl", event("generate_lead"), event("first_open", batch_event_index="2"))
    export = Export(event_names={"generate_lead": "sign_up", "first_open": "opened"})
    rows = landing.parsed("ga4_events", "1.jsonl", defaults=Defaults(export=export))

    assert [row["event_name"] for row in rows] == ["sign_up", "opened"]


def test_the_two_tables_of_a_day_have_an_event_once_as_the_final_one_has_it(
    spark: SparkSession, tmp_path: Path
) -> None:
    """In both orders of arrival: the streamed table lacks the session's last click and the user's first source."""
    page = {"page_location": "https://shop.example/?gclid=G1"}
    streamed = [event(parameters=page), event("scroll", batch_event_index="2")]
    final = [
        event(parameters=page, session_traffic_source_last_click=LAST_CLICK),
        event("scroll", batch_event_index="2", traffic_source={"source": "google", "medium": "cpc"}),
    ]
    for name, (first, second) in {"a": (streamed, final), "b": (final, streamed)}.items():
        lake = Lake(spark, str(tmp_path / name / "lake"), "run")
        landed = tmp_path / name / "landing" / "ga4"
        landed.mkdir(parents=True)
        accounts = []
        for file, lines in (("1.jsonl", first), ("2.jsonl", second)):
            (landed / file).write_text("".join(f"{line}\n" for line in lines))
            source = input_named("ga4", "ga4_events", "ga4/*", required=True, options={})
            ingest = Ingest(
                lake,
                str(tmp_path / name / "landing"),
                defaults=Defaults(),
                max_quarantined_share=0.5,
                believable=BELIEVABLE,
                started_at=datetime(2026, 3, 3, tzinfo=UTC),
                say=lambda message: None,
            )
            accounts.append(ingest.take_in(ingest.new_batches([source]))["ga4"])
        rows = lake.read(BRONZE_EVENTS).orderBy("event_name").collect()

        assert [(row["event_name"], row["campaign"]) for row in rows] == [
            ("page_view", "Spring sale"),
            ("scroll", None),
        ]
        assert accounts[0] == Account(read=2, kept=2, duplicate=0, quarantined=0)
        assert (accounts[1].kept, accounts[1].duplicate) == (0, 2)
