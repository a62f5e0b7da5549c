"""Which browsers forget cookies of scripts after seven days."""

from __future__ import annotations

from bronze_rows import collected, events, frame, hit_knobs
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.hits import build_hits
from touchpoints.short_cookies import has_short_cookies
from touchpoints.source_list import load_sources

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
SAFARI = f"{MAC}605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15"
CHROME = f"{MAC}537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
# user agent -> whether its cookies are short
BROWSERS = {
    SAFARI: True,
    f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1": True,
    f"{IPHONE} CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1": True,
    f"{IPHONE} FxiOS/125.0 Mobile/15E148 Safari/605.1.15": True,
    f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/461.0.0.38.109]": True,
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
    "Safari/604.1": True,
    CHROME: False,
    f"{CHROME} Edg/124.0.0.0": False,
    f"{CHROME} OPR/110.0.0.0": False,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:125.0) Gecko/20100101 Firefox/125.0": False,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 "
    "Safari/537.36": False,
    "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/24.0 "
    "Chrome/117.0 Mobile Safari/537.36": False,
    "Mozilla/5.0 (Linux; U; Android 4.0) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Safari/534.30": False,
}  # fmt: skip


def test_safari_and_all_of_ios_have_short_cookies(spark: SparkSession) -> None:
    agents = frame(spark, "agent string", ({"agent": agent} for agent in BROWSERS))

    found = agents.select("agent", has_short_cookies(F.col("agent"))).collect()

    assert {row[0]: row[1] for row in found} == BROWSERS


def test_a_touch_is_known_by_its_device_or_by_the_login_alone(spark: SparkSession) -> None:
    rows = [
        {"event_id": "1", "anonymous_id": "d", "id_kind": "app_instance_id", "att_status": "denied", "user_id": "ann"},
        {"event_id": "2", "anonymous_id": "d", "user_id": "ann"},
        {"event_id": "3", "user_id": "ann"},
        {"event_id": "4"},
    ]

    hits = collected(build_hits(events(spark, rows), hit_knobs(), sources=load_sources("sources.yaml")))

    assert [(hit["id_kind"], hit["att_status"]) for hit in sorted(hits, key=lambda hit: hit["event_id"])] == [
        ("app_instance_id", "denied"),
        (None, None),
        ("login", None),
        (None, None),
    ]


def test_where_there_is_no_browser_it_is_not_known(spark: SparkSession) -> None:
    rows = [
        {"event_id": "safari", "user_agent": SAFARI},
        {"event_id": "chrome", "user_agent": CHROME},
        {"event_id": "an app", "user_agent": f"{IPHONE} Mobile/15E148", "platform": "ios"},
        {"event_id": "no agent"},
    ]

    hits = collected(build_hits(events(spark, rows), hit_knobs(), sources=load_sources("sources.yaml")))

    assert {hit["event_id"]: hit["has_short_cookie"] for hit in hits} == {
        "safari": True,
        "chrome": False,
        "an app": None,
        "no agent": None,
    }
