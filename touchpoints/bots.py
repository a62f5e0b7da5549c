"""Which user agents are robots, by the crawler-user-agents list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pandas as pd
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from pyspark.sql import DataFrame

# HTTP clients that shops' own apps use too: an agent that names one is no proof of a robot.
APP_CLIENTS = ("okhttp",)
LITERAL = re.compile(r"(?:[^\\^$.|?*+()\[\]{}]|\\[^\w])+")
ALTERNATIVES = 25  # per compiled expression: more make it slower


def classify_user_agents(user_agents: DataFrame) -> DataFrame:
    """One row per row of `user_agents` (column user_agent, distinct): user_agent, is_bot_agent.

    Python sees each agent once, in Arrow batches.
    """

    def batches(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            yield frame.assign(is_bot_agent=[is_bot_agent(agent) for agent in frame["user_agent"]])

    return user_agents.mapInPandas(batches, "user_agent string, is_bot_agent boolean")


def is_bot_agent(user_agent: str | None) -> bool:
    """Whether the agent is a crawler, a script or a headless browser; no agent is no proof of one."""
    if not user_agent:
        return False
    literals, expressions = _crawlers()
    return any(text in user_agent for text in literals) or any(found.search(user_agent) for found in expressions)


@cache
def _crawlers() -> tuple[list[str], list[re.Pattern[str]]]:
    """The list, once per Python process: plain texts, which are quick to search for, and compiled expressions."""
    patterns = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA if entry["pattern"] not in APP_CLIENTS]
    literals = [re.sub(r"\\(.)", r"\1", pattern) for pattern in patterns if LITERAL.fullmatch(pattern)]
    others = [pattern for pattern in patterns if not LITERAL.fullmatch(pattern)]
    groups = [others[start : start + ALTERNATIVES] for start in range(0, len(others), ALTERNATIVES)]
    return literals, [re.compile("|".join(f"(?:{pattern})" for pattern in group)) for group in groups]
