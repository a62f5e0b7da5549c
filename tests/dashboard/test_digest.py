"""The digest: its figures beside a computation over the rows, its parts, and each form with what attackers write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard.digest.content import MOST_LINES, Digest, Part, Reader, make_digest
from dashboard.digest.knobs import Team, TextFile
from dashboard.digest.mail import email_message
from dashboard.digest.slack import LONGEST_BLOCK, MOST_BLOCKS, slack_message
from dashboard.digest.text import as_html, as_markdown, as_text
from dashboard.words import words_in
from published.digests import FIGURES, NO_NEW_DATA
from published.publication import Published, read_published
from published.questions import ask
from tests.published_lake import AS_OF, publish, write_table
from tests.question_lake import NEWEST, write_questions
from tests.small_shop import NOON, performance_row
from warehouse.errors import UsageError
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, OPS_MODEL_MONITOR, OPS_QUALITY_RESULTS, OPS_RUN_LOG

ATTACK = '<!channel> @here <https://evil.example|free> *bold* & "quoted" | `x`'
TODAY = AS_OF + timedelta(days=1)
WEEK = timedelta(days=7)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[Published, Rows]:
    """A published lake where a later run failed a check and stopped, a model drifts, and somebody asked."""
    place = tmp_path_factory.mktemp("digest") / "lake"
    rows = [*write_questions(place)[GOLD_CHANNEL_PERFORMANCE]]
    published = read_published(str(place))
    later = "run-3"
    check = {"run_id": later, "expected": 10.0, "detail": "", "checked_at": NOON + timedelta(days=1)}
    write_table(
        place,
        OPS_QUALITY_RESULTS,
        [
            {**check, "run_id": NEWEST, "check_name": "old", "passed": False, "actual": 1.0, "checked_at": NOON},
            {**check, "check_name": "sums agree", "passed": False, "actual": 9.5},
            {**check, "check_name": "nothing is lost", "passed": True, "actual": 10.0},
        ],
    )
    step = {"run_id": later, "started_at": NOON, "finished_at": NOON, "written": [], "counts": [], "settings_hash": ""}
    step |= {"code_version": ""}
    write_table(
        place,
        OPS_RUN_LOG,
        [
            {**step, "job": "pipeline/build", "status": "done"},
            {**step, "job": "pipeline/check", "status": "failed", "message": f"a check failed\n{ATTACK}"},
        ],
    )
    found = {"model_version": "customer-value/3", "model_as_of": AS_OF, "since": AS_OF, "until": AS_OF}
    found |= {"check_name": "purchases", "subject": "4 weeks"}
    old = {"run_id": "run-1", "as_of": AS_OF - WEEK, "checked_at": NOON - WEEK, "detail": "long ago", "is_alarm": True}
    new = {"run_id": NEWEST, "as_of": AS_OF, "checked_at": NOON}
    monitored = [
        {**found, **old},
        {**found, **new, "detail": "30% fewer than forecast", "is_alarm": True},
        {**found, **new, "subject": "13 weeks", "detail": "as forecast", "is_alarm": False},
    ]
    write_table(place, OPS_MODEL_MONITOR, monitored)
    ask(published, metric="roas", number="4.2", filters={}, note=f"private {ATTACK}", asked_by="ann", asked_at=NOON)
    return published, rows


def reader(language: str = "en", **other: Any) -> Reader:
    team = {"name": "growth", "language": language, "to": (TextFile(kind="file", path="a.md"),), **other}
    return Reader(Team.model_validate(team), "UTC", smallest=30, pages_url="https://pages.example/?a=1&b=2", since=None)


def digest(published: Published, language: str = "en", **other: Any) -> Digest:
    return make_digest(published, reader(language, **other), FIGURES, today=TODAY)


def attacked(found: Digest) -> Digest:
    """The digest with the attack wherever a text from outside can stand."""
    kpis = tuple(line._replace(label=ATTACK) for line in found.kpis)
    assert found.table is not None
    table = replace(found.table, rows=tuple((ATTACK, *row[1:]) for row in found.table.rows))
    return replace(found, title=ATTACK, lead=ATTACK, kpis=kpis, table=table, parts=(Part.of(ATTACK, ATTACK),))


def summed(rows: Rows, column: str, last: date, days: int, channels: Sequence[str] | None = None) -> float:
    first = last - timedelta(days=days - 1)
    fits = {"model": "last_touch", "conversion_type": "purchase", "date_basis": "conversion"}
    return float(
        sum(
            row[column]
            for row in rows
            if all(row[name] == value for name, value in fits.items())
            and first <= row["date"] <= last
            and (channels is None or row["channel"] in channels)
        )
    )


@pytest.mark.parametrize("channels", ["all", ("Display", "Paid Search")])
def test_each_number_is_that_of_the_rows_beside_the_weekday_and_the_seven_days_before(
    lake: tuple[Published, Rows], channels: Any
) -> None:
    published, rows = lake
    found = digest(published, metrics=("credited_value", "spend", "roas"), channels=channels)
    only = None if channels == "all" else channels
    expected = []
    for days in (1, 7):
        now, then = (
            {name: summed(rows, name, last, days, only) for name in ("credited_value", "spend", "credited_conversions")}
            for last in (AS_OF, AS_OF - WEEK)
        )
        for figures in (now, then):
            figures["roas"] = figures["credited_value"] / figures["spend"]
        few = min(now["credited_conversions"], then["credited_conversions"]) < 30
        changes = [
            f"{round((now[name] / then[name] - 1) * 100):+d}%".replace("-", "−") for name in ("credited_value", "spend")
        ]
        expected.append((f"₩{now['credited_value']:,.0f}", changes[0], f"₩{now['spend']:,.0f}", changes[1], few))
    value, spend, roas = found.kpis
    for at, (value_text, value_change, spend_text, spend_change, few) in enumerate(expected):
        assert (value[1 + 2 * at], value[2 + 2 * at]) == (value_text, value_change)
        assert (spend[1 + 2 * at], spend[2 + 2 * at]) == (spend_text, spend_change)
        assert (roas[2 + 2 * at] == "–") == few, "a ratio of few conversions moves by chance"
    assert [line.label for line in found.kpis] == ["Credited revenue", "Spend", "ROAS"]


def test_a_ratio_of_few_conversions_has_its_interval_and_the_digest_says_so(lake: tuple[Published, Rows]) -> None:
    (roas,) = digest(lake[0], metrics=("roas",)).kpis
    assert "\u00a0to\u00a0" in roas.day
    assert digest(lake[0], metrics=("roas",)).note.startswith("A ratio that stands on fewer than 30 conversions")
    assert digest(lake[0], metrics=("spend",)).note == ""


def test_what_does_not_hold_is_named_and_nothing_of_people(lake: tuple[Published, Rows]) -> None:
    parts = {part.heading: part.lines for part in digest(lake[0]).parts}
    assert parts["A run failed"][0].startswith("Run run-3 failed at check (2026-03-31 12:00 UTC)")
    assert parts["Failed checks"] == ("sums agree: expected 10, found 9.5 (run run-3, which was not published)",)
    assert parts["Models that drift"] == ("customer-value/3, purchases, 4 weeks: 30% fewer than forecast",)
    assert parts["Open questions"] == ("ROAS 4.2, asked on 31 March 2026",)
    assert parts["What changed since the last digest"] == (
        "This is the first digest, so there is none to compare with.",
    )
    assert "private" not in as_text(digest(lake[0]))
    assert "ann" not in as_text(digest(lake[0])).split()


def test_a_list_is_bounded_and_the_rest_counted(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, [])})
    empty = {"run_id": "run-1", "passed": False, "detail": "", "checked_at": NOON}
    write_table(tmp_path, OPS_QUALITY_RESULTS, [{**empty, "check_name": f"check {n}"} for n in range(MOST_LINES + 2)])
    (*_, checks) = digest(read_published(str(tmp_path))).parts
    assert checks.lines[MOST_LINES - 1 :] == ("check 4: expected 0, found 0", "and 2 more")


def test_where_nothing_came_the_digest_says_so_instead_of_numbers(lake: tuple[Published, Rows]) -> None:
    found = make_digest(lake[0], reader(), NO_NEW_DATA, today=AS_OF + timedelta(days=3))
    assert (found.kpis, found.table, found.note) == ((), None, "")
    assert found.title == "growth: no data after 31 March 2026"
    assert found.lead.startswith("No data came after 31 March 2026, 3 days ago.")
    assert "Failed checks" in [part.heading for part in found.parts]
    assert json.dumps(slack_message(found))
    assert "<table>" not in as_html(found)


def test_in_korean_numbers_and_sentences_are_korean(lake: tuple[Published, Rows]) -> None:
    found = digest(lake[0], "ko", metrics=("credited_value",))
    (value,) = found.kpis
    assert value.label == "기여 순매출"
    assert value.day.endswith("원")
    assert found.title == "growth: 2026년 3월 31일"
    assert found.lead.startswith("2026년 3월 31일까지 7일, 직전 7일과 비교: 순매출이 ")


def test_the_same_publication_gives_the_same_digest(lake: tuple[Published, Rows]) -> None:
    again = read_published(lake[0].lake)
    assert digest(lake[0]) == digest(again)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_lake_without_figures_has_one_line(tmp_path: Path, language: str) -> None:
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, [])})
    found = digest(read_published(str(tmp_path)), language)
    assert found.lead == words_in(found.language)("digest.no_figures")
    assert json.dumps(slack_message(found))


def test_in_slack_nothing_from_outside_is_markup_or_calls_people(lake: tuple[Published, Rows]) -> None:
    message = slack_message(attacked(digest(lake[0])))
    texts = [block["text"] for block in message["blocks"]]
    written = "&lt;!channel&gt; @\u200bhere &lt;https://evil.example|free&gt; *bold* &amp;"
    assert {text["type"] for text in texts if ATTACK[-3:] in text["text"] and "•" in text["text"]} == {"plain_text"}
    assert all(written in text for text in (message["text"], texts[0]["text"], texts[1]["text"]))
    raw = json.dumps(message, ensure_ascii=False)
    assert "<!" not in raw
    assert "@h" not in raw
    assert [text["text"] for text in texts if "<" in text["text"]] == [
        "<https://pages.example/?a=1&amp;b=2|Open the pages>"
    ]
    assert message["link_names"] is False


def test_slack_takes_it_however_long_it_is(lake: tuple[Published, Rows]) -> None:
    long = Part.of("many", *("&" * 10_000 for _ in range(500)))
    message = slack_message(replace(digest(lake[0]), title="&" * 400, parts=(long,) * 3))
    assert len(message["blocks"]) <= MOST_BLOCKS
    texts = [block["text"]["text"] for block in message["blocks"]]
    assert max(map(len, texts)) <= LONGEST_BLOCK
    assert len(texts[0]) <= 150
    assert texts[0] == "&amp;" * 29 + "…", "no half of an escaped sign"


def test_markdown_and_html_escape_what_comes_from_outside(lake: tuple[Published, Rows]) -> None:
    found = attacked(digest(lake[0]))
    html, markdown = as_html(found), as_markdown(found)
    assert "<!channel>" not in html + markdown.replace(r"\<", "")
    assert "&lt;!channel&gt; @here &lt;https://evil.example|free&gt; *bold* &amp; &quot;quoted&quot;" in html
    assert r"\<!channel\> @here \<https://evil.example\|free\> \*bold\* \&" in markdown
    assert {line.count(" | ") for line in markdown.splitlines() if line.startswith("| ")} == {4}, "no cell is added"


def test_an_email_has_a_text_and_a_page_and_no_header_of_another(lake: tuple[Published, Rows]) -> None:
    found, moment = digest(lake[0], "ko"), datetime(2026, 4, 1, tzinfo=UTC)
    message = email_message(found, sender="d@shop.example", to="ann@shop.example", moment=moment)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Subject"] == "growth: 2026년 3월 31일"
    assert message["Date"] == "Wed, 01 Apr 2026 00:00:00 +0000"
    again = email_message(found, sender="d@shop.example", to="ann@shop.example", moment=moment)
    assert message["Message-ID"] == again["Message-ID"]
    with pytest.raises(UsageError, match="no fit header"):
        email_message(
            replace(found, title="a\r\nBcc: evil@evil.example"), sender="d@a.example", to="a@a.example", moment=moment
        )
    for bad in ("a@a.example\r\nBcc: b@b.example", "a@a.example, b@b.example", ""):
        with pytest.raises(UsageError, match="no fit header"):
            email_message(found, sender="d@a.example", to=bad, moment=moment)


def test_control_characters_of_names_do_not_reach_a_reader(tmp_path: Path) -> None:
    rows = [
        performance_row(
            "last_touch", "purchase", "conversion", day, "Ads\u202e\x1b[2J", spend=10, conversions=1, value=v
        )
        for day, v in ((AS_OF, 70), (AS_OF - WEEK, 30))
    ]
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, rows)})
    found = digest(read_published(str(tmp_path)))
    assert "Net revenue rose by ₩40 (+133%), most of it through Ads��[2J (₩40)." in found.lead
    assert Decimal(70) == rows[0]["credited_value"]
