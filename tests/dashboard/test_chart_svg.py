"""Charts: every spec draws all its rows, the same drawing each time and in any time zone, and charts do not collide."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from dashboard.chart_svg import chart_names, chart_of
from dashboard.words import words_in
from published.view import Language

MODELS = ["Last touch", "Linear"]
CHANNELS = ["Search", "Display"]
DAYS = ["2026-03-01", "2026-03-02", "2026-03-03"]
ROWS: dict[str, list[dict[str, Any]]] = {
    "roas_by_channel": [
        {"channel": c, "position": i, "model": m, "roas": 0.5 + i} for i, c in enumerate(CHANNELS) for m in MODELS
    ],
    "model_comparison": [
        {"channel": c, "position": i, "model": m, "change": 100.0 * i - 50}
        for i, c in enumerate(CHANNELS)
        for m in MODELS
    ],
    "roas_over_time": [{"day": day, "basis": basis, "roas": 1.5} for basis in ("By touch", "By sale") for day in DAYS],
    "spend_and_value": [{"day": day, "spend": 10.0, "value": 30.0} for day in DAYS],
    "touches": [{"touches": str(n), "conversions": 10 - n, "share": 0.1} for n in range(1, 4)],
    "value_distribution": [
        {"position": i, "measure": m, "low": n / 10, "high": (n + 1) / 10, "customers": n + 1}
        for i, m in enumerate(["Active", "Quiet"])
        for n in range(10)
    ],
    "grouped_bars": [
        {"name": c, "position": i, "series": s, "value": 0.1 + i}
        for i, c in enumerate(CHANNELS)
        for s in ("Early", "Late")
    ],
    "retention_profit": [
        {"audience": a, "contacts": n, "profit": 3.0, "lower": 1.0, "upper": 5.0, "is_best": n == 2}
        for a in ("Everybody", "High value")
        for n in (1, 2, 3)
    ],
    "value_intervals": [
        {"channel": c, "position": i, "each": 5.0, "lower": 4.0, "upper": 7.0} for i, c in enumerate(CHANNELS)
    ],
    "reliability": [
        *({"predicted": n / 10, "actual": n / 9, "lower": n / 10, "upper": n / 8} for n in (1, 2, 3)),
        *({"end": end} for end in (0.0, 0.4)),
    ],
    "first_week": [
        {"campaign": c, "position": i, "each": 5.0, "lower": 4.0, "upper": 7.0, "cost": 6.0 if i else None}
        for i, c in enumerate(CHANNELS)
    ],
    "cohort_value": [
        {"cohort": cohort, "month": month, "value": 10.0 * month + 5}
        for cohort in ("2026-01", "2026-02", "All")
        for month in range(3)
    ],
    "cohort_expected": [
        {"cohort": cohort, "month": month, "value": 10.0 * month + 5, "part": part}
        for cohort in ("2026-01", "2026-02")
        for part, months in (("observed", (0, 1)), ("predicted", (1, 2, 3)))
        for month in months
    ],
    "cohort_retention": [
        {"cohort": cohort, "month": month, "value": month / 10} for cohort in ("2026-01", "2026-02") for month in (1, 2)
    ],
    "backtest_error": [{"day": day, "model": m, "error": 0.1} for m in MODELS for day in DAYS],
    "gaps": [{"day": day, "what": what, "share": 0.1} for what in ("Direct", "Unattributed") for day in DAYS],
    "step_times": [
        {"run": i, "moment": f"{day}T03:00:00+00:00", "step": step, "minutes": 2.0}
        for i, day in enumerate(DAYS)
        for step in ("ingest", "build")
    ],
    "moved": [{"channel": c, "position": i, "moved": 5.0 - 9 * i} for i, c in enumerate(CHANNELS)],
    "value_by_channel": [
        {"channel": c, "position": i, "value": 5.0, "overall": 4.0, **({"lower": 3.0, "upper": 7.0} if i else {})}
        for i, c in enumerate(CHANNELS)
    ],
}
TEXTS: dict[str, dict[str, str]] = {
    "roas_by_channel": {"axis": "ROAS"},
    "model_comparison": {"axis": "Change"},
    "roas_over_time": {"day_axis": "Week", "roas_axis": "ROAS"},
    "spend_and_value": {"spend": "Spend", "value": "Value"},
    "touches": {"axis": "Touches"},
    "value_distribution": {"axis": "Probability"},
    "value_intervals": {"axis": "Value"},
    "reliability": {"axis": "Chance", "actual_axis": "Share"},
    "first_week": {"axis": "Value"},
    "cohort_value": {"month": "Months", "value": "Value", "all": "All"},
    "cohort_expected": {"month": "Months", "value": "Value", "ahead": "predicted"},
    "cohort_retention": {"month": "Months", "cohort": "Cohort", "value": "Share"},
    "backtest_error": {"day_axis": "Day", "error_axis": "Error"},
    "gaps": {"day_axis": "Week", "axis": "Share"},
    "step_times": {"run_axis": "Run", "axis": "Minutes"},
    "moved": {"axis": "Moved"},
    "grouped_bars": {"axis": "Share", "format": ".0%"},
    "retention_profit": {"axis": "Contacts", "profit_axis": "Profit"},
    "value_by_channel": {"axis": "Value"},
}
# The number of marks that each chart draws, by kind.
MARKS = {
    "roas_by_channel": {"symbol": 4},
    "model_comparison": {"symbol": 4},
    "roas_over_time": {"symbol": 6, "line": 2},
    "spend_and_value": {"rect": 3, "line": 1},
    "touches": {"rect": 3},
    "value_distribution": {"rect": 20},
    "value_intervals": {"rule": 2, "symbol": 2},
    "reliability": {"line": 1, "rule": 3, "symbol": 3},
    "first_week": {"rule": 2, "symbol": 2, "rect": 1},
    "cohort_value": {"symbol": 9, "line": 3},
    "cohort_expected": {"symbol": 4, "line": 4},
    "cohort_retention": {"rect": 4},
    "backtest_error": {"symbol": 6, "line": 2},
    "gaps": {"symbol": 6, "line": 2},
    "step_times": {"rect": 6},
    "moved": {"rect": 2},
    "grouped_bars": {"rect": 4},
    "retention_profit": {"area": 2, "line": 2, "symbol": 2},
    "value_by_channel": {"rect": 2, "rule": 2},
}


def draw(name: str, rows: list[dict[str, Any]] | None = None, language: Language = "en", key: str | None = None) -> str:
    drawn = chart_of(name, ROWS[name] if rows is None else rows, words_in(language), label="", key=key, **TEXTS[name])
    return drawn.svg


def drawn_marks(svg: str) -> dict[str, int]:
    """The number of visible marks, by kind; legends and axes are not counted."""
    marks: dict[str, int] = {}
    for group in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):
        names = group.get("class", "").split()
        if "role-mark" in names:
            kind = next(name for name in names if name.startswith("mark-")).removeprefix("mark-")
            paths = [p for p in group if "h0v0h0Z" not in p.get("d", "")]
            marks[kind] = marks.get(kind, 0) + len(paths)
    return marks


def test_every_spec_is_tested_here() -> None:
    assert set(chart_names()) == set(ROWS) == set(TEXTS) == set(MARKS)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_chart_draws_each_of_its_rows(name: str) -> None:
    marks = drawn_marks(draw(name))
    assert {kind: marks.get(kind) for kind in MARKS[name]} == MARKS[name]


@pytest.mark.parametrize("name", sorted(ROWS))
def test_drawing_twice_gives_the_same_text(name: str) -> None:
    assert draw(name) == draw(name)


def test_charts_on_one_page_share_no_id() -> None:
    ids = [i for name in ROWS for i in re.findall(r'\bid="([^"]+)"', draw(name))]
    assert len(ids) == len(set(ids))


def test_days_do_not_depend_on_the_time_zone_of_the_machine() -> None:
    program = (
        "import json, sys; from dashboard.chart_svg import chart_of; from dashboard.words import words_in; "
        "rows = json.loads(sys.argv[1]); "
        "drawn = chart_of('spend_and_value', rows, words_in('en'), label='', spend='S', value='V').svg; "
        "sys.stdout.write(drawn)"
    )
    rows = str(ROWS["spend_and_value"]).replace("'", '"')
    drawn = [
        subprocess.run(
            [sys.executable, "-c", program, rows],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for zone in ("Asia/Seoul", "America/Los_Angeles")
    ]
    assert drawn[0] == drawn[1]
    assert "1 Mar" in drawn[0]


def test_names_are_escaped() -> None:
    rows = [{**row, "channel": "<script>alert(1)</script>"} for row in ROWS["value_by_channel"][:1]]
    svg = draw("value_by_channel", rows)
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg


def test_axes_days_and_numbers_are_in_the_language_of_the_page() -> None:
    days = ROWS["spend_and_value"]
    rows = [{**row, "spend": row["spend"] * 1000} for row in days]
    english, korean = draw("spend_and_value", rows), draw("spend_and_value", rows, "ko")
    assert (">1 Mar<" in english, ">10k<" in english, ">Spend<" in english) == (True, True, True)
    assert (">3월 1일<" in korean, ">10,000<" in korean, ">10k<" in korean) == (True, True, False)


def test_two_charts_of_one_spec_with_different_keys_share_no_id() -> None:
    first, second = (set(re.findall(r'\bid="([^"]+)"', draw("touches", key=key))) for key in ("one", "two"))
    assert first
    assert not first & second


def test_a_missing_text_is_an_error() -> None:
    with pytest.raises(KeyError, match="axis"):
        chart_of("touches", ROWS["touches"], words_in("en"), label="")
