"""Which user agents are robots: by the crawler-user-agents list and by what agents of robots and of people look like.

A robot names itself; a person's agent names a device, a browser and apps. So a name on the crawler list is no proof
where it is only the model, the build or an app of an otherwise ordinary agent: these parts are taken out before the
rest is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import pandas as pd
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from pyspark.sql import DataFrame

from touchpoints.robot_names import APPS, PROGRAMS, ROBOTS, TRADES, TRADES_IN_BROWSERS, WORDS

# Why, where no name or word says it.
CONTACT, COMPATIBLE, CODE, NO_PLATFORM = "contact in the agent", "compatible with a browser", "code", "no platform"

LITERAL = re.compile(r"(?:[^\\^$.|?*+()\[\]{}]|\\[^\w])+")
ALTERNATIVES = 25  # per compiled expression: more make it slower
LONGEST_REASON = 60  # characters
LONGEST_AGENT = 1000  # characters that are looked at: patterns take long on longer ones, which nobody sends

# Parts of an agent in brackets, with brackets in them: (Linux; Android 11; Moto G Power (2022)), [FBAN/...].
COMMENT = re.compile(r"\((?:[^()]|\([^()]*\))*\)|\[FB[^\]]*\]?")
OF_TV = re.compile(r"hbbtv|smart-?tv|netcast|web0s|roku", re.I)  # all comments of such an agent are about the set
# What stands in comments about devices, which name models and builds.
DEVICE = re.compile(
    r"android|andr0id|tizen|web0s|webos|smarttv|smart-tv|hbbtv|\blge?[;,]|kaios|mobile; |windows phone|windows ce|"
    r"iemobile|\badr\b|linux; u;|midp|brew|bada|symbian|harmony|\+drm|\bbuild[/:]|\[fb|silk|roku|playstation|nintendo|"
    r"sdk \d|macbook|imac",
    re.I,
)
# Kept of such a comment: what only a robot has there.
CLAIM = re.compile(r"://|-Google/|(?:bot|crawler|spider)[\w.-]*/\d|compatible|Catchpoint", re.I)
BUILD = re.compile(r"[^;()\[\]]*\bBuild/[^;)\]]*", re.I)
MODEL = re.compile(r"(?:Device|Model|model)[/:] ?\S+|^HTC[ _]\w+[^/]*")
# Agents of apps name the frameworks that they are built on.
OF_APP = re.compile(
    r"CFNetwork/[\d.]+ Darwin/|\bDalvik/|\bExoPlayer|AmznExoPlayer|\bElectron/|\bCronet/|\(iP(?:hone|ad|od)|; iOS \d|"
    r"\bFB(?:AN|AV)/|watchOS/|tpapi|\bDart/|\bAlamofire/"
)
# Agents of handhelds and TVs. Names of apps stand at their end, where robots' names stand in a computer's agent.
OF_DEVICE = re.compile(
    r"\bandroid\b|\bandr0id\b|\biPhone|\biPad|\biPod|tizen|web0s|kaios|windows phone|\bbrew\b|midp|smart-?tv|"
    r"Opera M(?:ini|obi)|UCWEB|\bJ2ME\b|MAUI[-_ ](?:Browser|Runtime|WAP)|\badr\b",
    re.I,
)
OF_BROWSER = re.compile(r"^(?:Mozilla/\d|Opera[ /]|Safari)|AppleWebKit/|Gecko/\d|Trident/|Presto/", re.I)
# Mozilla/5.0 (compatible; Name...): of browsers only old ones claim it, with MSIE or few other names.
COMPATIBLE_WITH = re.compile(
    r"compatible[;,:] *(?!MSIE ?\d|MSIE[;)]|U;|Konqueror|Polaris|A?IBrowse|ABrowse|Amiga|NetFront|OmniWeb|Opera|iCab|"
    r"Windows|WebTV|Web ?Positive|NetPositive|Teleca|BlackBerry|Sony|LG|Palm|Nintendo|PPC|Series|Elaine|Go\.Web|Blazer|"
    r"Dillo|Lynx|Links|KHTML|Safari|Chrome|Firefox|Linux|X11|Android|Macintosh|Ubuntu|AvantGo|Avant|Kindle|ms-office|"
    r"OSS/|Nokia|Charon|Voyager|Mac|Intel|MS IE|MyIE|Netscape|Mozilla|CPU|Edge|Trident|BeOS|Haiku|OS/2|SunOS|Galeon|"
    r"Epiphany|AOL|Maxthon|SmartTV|Tablet|Mobile|en[-_;]|Lotus|Netgem)[a-z0-9]",
    re.I,
)
WITH_CONTACT = re.compile(
    r"\+ ?https?:|\+www\.|mailto:|[\w.+-]+(?:@| at )[\w-]+(?:\.| dot )[a-z]{2}|"
    r"^[^(]*\( *\+?https?://[^\s);]+ *\)|(?:^|[\s;])https?://[^\s)>]+$",
    re.I,
)
WITH_PLUS = re.compile(r"\+ ?https?:|compatible;[^()]*https?:|\shttps?://[^\s)]+$", re.I)  # the proof on a device
# Code, for whoever prints or queries the agent.
ATTACK = re.compile(r"\$\{|\{\{|<script|\bselect\b.+\bfrom\b|\.\./\.\.|load_file|sleep\(", re.I)
# Mozilla/5.0 and one name, without platform or engine.
BARE = re.compile(r"^Mozilla/5\.0 (?!QGIS)(?:\((?!null)[\w./@ -]+\)|[\w./-]+)$")


def classify_user_agents(
    user_agents: DataFrame, *, robot_agents: Sequence[str] = (), people_agents: Sequence[str] = ()
) -> DataFrame:
    """One row per row of `user_agents` (column user_agent, distinct): user_agent, agent_reason (see `robot_of`).

    Python sees each agent once, in Arrow batches.
    """
    robots, people = tuple(robot_agents), tuple(people_agents)

    def batches(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            reasons = [robot_of(agent, robots, people) for agent in frame["user_agent"]]
            yield frame.assign(agent_reason=pd.Series(reasons, index=frame.index, dtype=object))

    return user_agents.mapInPandas(batches, "user_agent string, agent_reason string")


def is_bot_agent(user_agent: str | None) -> bool:
    """Whether the agent is a crawler, a script or a headless browser; no agent is no proof of one."""
    return robot_of(user_agent) is not None


def robot_of(user_agent: str | None, robot_agents: Sequence[str] = (), people_agents: Sequence[str] = ()) -> str | None:
    """The pattern, name or word that shows the agent to be a robot's; None for a person's, and where there is none.

    A text of `people_agents` in the agent, in any case, wins over all; then one of `robot_agents`.
    """
    if not user_agent:
        return None
    user_agent = user_agent[:LONGEST_AGENT]
    lowered = user_agent.lower()
    if any(text.lower() in lowered for text in people_agents):
        return None
    for text in robot_agents:
        if text.lower() in lowered:
            return text
    bare = _without_devices(user_agent)
    is_device = OF_APP.search(user_agent) is not None or OF_DEVICE.search(user_agent) is not None
    is_browser = OF_BROWSER.search(user_agent) is not None
    return (
        _word_of(bare, ROBOTS)
        or (None if is_device else _word_of(bare, PROGRAMS) or _of_list(bare))
        or (_word_of(bare, WORDS) if is_browser or not is_device else None)
        or (None if is_device else _word_of(bare, TRADES_IN_BROWSERS if is_browser else TRADES))
        or _claim(bare, user_agent, is_browser=is_browser, is_device=is_device)
    )


def _without_devices(agent: str) -> str:
    """The agent without models, builds and apps' names. What only a robot has in a comment stays."""
    is_tv = OF_TV.search(agent) is not None

    def kept(found: re.Match[str]) -> str:
        comment = found.group()
        if not is_tv and not DEVICE.search(comment):
            return comment
        fields = re.split(r"; *", comment.strip("()[]"))
        return f"({'; '.join(field for field in fields if CLAIM.search(field))})"

    text = COMMENT.sub(kept, agent)
    for pattern in (BUILD, MODEL, *_compiled(APPS)):
        text = pattern.sub("", text)
    return text


def _of_list(text: str) -> str | None:
    """By the crawler list, whose names count at the start of a word: 008/ is a robot, Opera Mini/4.4.39008/ is none."""
    literals, expressions = _crawlers()
    for literal in literals:
        at = text.find(literal)
        if at >= 0 and not text[at - 1 : at].isalnum():
            return literal
    for expression in expressions:
        if found := expression.search(text):
            return found.group()[:LONGEST_REASON]
    return None


def _word_of(text: str, words: tuple[str, ...]) -> str | None:
    for word in _compiled(words):
        if found := word.search(text) if words is not PROGRAMS else word.match(text):
            return found.group()[:LONGEST_REASON].lower() if words is WORDS else found.group()[:LONGEST_REASON]
    return None


def _claim(text: str, agent: str, *, is_browser: bool, is_device: bool) -> str | None:
    if is_device:
        return CONTACT if WITH_PLUS.search(text) else None
    if is_browser and COMPATIBLE_WITH.search(text):
        return COMPATIBLE
    if WITH_CONTACT.search(text) or (is_browser and "://" in text):
        return CONTACT
    if ATTACK.search(text):
        return CODE
    return NO_PLATFORM if BARE.search(agent) else None


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """The patterns, once per Python process, in any case."""
    return tuple(re.compile(pattern, re.I) for pattern in patterns)


@cache
def _crawlers() -> tuple[list[str], list[re.Pattern[str]]]:
    """The list, once per Python process: plain texts, which are quick to search for, and compiled expressions."""
    patterns = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA]
    literals = [re.sub(r"\\(.)", r"\1", pattern) for pattern in patterns if LITERAL.fullmatch(pattern)]
    others = [pattern for pattern in patterns if not LITERAL.fullmatch(pattern)]
    groups = [others[start : start + ALTERNATIVES] for start in range(0, len(others), ALTERNATIVES)]
    return literals, [re.compile("|".join(rf"(?<![^\W_])(?:{pattern})" for pattern in group)) for group in groups]
