"""channel_cases.tsv: what landings, referrers and fields of events become, row by row, through hits and rules."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bronze_rows import collected, events, hit_knobs, stored
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.channel_rules import load_channel_rules
from touchpoints.channels import channels_of, with_channel, with_known_channel
from touchpoints.hits import build_hits
from touchpoints.source_list import load_sources

RULES = load_channel_rules("channels.yaml")
SOURCES = load_sources("sources.yaml")
SHOP = "https://shop.example"
# Rules that no landing reaches by the click ids of the list; tests/touchpoints/test_channels.py reaches them. A click
# id sets the medium where there is none, and every one that proves an ad is of a known source.
NOT_BY_A_LINK = {"display_click_id", "paid_click_id", "paid_other_by_click_id"}


class Case(NamedTuple):
    """A row of the table; `line` is its line in the file."""

    line: int
    url: str
    referrer: str | None
    fields: dict[str, str]
    source: str | None
    medium: str | None
    campaign: str | None
    channel: str
    rule: str


def cases_of_file() -> list[Case]:
    cases = []
    text = (Path(__file__).parent / "channel_cases.tsv").read_text(encoding="utf-8")
    for line, row in enumerate(text.splitlines(), start=1):
        if not row.startswith("#"):
            url, referrer, fields, source, medium, campaign, channel, rule = (
                None if cell == "-" else cell for cell in row.split("\t")
            )
            assert url
            assert channel
            assert rule
            address = SHOP + url if url.startswith("/") else url
            given = dict(field.split("=", 1) for field in (fields or "").split())
            cases.append(Case(line, address, referrer, given, source, medium, campaign, channel, rule))
    return cases


CASES = cases_of_file()


def test_every_case_of_the_table_gets_its_source_channel_and_rule(spark: SparkSession) -> None:
    rows = [
        {"event_id": str(case.line), "page_url": case.url, "referrer": case.referrer, **case.fields} for case in CASES
    ]

    hits = build_hits(events(spark, rows), hit_knobs(), sources=SOURCES)
    found = {int(row["event_id"]): row for row in collected(with_channel(hits, RULES, SOURCES))}

    names = ("source", "medium", "campaign", "channel", "channel_rule")
    got = {case.line: tuple(found[case.line][name] for name in names) for case in CASES}
    expected = {case.line: (case.source, case.medium, case.campaign, case.channel, case.rule) for case in CASES}
    assert {line: got[line] for line in got if got[line] != expected[line]} == {}
    assert all(found[case.line]["channel_trace"].startswith(case.rule) for case in CASES)


def test_channels_looked_up_by_combination_are_those_of_each_row(spark: SparkSession) -> None:
    rows = [
        {"event_id": str(case.line), "page_url": case.url, "referrer": case.referrer, **case.fields} for case in CASES
    ]
    hits = build_hits(events(spark, rows), hit_knobs(), sources=SOURCES)
    touches, is_touch = stored(hits), F.col("event_id").cast("int") % 5 != 0

    of_each = with_channel(touches, RULES, SOURCES, where=is_touch)
    known = channels_of(touches.where(is_touch), RULES, SOURCES)

    names = ("event_id", "channel", "channel_rule", "channel_trace")
    found = with_known_channel(touches, known, where=is_touch).select(*names).collect()
    assert len(found) == len(CASES)
    assert sorted(found, key=repr) == sorted(of_each.select(*names).collect(), key=repr)
    assert 0 < known.count() < len(CASES)


def test_the_table_has_every_rule_and_400_different_rows() -> None:
    assert {case.rule for case in CASES} == {"unassigned", *(rule.name for rule in RULES.all_rules)} - NOT_BY_A_LINK
    assert len({repr(case[1:4]) for case in CASES}) >= 400
    repeated = [case for case, count in Counter(map(repr, (case[1:4] for case in CASES))).items() if count > 1]
    assert repeated == []


# The channel of a link that has nothing but a click id, by the kind of campaign that it proves.
OF_KIND = {
    "search": "Paid Search",
    "shopping": "Paid Shopping",
    "social": "Paid Social",
    "display": "Display",
    "affiliate": "Affiliates",
    "email": "Email",
}


def test_a_link_with_nothing_but_a_click_id_has_the_channel_of_its_kind(spark: SparkSession) -> None:
    click_ids = [click_id for click_id in SOURCES.click_ids if click_id.paid or click_id.kind == "email"]
    values = [click_id.value_part or click_id.value_contains or "abc1" for click_id in click_ids]
    rows = [
        {"event_id": str(number), "page_url": f"{SHOP}/?{click_id.parameter}={quote(value)}"}
        for number, (click_id, value) in enumerate(zip(click_ids, values, strict=True))
    ]

    hits = build_hits(events(spark, rows), hit_knobs(), sources=SOURCES)
    found = {int(row["event_id"]): row["channel"] for row in collected(with_channel(hits, RULES, SOURCES))}

    names = [f"{click_id.parameter} {value}" for click_id, value in zip(click_ids, values, strict=True)]
    assert {name: found[number] for number, name in enumerate(names)} == {
        name: OF_KIND[click_id.kind or ""] for name, click_id in zip(names, click_ids, strict=True)
    }
