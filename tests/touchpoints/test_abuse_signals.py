"""Ad abuse: which claims of an ad are flagged, by stories of one device and by the simulator's truth."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bronze_rows import Fields, at, build_all, collected, frame, hit_knobs, orders, robot_limits
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.settings import load_settings
from simulator.shop import Shop
from simulator.writer import write_landing
from tests.published_lake import arrow_schema
from touchpoints.abuse_signals import SIGNALS
from touchpoints.hits import EVENT_COLUMNS, build_hits
from touchpoints.ids import identified
from touchpoints.sessions import bot_sessions, build_sessions
from touchpoints.source_list import load_sources
from touchpoints.touchpoints import build_touchpoints
from touchpoints.visits import build_visits, slim_visits
from warehouse.tables import BRONZE_EVENTS, SILVER_IDENTITIES

AD: Fields = {"event_name": "ad_click", "source": "net", "medium": "affiliate", "campaign": "cpa"}


def click(second: float, **fields: Any) -> dict[str, Any]:
    """A click that the network reports, with an id of its own."""
    return {**AD, "click_id": f"of {second}", "event_at": at(second / 60), **fields}


def page(second: float, **fields: Any) -> dict[str, Any]:
    return {"event_name": "page_view", "event_at": at(second / 60), **fields}


def bought(second: float) -> dict[str, Any]:
    return page(second, event_name="purchase")


def installed(second: float, **fields: Any) -> dict[str, Any]:
    return page(second, event_name="app_install", platform="android", **fields)


# story: what happened on a device, and the flagged of it, by place
STORIES: dict[str, tuple[list[dict[str, Any]], list[int]]] = {
    "a click and its landing": ([click(0), page(2, source="net", click_id="of 0")], []),
    "a click whose landing has lost its click id": ([click(0), page(2, source="net"), bought(600)], []),
    "a click whose landing names nothing, but begins a visit": ([click(0), page(2), bought(600)], []),
    "one click that lands nowhere": ([click(0)], []),
    "one click that lands nowhere, and a purchase after it": ([click(0), page(300), bought(600)], []),
    "one click at the checkout that lands nowhere": ([page(0), page(200), click(250), bought(300)], []),
    "three clicks in an hour that land nowhere": ([click(0), click(600), click(1200)], []),
    "a click flood: three clicks before a purchase": (
        [page(0), click(1000), click(1500), click(2000), bought(2300)],
        [1, 2, 3],
    ),
    "a click flood on a visitor who is on the site": (
        [page(0), click(100), page(200), click(260), page(320), click(380)],
        [1, 3, 5],
    ),
    "a click flood on everybody, in the hope of a purchase": (
        [click(300.0 * place) for place in range(9)],
        list(range(9)),
    ),
    "eight clicks in two hours and no purchase": ([click(1000.0 * place) for place in range(8)], []),
    "three ads clicked while shopping around, each with its landing": (
        [
            *(page(600.0 * place, source="net", click_id=str(place)) for place in range(3)),
            bought(1500),
        ],
        [],
    ),
    "an injected install: a click just before the app is there": ([click(0), installed(6)], [0]),
    "an install after a download": ([click(0), installed(60)], []),
    "an install whose tracker has the click only just before it": (
        [installed(6, source="net", medium="affiliate", clicked_at=at())],
        [0],
    ),
    "an install whose tracker has the click after it": (
        [installed(6, source="net", medium="affiliate", clicked_at=at(5))],
        [0],
    ),
    "an install whose tracker has the click before its download": (
        [installed(90, source="net", medium="affiliate", clicked_at=at())],
        [],
    ),
    "an organic install, clicked in the store just before": ([installed(6, clicked_at=at())], []),
    "an injected install whose referrer names the network": (
        [click(0), installed(6, source="net", medium="affiliate", click_id="other")],
        [0, 1],
    ),
    "an install whose referrer names an ad that was clicked on the web before": (
        [page(0, source="net", click_id="1"), installed(300, source="net", click_id="1")],
        [],
    ),
    "an organic install": ([installed(0, source="google-play", medium="organic")], []),
    "ads clicked over and over within seconds, each with its landing": (
        [page(4.0 * place, source="net", click_id=str(place)) for place in range(12)],
        [*range(12)],
    ),
    "an impression before a purchase": (
        [page(0), {**AD, "event_name": "ad_impression", "event_at": at(1)}, bought(90)],
        [],
    ),
}


@pytest.fixture(scope="module")
def flagged(spark: SparkSession) -> dict[str, dict[int, dict[str, Any]]]:
    """The touches of each story by place."""
    rows = [
        {"event_id": f"{story}/{place}", "anonymous_id": story, **row}
        for story, (happened, _) in STORIES.items()
        for place, row in enumerate(happened)
    ]
    touches: dict[str, dict[int, dict[str, Any]]] = {story: {} for story in STORIES}
    for row in build_all(spark, rows).touchpoints:
        story, place = row["touchpoint_id"].rsplit("/", 1)
        touches[story][int(place)] = row
    return touches


@pytest.mark.parametrize("story", STORIES)
def test_of_clicks_that_claim_what_they_did_not_lead_to(
    story: str, flagged: dict[str, dict[int, dict[str, Any]]]
) -> None:
    assert [place for place, row in sorted(flagged[story].items()) if row["is_abuse"]] == STORIES[story][1]


def test_a_touch_says_which_signals_were_seen_and_what_claims_nothing_says_none(
    flagged: dict[str, dict[int, dict[str, Any]]],
) -> None:
    flood = flagged["a click flood: three clicks before a purchase"]

    assert flood[1]["abuse_signals"] == "lands nowhere, just before a success, several clicks in an hour"
    assert flood[1]["abuse_probability"] == pytest.approx(0.9548, abs=1e-4)
    assert (flood[0]["abuse_signals"], flood[0]["abuse_probability"]) == (None, None)


def test_flagged_touches_stay_in_silver(flagged: dict[str, dict[int, dict[str, Any]]]) -> None:
    assert len(flagged["a click flood on everybody, in the hope of a purchase"]) == 9


def test_every_signal_is_seen_more_often_on_one_side() -> None:
    assert all(0 < signal.of_abuse < 1 and 0 < signal.of_honest < 1 for signal in SIGNALS)
    assert [signal.name for signal in SIGNALS if signal.weight < 0] == ["lands on a page"]


# Of an event line, what is read here.
FIELDS = (
    "event_id", "event_name", "anonymous_id", "user_id", "session_id", "platform", "source", "medium", "campaign",
    "page_url", "referrer", "install_referrer", "user_agent", "ip", "order_id",
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """The claims of a simulated shop: the planted ones, and those that are flagged, by event id."""

    claims: set[str]
    planted: set[str]
    flagged: set[str]

    @property
    def precision(self) -> float:
        """The part of the flagged claims that is planted."""
        return len(self.flagged & self.planted) / len(self.flagged)

    @property
    def recall(self) -> float:
        """The part of the planted claims that is flagged."""
        return len(self.flagged & self.planted) / len(self.planted)


def judged(spark: SparkSession, folder: Path, shop: Shop, *, network: str = "adfast") -> Judged:
    """What becomes of a shop's claims. The simulator plants its abuse in one network, all of which is abuse; here its
    clicks carry the ids of `network`."""
    write_landing(shop, folder)
    lines = list(sound_lines(folder / "events"))
    planted = {line["event_id"] for line in lines if is_planted(line)}
    for line in lines:
        if is_planted(line) and line["event_name"] == "ad_click":
            line["source"] = network
    touches = collected(touches_of(spark, events_of(spark, lines, folder / "events.parquet")))
    claims = {row["touchpoint_id"] for row in touches if row["abuse_probability"] is not None}
    assert planted <= claims, "every planted click is a touch"
    return Judged(claims, planted, {row["touchpoint_id"] for row in touches if row["is_abuse"]})


def events_of(spark: SparkSession, lines: list[dict[str, Any]], file: Path) -> DataFrame:
    """The lines as rows of bronze.events, by way of a file: they are too many for one message to the engine."""
    schema = arrow_schema(BRONZE_EVENTS)
    wanted = pa.schema([schema.field(name) for name in EVENT_COLUMNS])
    rows = [
        {
            **{name: line[name] for name in FIELDS if line.get(name)},
            "event_at": datetime.fromisoformat(line["event_ts"]).astimezone(UTC),
        }
        for line in lines
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=wanted), file)
    return identified(spark.read.parquet(str(file)))


def is_planted(line: dict[str, Any]) -> bool:
    return line.get("source") == "adfast" or "utm_source=adfast" in line.get("install_referrer", "")


def sound_lines(folder: Path) -> Iterator[dict[str, Any]]:
    """Each event once; lines without id, name, device or a time are left out."""
    seen = set()
    for file in sorted(folder.glob("*.gz")):
        with gzip.open(file, "rt") as text:
            for raw in text:
                try:
                    line = json.loads(raw)
                except json.JSONDecodeError:
                    continue
                needed = ("event_id", "event_name", "event_ts", "anonymous_id")
                if not isinstance(line, dict) or not all(line.get(name) for name in needed):
                    continue
                if line["event_id"] not in seen:
                    seen.add(line["event_id"])
                    yield {"platform": "web", **line}


def touches_of(spark: SparkSession, event_frame: DataFrame) -> DataFrame:
    hits = build_hits(event_frame, hit_knobs(own_domains=["example.com"]), sources=load_sources("sources.yaml"))
    known = frame(spark, SILVER_IDENTITIES.ddl, [])
    built = build_visits(hits, known, orders(spark, []), timeout_minutes=30, max_hours=24)
    slim = slim_visits(
        built.withColumns({"channel": F.lit("test"), "channel_rule": F.lit("test"), "channel_trace": F.lit("test")}),
        conversion_types=["purchase", "sign_up", "app_install"],
        personal=hit_knobs(),
    )
    sessions = build_sessions(slim, limits=robot_limits())
    return build_touchpoints(
        slim, bot_sessions(sessions), abuse=load_settings().ad_abuse, retargeting=load_settings().retargeting
    )


SHOP = Shop(visitors=2500, history_months=1, bad_value_share=0)


@pytest.mark.system
def test_planted_click_floods_and_injected_installs_are_found_with_precision_and_recall(
    spark: SparkSession, tmp_path: Path
) -> None:
    found = judged(spark, tmp_path, SHOP)

    assert len(found.planted) > 100
    assert found.precision > 0.9
    assert found.recall > 0.8


@pytest.mark.system
def test_they_are_found_in_a_network_that_honest_clicks_come_from_too(spark: SparkSession, tmp_path: Path) -> None:
    found = judged(spark, tmp_path, replace(SHOP, seed=7), network="tiktok")

    assert found.precision > 0.9
    assert found.recall > 0.8


@pytest.mark.system
def test_a_clean_shop_flags_at_most_one_in_a_thousand_claims(spark: SparkSession, tmp_path: Path) -> None:
    found = judged(spark, tmp_path, replace(SHOP, abuse_share=0.0))

    assert len(found.claims) > 2000
    assert found.planted == set()
    assert len(found.flagged) / len(found.claims) <= 0.001
