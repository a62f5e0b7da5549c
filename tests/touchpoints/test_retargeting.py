"""Which touches are retargeting: by words in their campaign, medium and tactic, and by rules of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from bronze_rows import at, collected, visits
from pydantic import ValidationError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.settings import load_settings
from touchpoints.touchpoints import build_touchpoints
from warehouse.knobs import Retargeting, RetargetingRule
from warehouse.retargeting import is_retargeting

BY_WORDS = [
    # Words on their own, in any case, beside signs, digits and other scripts.
    "retargeting", "Retargeting", "KR_RETARGETING_2026", "summer remarketing", "dynamic_retargeting",
    "re-targeting|30d", "rtg", "2026-RTG-cart", "rtg30", "[rmkt] visitors", "search+rlsa", "meta.rmktg.video",
    "Retargeted users", "retargetting (typo)", "éclair rtg", "brand non brand retargeting", "no_rtg rtg",
    "rtg캠페인", "봄 리타겟팅", "다이나믹리타겟팅", "리마케팅_장바구니", "リターゲティング広告", "动态再营销",
]  # fmt: skip
NOT_BY_WORDS = [
    # Inside of other words.
    "cartgo", "rtgx", "startrmk", "Artgallery", "supermarketing", "remarketplace", "retargetingly", "Targeting",
    "Marketing", "Fortgang", "à propos", "brand", "", "(not set)", "cpc", "프리마케팅", "타겟팅", "マーケティング",
    "营销",
    # Words that are taken back.
    "non-retargeting", "no_rtg", "prospecting excl remarketing", "exclude rtg", "without_retargeting", "rtg excluded",
    "리타겟팅 제외", "리타겟팅제외", "비리타겟팅", "rtg 제외", "prospecting (excluding: retargeting)",
]  # fmt: skip
RULES = [{"source": "Criteo"}, {"source": "meta", "campaign": "winback*"}, {"campaign": "*_30d_*"}]
BY_RULES = {
    ("criteo", "cpc", None): True,
    ("CRITEO", None, None): True,
    ("criteo_x", None, None): False,
    ("meta", None, "Winback July"): True,
    ("meta", None, "winback"): True,
    ("google", None, "winback"): False,
    ("meta", None, "the winback"): False,
    ("google", None, "cart_30d_kr"): True,
    ("google", None, "cart_30d"): False,
    (None, None, None): False,
}


def found(spark: SparkSession, rows: list[tuple[Any, ...]], knobs: Retargeting) -> list[bool]:
    frame = spark.createDataFrame(
        [(number, *row) for number, row in enumerate(rows)], "number int, source string, medium string, campaign string"
    )
    flagged = frame.select("number", is_retargeting(knobs, text=("campaign", "medium")).alias("flag"))
    return [row["flag"] for row in sorted(flagged.collect())]


def test_words_of_campaigns_show_it_and_parts_of_other_words_do_not(spark: SparkSession) -> None:
    campaigns = [*BY_WORDS, *NOT_BY_WORDS]
    flags = found(spark, [(None, None, campaign) for campaign in campaigns], load_settings().retargeting)

    assert [campaign for campaign, flag in zip(campaigns, flags, strict=True) if flag] == BY_WORDS


def test_the_medium_shows_it_too(spark: SparkSession) -> None:
    media = ["retargeting", "display_retargeting", "Remarketing", "rtg", "cpc", "targeting", None]
    flags = found(spark, [("x", medium, None) for medium in media], load_settings().retargeting)

    assert flags == [True, True, True, True, False, False, False]


def test_rules_of_ones_own_name_sources_media_and_campaigns(spark: SparkSession) -> None:
    flags = found(spark, [*BY_RULES], Retargeting(words=[], rules=[RetargetingRule(**rule) for rule in RULES]))

    assert dict(zip(BY_RULES, flags, strict=True)) == BY_RULES


def test_words_are_ones_own_to_choose(spark: SparkSession) -> None:
    rows = [(None, None, "comeback_may"), (None, None, "retargeting"), (None, None, "재방문 유도")]

    assert found(spark, rows, Retargeting(words=["Comeback", "재방문"], rules=[])) == [True, False, True]


def test_without_words_and_rules_nothing_is_retargeting(spark: SparkSession) -> None:
    assert found(spark, [("criteo", "retargeting", "rtg")], Retargeting(words=[], rules=[])) == [False]


@pytest.mark.parametrize("rule", [{}, {"source": " "}, {"channel": "Display"}])
def test_a_rule_that_asks_nothing_or_something_unknown_is_refused(rule: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Retargeting(words=[], rules=[rule])  # type: ignore[list-item]


def test_a_touch_is_retargeting_beside_its_channel_also_by_its_tactic(spark: SparkSession) -> None:
    settings = load_settings()
    touches = {
        "paid": {"medium": "cpc", "campaign": "spring_rtg"},
        "mail": {"medium": "email", "campaign": "retargeting cart"},
        "tactic": {"medium": "cpc", "campaign": "spring", "link_tags": {"utm_marketing_tactic": "remarketing"}},
        "direct": {},
    }
    rows = [
        {"event_id": name, "event_at": at(0), "device": name, "anonymous_id": name, "person_id": f"user:{name}",
         "session_id": name, "is_session_start": True, "is_touch": True, **fields}
        for name, fields in touches.items()
    ]  # fmt: skip
    frame = visits(spark, rows).withColumns(
        {name: F.lit("Display") for name in ("channel", "channel_rule", "channel_trace")}
    )
    robots = spark.createDataFrame([], "session_id string")
    built = collected(build_touchpoints(frame, robots, abuse=settings.ad_abuse, retargeting=settings.retargeting))

    assert {row["touchpoint_id"]: (row["channel"], row["is_retargeting"]) for row in built} == {
        "paid": ("Display", True),
        "mail": ("Display", True),
        "tactic": ("Display", True),
        "direct": ("Display", False),
    }
