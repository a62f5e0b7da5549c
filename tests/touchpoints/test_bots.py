"""Robots are recognized by their user agent; phones, browsers and apps are people's, whatever names they have."""

from __future__ import annotations

import re
import time
from pathlib import Path

import crawleruseragents
import pytest
from bronze_rows import at, collected, events, hit_knobs
from pyspark.sql import SparkSession

from touchpoints.bots import classify_user_agents, is_bot_agent, robot_of
from touchpoints.hits import build_hits
from touchpoints.knobs import RobotAgents
from touchpoints.source_list import load_sources
from warehouse.errors import UsageError
from warehouse.settings_file import knobs_of

ROBOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
    "Mozilla/5.0 (compatible; Daum/4.1; +http://cs.daum.net/faq/15/4118.html)",
    "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
    "curl/8.4.0",
    "python-requests/2.31.0",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    # Named by no list that we use.
    "Mozilla/5.0 (compatible; AdsBot-Naver/1.0; +https://searchad.naver.com)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36 Google-Ads-Qualify",
    "Mozilla/5.0 (Linux; Android 11; Pixel 5) Chrome/120.0.0.0 Mobile Safari/537.36 (compatible; "
    "Google-HotelAdsVerifier/1.0)",
    "Mozilla/5.0 (Linux; Android 11; Pixel 5) AppleWebKit/537.36 Chrome/99.0 Mobile Safari/537.36 Prerender "
    "(+https://x.example)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; Kimi-User/1.0; +https://www.kimi.com/policies",
    "Mozilla/5.0 (compatible; NewShopCrawler/1.0)",
    "SomeSpider/0.1",
    "Mozilla/5.0 (compatible; Brand New Thing/2.1)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 (ops@monitor.example)",
    "Mozilla/5.0 (iPhone; U; CPU iPhone OS 3_0 like Mac OS X; en-us; EasouSpider; +http://www.easou.com/spider.html)",
    "GuzzleHttp/7",
    "Java/17.0.6",
    "axios/1.6.7",
    "ELB-HealthChecker/2.0",
    "Link Preview/1.5 (http://preview.example)",
    "SitemapValidator",
    "${jndi:ldap://x.example/a}",
    "Mozilla/5.0 (Morningscore/1.0)",
]
PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 KAKAOTALK/10.8.5 (INAPP)",
    "Mozilla/5.0 (Linux; Android 14; SM-S918N) Chrome/125.0 Mobile Safari/537.36 NAVER(inapp; search; 1230; 12.7.2)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/21F79 Instagram 335.1.8.26.85 (iPhone14,5)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/21F79 [FBAN/FBIOS;FBAV/468.0]",
    "Mozilla/5.0 (Linux; Android 10; CUBOT_X18) AppleWebKit/537.36 Chrome/96 Mobile Safari/537.36",
    "ExampleShop/4.2 (iPhone; iOS 17.5)",
    "okhttp/4.12.0",
    # What the crawler list names, and is a person's: in-app browsers, builds, phones, browsers, desktop apps.
    "Mozilla/5.0 (Linux; Android 16; Pixel 10 Build/CP1A.260305.018; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/146.0.7680.174 Mobile Safari/537.36 MetaIAB Facebook",
    "Mozilla/5.0 (Linux; Android 15; RMX6688 Build/AP3A.240617.008) AppleWebKit/537.36 Chrome/130.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Linux; U; Android 2.2.2; en-us; ViewSonic-ViewPad4 Build/FRG83G) AppleWebKit/533.1 Mobile "
    "Safari/533.1",
    "Mozilla/5.0 (Linux; U; Android 4.3; en-us; HTC_Butterfly Build/JSS15J) AppleWebKit/534.30 Mobile Safari/534.30",
    "BBC iPlayer (AndroidApp; 2.0.2.8; 2020008) HTC Butterfly (Android 4.2.2, SDK 17)",
    "Mozilla/5.0 (Linux; Android 5.1; F9 Build/LMY47D; wv) Chrome/68.0 Mobile Safari/537.36 "
    "SogouMSE,SogouMobileBrowser/5.28",
    "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 Chrome/65.0 Safari/537.36 SE 2.X MetaSr 1.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 coc_coc_browser/105.0.98 Chrome/99.0 Safari/537.36",
    "WhatsApp/2.2546.3 W",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 WhatsApp/2.2 Chrome/98.0 "
    "Electron/17.1 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Notion/3.1 Chrome/124.0 Electron/30.0 "
    "Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Code/1.61.2 Chrome/91.0 Electron/13.5.1 "
    "Safari/537.36",
    "Mozilla/5.0 (Linux; Android 7.1.2; G011A Build/N2G48H; wv) Version/4.0 Chrome/66.0 Safari/537.36 Viber/11.9.5.8",
    "Podimo/1.11.3 build 91/Android 28",
    # An entry that the list may get tomorrow: an app is no robot because a list has its name.
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/22A3354 Hatena Disqus "
    "Fever/1.2",
    "Overcast/4 CFNetwork/1406.0.4 Darwin/22.4.0",
    # The words bot and spider in the name of a model or app.
    "Mozilla/5.0 (Linux; Android 6.0; VR BOT 552 PLUS) AppleWebKit/537.36 Chrome/78.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; U; Android 4.2.2; fa-ir; GLX SpiderI Build/JDQ39) AppleWebKit/534.30 Mobile Safari/534.30",
    "Botbox TV/1.0 (Linux;Android 9.1.2) ExoPlayerLib/2.11.3",
    "iRobot Home/7.9 (iPhone; iOS 17.5; Scale/3.00)",
    "Mozilla/5.0 (Web0S; Linux/SmartTV) Chrome/87.0 Safari/537.36 HbbTV/1.6.1 (+DRM; LGE/KTC/BOT 9; "
    "58BSE9503; WEBOS22;)",
    # Numbers and links that are no proof.
    "Opera/9.80 (MAUI Runtime; Opera Mini/4.4.39008/37.9178; U; en) Presto/2.12.423 Version/12.16",
    "Box/1.2.93;Windows/10;Intel64 Family 6 Model 158 Stepping 9, GenuineIntel/64bit",
    "PodcastAddict/v5 ( https://podcastaddict.com/; Android podcast app)",
    "NetNewsWire/4.0.0 (Mac OS X; http://netnewswireapp.com/mac/; gzip-happy)",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; WOW64; Trident/6.0; MASMJS)",
]
# What the list's own examples have of people: in-app browsers, desktop apps, HTTP clients of apps, and an old phone.
OF_PEOPLE = re.compile(r"MetaIAB|Instagram|Electron/|\bFluid/|^Viber$|^WhatsApp|^okhttp|^BlackBerry9000/")


@pytest.mark.parametrize("agent", ROBOTS)
def test_crawlers_scripts_and_headless_browsers_are_robots(agent: str) -> None:
    assert is_bot_agent(agent)


@pytest.mark.parametrize("agent", PEOPLE)
def test_browsers_and_apps_are_people(agent: str) -> None:
    assert not is_bot_agent(agent)


@pytest.mark.parametrize("agent", [None, ""])
def test_no_user_agent_is_no_robot(agent: str | None) -> None:
    assert not is_bot_agent(agent)


def test_every_robot_in_the_list_is_one_and_the_list_names_only_few_people() -> None:
    agents = [agent for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for agent in entry["instances"]]

    missed = [agent for agent in agents if crawleruseragents.is_crawler(agent) and not is_bot_agent(agent)]

    assert [agent for agent in missed if not OF_PEOPLE.search(agent)] == []
    assert len(missed) < len(agents) / 50
    assert len(agents) > 1000


@pytest.fixture(scope="module")
def known_agents(shared_data: Path) -> dict[str, list[list[str]]]:
    """Agent and kind of people and of robots; see ORIGIN.txt beside them."""
    folder = shared_data / "data" / "user_agents"
    if not folder.exists():
        pytest.skip("no user_agents in ../shared/data: the agents of people and robots are not on this machine")
    return {
        name: [line.split("\t") for line in (folder / f"{name}.tsv").read_text(encoding="utf-8").splitlines()]
        for name in ("people", "bots")
    }


def test_of_ten_thousand_people_at_most_one_is_taken_for_a_robot(known_agents: dict[str, list[list[str]]]) -> None:
    people = known_agents["people"]

    taken = {agent: (kind, robot_of(agent)) for agent, kind in people if is_bot_agent(agent)}

    assert len(people) > 3000
    assert taken == {}


def test_at_least_nine_of_ten_robots_are_recognized(known_agents: dict[str, list[list[str]]]) -> None:
    robots = known_agents["bots"]

    recognized = sum(is_bot_agent(agent) for agent, _ in robots)

    assert len(robots) > 500
    assert recognized / len(robots) >= 0.95


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        (ROBOTS[0], "Googlebot/"),
        ("curl/8.4.0", "curl/"),
        ("axios/1.6.7", "axios"),
        ("Mozilla/5.0 (compatible; NewShopBot/1.0)", "bot"),
        ("Mozilla/5.0 (compatible; Brand New Thing/2.1)", "compatible with a browser"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0 Safari/537.36 (ops@monitor.example)", "contact in the agent"),
        ("Mozilla/5.0 (Morningscore/1.0)", "no platform"),
        (PEOPLE[0], None),
    ],
)
def test_the_reason_is_the_name_or_word_that_shows_the_robot_and_no_address(agent: str, reason: str | None) -> None:
    assert robot_of(agent) == reason


def test_an_agent_of_any_length_is_judged_in_no_time() -> None:
    began = time.monotonic()

    for agent in ("a" * 1_000_000, "Mozilla/5.0 " + "(" * 1_000_000, "x@" * 500_000):
        robot_of(agent)

    assert time.monotonic() - began < 2


def test_the_configuration_adds_robots_and_people_and_people_win() -> None:
    agent = "Mozilla/5.0 (Macintosh) Chrome/120.0 Safari/537.36 ShopApp/2 AcmeWatch/1"

    assert robot_of(agent) is None
    assert robot_of(agent, ["acmewatch/"]) == "acmewatch/"
    assert robot_of(agent, ["acmewatch/"], ["shopapp/"]) is None
    assert robot_of("ShopBot/1.0", [], ["ShopBot/"]) is None


@pytest.mark.parametrize("text", ["", " a ", "bot"])
def test_a_part_that_is_found_in_most_agents_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no part of a user agent"):
        knobs_of(RobotAgents, {"robot_agents": [text], "people_agents": []})


def test_spark_keeps_each_agent_beside_its_verdict(spark: SparkSession) -> None:
    agents = spark.createDataFrame([(agent,) for agent in [*ROBOTS, *PEOPLE, None]], "user_agent string")

    rows = classify_user_agents(agents).collect()

    expected: dict[str | None, bool] = {agent: agent in ROBOTS for agent in [*ROBOTS, *PEOPLE, None]}
    assert {row["user_agent"]: row["agent_reason"] is not None for row in rows} == expected


def test_a_server_event_is_not_judged_by_its_backends_agent(spark: SparkSession) -> None:
    sent = [
        {"event_id": "by the server", "event_name": "sign_up", "platform": "server", "user_agent": "axios/1.6.7"},
        {"event_id": "by a script", "event_name": "sign_up", "platform": "web", "user_agent": "axios/1.6.7"},
        {"event_id": "by our own", "event_name": "page_view", "ip": "10.0.0.7"},
        {"event_id": "by a person", "event_name": "page_view", "user_agent": PEOPLE[0]},
    ]
    event_frame = events(spark, [{"event_at": at(), "anonymous_id": "a", **one} for one in sent])

    hits = build_hits(event_frame, hit_knobs(internal_ips=["10.0.0.7"]), sources=load_sources("sources.yaml"))

    assert {row["event_id"]: (row["is_bot"], row["bot_reason"]) for row in collected(hits)} == {
        "by the server": (False, None),
        "by a script": (True, "axios"),
        "by our own": (True, "internal address"),
        "by a person": (False, None),
    }
