"""Robots are recognized by their user agent; apps and in-app browsers are people's."""

from __future__ import annotations

import crawleruseragents
import pytest
from pyspark.sql import SparkSession

from touchpoints.bots import APP_CLIENTS, classify_user_agents, is_bot_agent

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
]


@pytest.mark.parametrize("agent", ROBOTS)
def test_crawlers_scripts_and_headless_browsers_are_robots(agent: str) -> None:
    assert is_bot_agent(agent)


@pytest.mark.parametrize("agent", PEOPLE)
def test_browsers_and_apps_are_people(agent: str) -> None:
    assert not is_bot_agent(agent)


@pytest.mark.parametrize("agent", [None, ""])
def test_no_user_agent_is_no_robot(agent: str | None) -> None:
    assert not is_bot_agent(agent)


def test_every_agent_in_the_list_is_classified_as_by_the_lists_own_function() -> None:
    agents = [agent for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for agent in entry["instances"]]

    differing = [
        agent for agent in [*agents, *PEOPLE, *ROBOTS] if is_bot_agent(agent) != crawleruseragents.is_crawler(agent)
    ]

    assert [agent for agent in differing if not agent.startswith(APP_CLIENTS)] == []
    assert len(agents) > 1000


def test_spark_keeps_each_agent_beside_its_verdict(spark: SparkSession) -> None:
    agents = spark.createDataFrame([(agent,) for agent in [*ROBOTS, *PEOPLE, None]], "user_agent string")

    rows = classify_user_agents(agents).collect()

    expected: dict[str | None, bool] = {agent: agent in ROBOTS for agent in [*ROBOTS, *PEOPLE, None]}
    assert {row["user_agent"]: row["is_bot_agent"] for row in rows} == expected
