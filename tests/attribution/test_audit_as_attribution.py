"""The readers of the audit apply the rules of the builders to the same rows: names of campaigns, causes and ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rules_oracle import NOON
from test_channel_performance import credit, performance, spent
from test_unattributed_conversions import CASES, DAY, FIRST_VISIT, of_case

from published.campaign_sql import named_credits, named_spend
from published.landed_ids import LandedIds, conversion_id_of, landed_order_id
from published.publication import Published
from published.unattributed_cause import JourneyWindow, read_cause
from tests.published_lake import PUBLISHED_AT, write_table
from touchpoints.ids import identified, order_id_of_event
from touchpoints.usable import OF_EVENT, tokenised
from warehouse.campaign_names import campaign_names
from warehouse.contracts import Table
from warehouse.expressions import id_of
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    SILVER_AD_SPEND,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

SLICE = "model = 'linear' and conversion_type = 'purchase' and date_basis = 'touch'"
DIMENSIONS = ("date", "channel", "source", "medium", "campaign")
FIRST_DAY = date(2026, 3, 20)
IDS, NAMES = (None, "1", "AB-2", "ab-2", "3"), (None, "spring", "brand", "2", "ab-2", "generic")
ORIGINS = (("Paid Search", "google", "cpc"), ("Paid Search", "Naver", "CPC"), ("Paid Social", "meta", None))
FILLED = {"string": "", "boolean": False, "bigint": 0, "int": 0, "double": 0.0, "timestamp": NOON, "date": FIRST_DAY}


def written(lake: Path, table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
    """As `write_table`; what is never null and a row lacks is filled."""
    never_null = {column.name: FILLED.get(column.type, Decimal(0)) for column in table.columns if not column.nullable}
    return write_table(lake, table, [{**never_null, **row} for row in rows])


def published(lake: Path, versions: Mapping[Table, int]) -> Published:
    return Published(str(lake), "run-1", FIRST_DAY, PUBLISHED_AT, {t.full_name: v for t, v in versions.items()})


def drawn(random: Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Credits and spend of a few campaigns that are called by ids and by changing names, over 20 days."""
    credits, spend = [], []
    for number in range(random.randint(0, 25)):
        channel, source, medium = random.choice(ORIGINS)
        moment = NOON.replace(hour=random.choice((2, 14, 15))) - timedelta(days=random.randint(0, 19))
        name = random.choice((*NAMES, "SPRING", "unknown"))
        where = {"channel": channel, "source": random.choice((source, source, None)), "medium": medium}
        given = {"campaign_id": random.choice((*IDS, "9")), "touched_at": moment, "converted_at": moment, **where}
        credits.append(credit(f"c{number}", 1.0, str(random.randint(1, 9)), name, **given))
    for _ in range(random.randint(0, 25)):
        channel, source, medium = random.choice(ORIGINS)
        day = FIRST_DAY + timedelta(days=random.randint(-10, 20))
        where = {"channel": channel, "source": source, "medium": medium, "spend_date": day}
        spend.append(spent(random.choice(NAMES), str(random.randint(1, 9)), random.choice(IDS), **where))
    return credits, spend


def by_sql(lake: Path, credits: list[dict[str, Any]], spend: list[dict[str, Any]]) -> dict[tuple[Any, ...], Any]:
    tables = {
        GOLD_ATTRIBUTION_CREDITS: written(lake, GOLD_ATTRIBUTION_CREDITS, credits),
        SILVER_AD_SPEND: written(lake, SILVER_AD_SPEND, spend),
    }
    reader, found = published(lake, tables), defaultdict(lambda: [Decimal(0), Decimal(0)])
    touched = (
        "select *, to_local_time(touched_at at time zone 'Asia/Seoul')::date as date from gold_attribution_credits"
    )
    for row in reader.rows(f"with {named_credits(touched)} select * from credits", *tables):
        found[tuple(row[name] for name in DIMENSIONS)][0] += row["credited_value"]
    for row in reader.rows(f"with {named_spend()} select * from spend", SILVER_AD_SPEND):
        key = (row["date"], row["channel"], row["gold_source"], row["gold_medium"], row["gold_campaign"])
        found[key][1] += row["report_spend"]
    return {key: tuple(amounts) for key, amounts in found.items()}


@pytest.mark.parametrize("seed", range(4))
def test_credits_and_spend_are_under_the_campaigns_of_channel_performance(
    spark: SparkSession, tmp_path: Path, seed: int
) -> None:
    # Worlds of their own share one frame: their ids and names have another letter in front.
    random, credits, spend = Random(seed), [], []
    for world in "pqrstuvw":

        def of_world(row: dict[str, Any], world: str = world) -> dict[str, Any]:
            own = {name: row[name] and world + row[name] for name in ("campaign", "campaign_id")}
            return {**row, **own}

        of_one = drawn(random)
        credits += map(of_world, of_one[0])
        spend += map(of_world, of_one[1])
    frames = {
        table: spark.createDataFrame([tuple(row.get(c) for c in table.column_names) for row in rows], table.ddl)
        for table, rows in {GOLD_ATTRIBUTION_CREDITS: credits, SILVER_AD_SPEND: spend}.items()
    }
    built = performance(
        frames[GOLD_ATTRIBUTION_CREDITS], frames[SILVER_AD_SPEND], campaign_names(frames[SILVER_AD_SPEND])
    )
    expected = {
        tuple(row[name] for name in DIMENSIONS): (row["credited_value"], row["spend"])
        for row in built.where(SLICE).collect()
    }
    assert by_sql(tmp_path, credits, spend) == expected
    assert len(expected) > 50


@pytest.fixture(scope="module")
def lake_of_cases(tmp_path_factory: pytest.TempPathFactory) -> Published:
    lake = tmp_path_factory.mktemp("causes")
    agreed = {"consent_ads": True}
    touches = [{**agreed, **row} for case, (rows, _, _, _) in CASES.items() for row in of_case(case, rows)]
    sessions = [row for case, (_, rows, _, _) in CASES.items() for row in of_case(case, rows)]
    first = {"started_at": FIRST_VISIT, "person_id": "user:first", "is_bot": False}
    versions = {
        SILVER_TOUCHPOINTS: written(lake, SILVER_TOUCHPOINTS, touches),
        SILVER_SESSIONS: written(lake, SILVER_SESSIONS, [first, *sessions]),
    }
    return published(lake, versions)


def cause(lake: Published, case: str, seen: Mapping[str, Any], **conversion: Any) -> str | None:
    row = {"conversion_type": "purchase", "person_id": f"user:{case}", "converted_at": NOON, "consent_ads": None}
    window = JourneyWindow(30, {"sign_up": 7}, without_ads_consent=conversion.pop("without_ads_consent", "all"))
    return read_cause(lake, {**row, **conversion}, dict(seen), window)


@pytest.mark.parametrize("case", CASES)
def test_a_conversion_has_the_cause_that_gold_counts_it_under(lake_of_cases: Published, case: str) -> None:
    (seen,) = of_case(case, [CASES[case][2]])
    assert cause(lake_of_cases, case, seen) == CASES[case][3]


def test_each_type_has_its_window_and_the_first_visit_of_all_counts(lake_of_cases: Published) -> None:
    case = "only robots came under the buyer's name"  # a day before noon, and a touch 40 days before
    assert cause(lake_of_cases, case, {}, converted_at=NOON + 10 * DAY) == "robot"
    assert cause(lake_of_cases, case, {}, converted_at=NOON + 10 * DAY, conversion_type="sign_up") == "outside_window"
    assert cause(lake_of_cases, case, {}, converted_at=FIRST_VISIT - DAY) == "before_first_visit"


def test_touches_without_consent_are_the_cause_where_nothing_of_them_is_used(tmp_path: Path) -> None:
    refused = {"touched_at": NOON - DAY, "person_id": "user:x", "interaction": "click", "consent_ads": False}
    first = {"started_at": FIRST_VISIT, "person_id": "user:first", "is_bot": False}
    lake = published(
        tmp_path,
        {
            SILVER_TOUCHPOINTS: written(tmp_path, SILVER_TOUCHPOINTS, [refused]),
            SILVER_SESSIONS: written(tmp_path, SILVER_SESSIONS, [first]),
        },
    )
    assert cause(lake, "x", {}, without_ads_consent="nothing") == "no_consent"
    assert cause(lake, "x", {}, converted_at=NOON + 40 * DAY, without_ads_consent="nothing") == "no_visit"
    assert cause(lake, "x", {}, consent_ads=False) == "no_consent", "the event itself says so"


@pytest.mark.parametrize("secret", [None, b"a key that nobody can guess at all"])
def test_ids_of_landed_events_become_those_of_silver(spark: SparkSession, secret: bytes | None) -> None:
    orders = [None, "A1", "event:e7", "order:event:e7", "order:7", "a|b", "a\\b", "주문|1"]
    columns = "event_id string, event_name string, anonymous_id string, user_id string, session_id string"
    landed = [(f"e{n}|", "purchase", "d", "u", "s", order) for n, order in enumerate(orders)]
    events = tokenised(identified(spark.createDataFrame(landed, f"{columns}, order_id string")), OF_EVENT, secret)
    made = events.withColumn("order", order_id_of_event()).withColumn("id", id_of(F.lit("purchase"), F.col("order")))
    ids = LandedIds(secret)
    expected = []
    for event_id, *_, order in landed:
        of = ids.of_money_event(event_id, order)
        expected.append((ids.of(event_id), of, conversion_id_of("purchase", of)))
    assert [tuple(row) for row in made.select("event_id", "order", "id").collect()] == expected
    if secret is None:
        given = [(None, event_id) if order is None else (order, None) for event_id, *_, order in landed]
        assert [landed_order_id(of) for _, of, _ in expected] == given
