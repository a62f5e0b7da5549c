"""Which user agents are robots, by the crawler-user-agents list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pandas as pd
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from pyspark.sql import DataFrame

# HTTP clients that shops' own apps use as well: an agent that names one is no proof of a robot.
APP_CLIENTS = ("okhttp",)


def classify_user_agents(user_agents: DataFrame) -> DataFrame:
    """One row per distinct value of `user_agents` (column user_agent): is_bot_agent. Python sees each agent once."""

    def batches(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            yield frame.assign(is_bot_agent=[is_bot_agent(agent) for agent in frame["user_agent"]])

    return user_agents.mapInPandas(batches, "user_agent string, is_bot_agent boolean")


def is_bot_agent(user_agent: str) -> bool:
    """Whether the agent is a crawler, a script or a headless browser."""
    return _crawlers().search(user_agent) is not None


@cache
def _crawlers() -> re.Pattern[str]:
    patterns = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA if entry["pattern"] not in APP_CLIENTS]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
