"""Every event format and every spend format through the whole pipeline, to the row of a campaign's return on spend.

One lake takes them all. Each format has a small shop of its own: an ad's click, page views and a purchase of 120.50,
and a campaign that cost 30.125. So each return is 4.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import pipeline
from jobs.settings import load_settings
from tests.quick import QUICK
from tests.tracker_histories import AGENT, EXPORTS, FIRST_DAY, SHOP, history
from warehouse.contracts import Table
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_LANDED_FILES,
    GOLD_CHANNEL_PERFORMANCE,
    SILVER_CONVERSIONS,
    SILVER_IDENTITIES,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

pytestmark = pytest.mark.system

DAY = f"{FIRST_DAY:%Y-%m-%d}"
OUTCOMES = ("read", "kept", "duplicate", "quarantined")
TWICE = 4  # rows of a history that are landed twice
BUYERS = 4  # of each event format, with the same history
FILES = 3  # of each buyer
SEED = 20260301
INSTALLED, BOUGHT = FIRST_DAY, FIRST_DAY + timedelta(days=1)
APPS = ("adjust_events", "airbridge_events", "appsflyer_events")
EVENT_FORMATS = (*EXPORTS, *APPS)
# By spend format: its platform, and its lines for a campaign of that name (the account and the campaign's id besides).
SPEND_FORMATS: dict[str, tuple[str, list[str]]] = {
    "ad_spend": (
        "meta",
        ["date,platform,account_id,campaign_name,spend,currency", f"{DAY},meta,1,by-ad_spend,30.125,USD"],
    ),
    "csv_spend": ("meta", ["day,network,account,campaign,cost,currency", f"{DAY},meta,2,by-csv_spend,30.125,USD"]),
    "apple_search_ads": (
        "apple_search_ads",
        ["date,id,campaign name,taps,impressions,local_spend_amount,local_spend_currency,tap_installs",
         f"{DAY},33,by-apple_search_ads,5,100,30.125,USD,1"],
    ),
    "google_ads": (
        "google_ads",
        ["customer_id,date,id,impressions,clicks,cost_micros,conversions,conversions_value,_fivetran_synced",
         f"44,{DAY},440,100,5,30125000,1,0,2026-03-09 01:00:00"],
    ),
    "google_ads_web": (
        "google_ads",
        ["Day,Customer ID,Campaign,Cost,Currency code", f"{DAY},45,by-google_ads_web,30.125,USD", "Total,,,30.125,USD"],
    ),
    "kakao_moment": ("kakao_moment", ["시작일,종료일,캠페인 이름,비용", f'{DAY},{DAY},by-kakao_moment,"30,125"']),
    "linkedin_ads": (
        "linkedin",
        ["campaign_id,campaign name,day,clicks,cost_in_local_currency,cost_in_usd",
         f"55,by-linkedin_ads,{DAY} 00:00:00,5,999,30.125"],
    ),
    "meta_ads": (
        "meta",
        ["Reporting starts,Reporting ends,Account ID,Campaign name,Amount spent (USD)", f"{DAY},{DAY},,,30.125",
         f"{DAY},{DAY},act_66,by-meta_ads,30.125"],
    ),
    "meta_basic_ads": (
        "meta",
        ["ad_id,date,account_id,impressions,inline_link_clicks,spend,currency", f"770,{DAY},77,10,1,30.125,USD"],
    ),
    "meta_insights": (
        "meta",
        [json.dumps({"date_start": DAY, "date_stop": DAY, "account_id": "88", "campaign_id": "880", "spend": "30.125",
                     "campaign_name": "by-meta_insights", "account_currency": "USD",
                     "actions": [{"action_type": "purchase", "value": "1"}, {"action_type": "lead", "value": "9"}]})],
    ),
    "microsoft_ads": (
        "microsoft_ads",
        ["Gregorian date,Campaign,Currency code,Spend", f"{DAY},by-microsoft_ads,USD,30.125"],
    ),
    "naver_searchad": ("naver_searchad", ["일별,캠페인,총비용(VAT포함)", f'{DAY},by-naver_searchad,"30,125"']),
    "tiktok_ads": (
        "tiktok",
        ["campaign name,stat_time_hour,spend,clicks,currency", f"by-tiktok_ads,{DAY} 5:00:00,30,-,USD",
         f"by-tiktok_ads,{DAY} 6:00:00,0.125,-,USD"],
    ),
}  # fmt: skip
LOOKUPS = {
    "google_ads": {
        "account_history": ["id,updated_at,currency_code,time_zone", "44,2026-01-01 00:00:00,USD,UTC"],
        "campaign_history": ["id,updated_at,name", "440,2026-01-01 00:00:00,by-google_ads"],
    },
    "meta_basic_ads": {
        "ad_history": ["id,campaign_id,updated_time", "770,777,2026-01-01T00:00:00"],
        "campaign_history": ["id,name,updated_time", "777,by-meta_basic_ads,2026-01-01T00:00:00"],
        "ad_actions": ["ad_id,date,action_type,value", f"770,{DAY},purchase,1", f"770,{DAY},lead,9"],
    },
}
CSV_SPEND = {
    "date": "day",
    "platform": "network",
    "account_id": "account",
    "campaign_name": "campaign",
    "spend": "cost",
}


def app_lines(adapter: str) -> list[str]:
    """An install by an ad of Facebook, and a purchase the day after."""
    campaign, installed, bought = f"retarget-{adapter}", f"{INSTALLED:%Y-%m-%d %H:%M:%S}", f"{BOUGHT:%Y-%m-%d %H:%M:%S}"
    if adapter == "appsflyer_events":
        return [
            "Attributed Touch Time,Event Time,Event Name,Event Value,Event Revenue,Event Revenue Currency,Media Source,"
            "Campaign,AppsFlyer ID,Platform",
            f"{installed},{installed},install,,,,Facebook Ads,{campaign},af-1,ios",
            f'{installed},{bought},af_purchase,"{{""af_order_id"":""{adapter}-1""}}",120.50,USD,Facebook Ads,'
            f"{campaign},af-1,ios",
        ]
    if adapter == "adjust_events":
        at = [int(moment.timestamp()) for moment in (INSTALLED, BOUGHT)]
        return [
            "{activity_kind},{event_name},{created_at},{adid},{network_name},{campaign_name},{revenue_float},{currency},"
            "{os_name},{environment},{partner_parameters}",
            f"install,,{at[0]},aj-1,Facebook Installs,{campaign},,,ios,production,",
            f'event,purchase,{at[1]},aj-1,Facebook Installs,{campaign},120.50,USD,ios,production,'
            f'"{{""order_id"":""{adapter}-1""}}"',
        ]  # fmt: skip
    return [
        "Event Category,Event Datetime,Airbridge Device ID,Channel,Campaign,Event Value,Currency,Transaction ID,"
        "Platform",
        f"Install (App),{installed},ab-1,facebook.business,{campaign},,,,iOS",
        f"Order Complete (App),{bought},ab-1,facebook.business,{campaign},120.50,USD,{adapter}-1,iOS",
    ]


def visit_and_purchase(adapter: str, platform: str) -> list[str]:
    """An ad's click and a purchase in our own format, for a spend format's campaign."""
    of_platform = load_settings().ad_spend.platforms[platform]
    page = f"{SHOP}/?utm_source={of_platform.source}&utm_medium={of_platform.medium}&utm_campaign=by-{adapter}"
    click = {
        "event_id": f"{adapter}-1", "event_name": "page_view", "event_ts": f"{FIRST_DAY:%Y-%m-%dT%H:%M:%SZ}",
        "anonymous_id": adapter, "page_url": page, "user_agent": AGENT,
    }  # fmt: skip
    purchase = {
        **click, "event_id": f"{adapter}-2", "event_name": "purchase", "page_url": f"{SHOP}/done",
        "event_ts": f"{FIRST_DAY + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}", "order_id": adapter, "value": "120.50",
        "currency": "USD",
    }  # fmt: skip
    return [json.dumps(click), json.dumps(purchase)]


def buyers(adapter: str) -> list[str]:
    """Buyers with one history each, cut otherwise."""
    return [adapter, *(f"{adapter}-{number}" for number in range(1, BUYERS))]


def cut(lines: list[str], *, has_header: bool, chance: Random) -> list[list[str]]:
    """The lines in any order, the first TWICE of them once more, in three files."""
    header, rows = (lines[:1], lines[1:]) if has_header else ([], lines)
    landed = [*rows, *rows[:TWICE]]
    chance.shuffle(landed)
    ends = [0, *sorted(chance.sample(range(1, len(landed)), FILES - 1)), len(landed)]
    return [[*header, *landed[first:end]] for first, end in pairwise(ends)]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The lake of one pipeline over all formats."""
    folder = tmp_path_factory.mktemp("formats")
    inputs: list[dict[str, Any]] = []
    later: list[tuple[Path, list[str]]] = []

    def write(file: Path, lines: list[str]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def land(name: str, adapter: str, ending: str, *files: list[str], **knobs: Any) -> None:
        for number, lines in enumerate(files):
            write(folder / "landing" / name / f"{number}.{ending}", lines)
        inputs.append({"name": name, "adapter": adapter, "files": f"{name}/*", "required": True, **knobs})

    for adapter, (export, ending) in EXPORTS.items():
        chance = Random(SEED)
        cuts = [cut(export(history(whose)), has_header=ending == "csv", chance=chance) for whose in buyers(adapter)]
        # Any of a buyer's three files come with the first run, the others with the second.
        for buyer, files in enumerate(cuts):
            for number, lines in enumerate(files):
                place = folder / "landing" / adapter / f"{buyer}-{number}.{ending}"
                if (buyer + number) % FILES == 0:
                    later.append((place, lines))
                else:
                    write(place, lines)
        land(adapter, adapter, ending)
    for adapter in APPS:
        land(adapter, adapter, "csv", app_lines(adapter))
    clicks = [
        line for adapter, (platform, _) in SPEND_FORMATS.items() for line in visit_and_purchase(adapter, platform)
    ]
    land("of_spend", "events", "jsonl", clicks)
    retargeted = [f"{DAY},meta,of {adapter},retarget-{adapter},30.125,USD" for adapter in EVENT_FORMATS]
    land("retarget", "ad_spend", "csv", ["date,platform,account_id,campaign_name,spend,currency", *retargeted])
    for adapter, (_, lines) in SPEND_FORMATS.items():
        options = {}
        for name, of_lookup in LOOKUPS.get(adapter, {}).items():
            place = Path("lookups") / adapter / f"{name}.csv"
            (folder / "landing" / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / "landing" / place).write_text("".join(f"{line}\n" for line in of_lookup), encoding="utf-8")
            options[name] = str(place)
        columns = CSV_SPEND if adapter == "csv_spend" else {}
        ending = "jsonl" if lines[0].startswith("{") else "csv"
        land(f"{adapter}_in", adapter, ending, lines, columns=columns, options=options)
    land("rates", "exchange_rates", "csv", ["date,currency,report_currency,rate", f"{DAY},KRW,USD,0.001"])
    knobs = {
        "lake": str(folder / "lake"),
        "landing": {"root": str(folder / "landing"), "inputs": inputs},
        "report": {"timezone": "UTC", "currency": "USD", "file": str(folder / "report.html")},
        "attribution": {"models": ["last_non_direct"], "data_driven": {"models": []}},
        "quality": {"max_quarantined_share": 0.0},
        "mlflow": {
            "tracking_uri": f"sqlite:///{folder}/mlflow.db",
            "artifact_root": str(folder / "mlartifacts"),
            "champion_may_be_missing": True,
        },
        "spark": {"conf": {"spark.sql.shuffle.partitions": "2", **QUICK}},
    }
    config = folder / "shop.yaml"
    config.write_text(json.dumps(knobs))  # JSON is YAML
    assert pipeline.main(["--config", str(config)]) == 0
    for place, lines in later:
        write(place, lines)
    assert pipeline.main(["--config", str(config)]) == 0
    yield Lake(spark, str(folder / "lake"), "look")


def return_of(lake: Lake, campaign: str) -> tuple[Decimal, Decimal, Decimal]:
    """Spend, credited value and their ratio of a campaign, by the day of the conversion."""
    performance = lake.read(GOLD_CHANNEL_PERFORMANCE).where(
        (F.col("model") == "last_non_direct")
        & (F.col("conversion_type") == "purchase")
        & (F.col("date_basis") == "conversion")
        & (F.col("campaign") == campaign)
    )
    (row,) = performance.agg(F.sum("spend").alias("spend"), F.sum("credited_value").alias("value")).collect()
    assert row["spend"], f"no spend of {campaign}"
    return row["spend"], row["value"], row["value"] / row["spend"]


@pytest.mark.parametrize("adapter", EVENT_FORMATS)
def test_the_events_of_a_format_earn_their_campaign_four_times_its_spend(lake: Lake, adapter: str) -> None:
    assert return_of(lake, f"retarget-{adapter}") == (Decimal("30.125"), Decimal("120.50"), Decimal(4))


@pytest.mark.parametrize("adapter", SPEND_FORMATS)
def test_the_spend_of_a_format_meets_its_campaign_s_purchase(lake: Lake, adapter: str) -> None:
    assert return_of(lake, f"by-{adapter}") == (Decimal("30.125"), Decimal("120.50"), Decimal(4))


def test_every_row_is_accounted_for(lake: Lake) -> None:
    """A total of Google's page and the sum of Meta's are set aside; all others are kept, or the same again."""
    accounts = {name: Counter[str]() for name in (*EXPORTS, *APPS, *(f"{name}_in" for name in SPEND_FORMATS))}
    for row in lake.read(BRONZE_LANDED_FILES).where(F.col("source").isin(*accounts)).collect():
        accounts[row["source"]].update(
            {name: row[f"rows_{name}"] for name in ("read", "kept", "duplicate", "quarantined")}
        )
    aside = {name: account["quarantined"] for name, account in accounts.items() if account["quarantined"]}
    again = {name: account["duplicate"] for name, account in accounts.items() if account["duplicate"]}
    assert aside == {"google_ads_web_in": 1, "meta_ads_in": 1}
    assert again == dict.fromkeys(EXPORTS, TWICE * BUYERS)
    assert all(
        account["read"] == account["kept"] + account["duplicate"] + account["quarantined"] > 0
        for account in accounts.values()
    )


# What of a row is the same whatever the format; ids that are made from event ids are not.
SAME: dict[Table, tuple[str, ...]] = {
    SILVER_SESSIONS: (
        "person_id", "anonymous_id", "started_at", "ended_at", "events", "page_views", "channel", "source", "medium",
        "campaign", "is_bot",
    ),
    SILVER_TOUCHPOINTS: (
        "person_id", "touched_at", "interaction", "channel", "channel_rule", "source", "medium", "campaign", "content",
        "term", "click_id_type", "click_id", "referrer_domain", "landing_url", "platform", "consent_ads",
    ),
    SILVER_IDENTITIES: ("person_id", "anonymous_id", "user_id", "valid_from", "valid_to"),
    SILVER_CONVERSIONS: ("conversion_type", "person_id", "converted_at", "order_id", "value", "currency"),
}  # fmt: skip


def rows_of(lake: Lake, table: Table, whose: str) -> list[tuple[Any, ...]]:
    """The rows of one buyer, without its name in them."""
    frame: DataFrame = lake.read(table).select(*(F.col(name).cast("string") for name in SAME[table]))
    # The name of our own format ends others' names.
    name = re.compile(rf"(?<![a-z_]){re.escape(whose)}(?!-\d-)")
    rows = [tuple(row) for row in frame.collect() if re.search(rf"(?<![a-z_]){re.escape(whose)}-ann", str(row))]
    return sorted((tuple(text and name.sub("x", text) for text in row) for row in rows), key=repr)


@pytest.mark.parametrize("adapter", EXPORTS)
@pytest.mark.parametrize("table", SAME, ids=lambda table: table.name)
def test_events_in_any_order_doubled_and_in_any_batches_are_the_same_sessions_touches_and_persons_in_every_format(
    lake: Lake, table: Table, adapter: str
) -> None:
    expected = rows_of(lake, table, "events")
    assert len(expected) >= 1
    for whose in buyers(adapter):
        assert rows_of(lake, table, whose) == expected, whose


def test_the_history_is_four_visits_of_one_person_on_two_devices(lake: Lake) -> None:
    visits = rows_of(lake, SILVER_SESSIONS, "events")
    assert [row[6] for row in sorted(visits, key=lambda row: row[2])] == [
        "Paid Search", "Paid Social", "Organic Social", "Direct",
    ]  # fmt: skip
    assert len({row[0] for row in visits}) == 1
