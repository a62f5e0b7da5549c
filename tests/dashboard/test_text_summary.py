"""The summary in the terminal at the end of a run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from dashboard.text_summary import print_summary
from published.run_facts import StepTime
from published.view import EVERYTHING, View
from tests.published_lake import write_table
from tests.small_shop import CHECKS, NOON, write_shop
from warehouse.errors import InputError
from warehouse.tables import GOLD_CUSTOMER_VALUE, OPS_QUALITY_RESULTS


def printed(lake: Path, width: int = 100, steps: list[StepTime] | None = None, view: View = EVERYTHING) -> list[str]:
    out = io.StringIO()
    print_summary(str(lake), Console(file=out, width=width), steps=steps, view=view)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def cells(lines: list[str], name: str) -> list[str]:
    return next(line.removeprefix(name).split() for line in lines if line.startswith(name))


def test_roas_by_channel_under_every_model_is_shown(shop: Path) -> None:
    lines = printed(shop)
    assert cells(lines, "Search") == ["1,000", "3.00", "2.00"]
    assert cells(lines, "Direct") == ["0", "–", "–"]
    assert cells(lines, "All channels") == ["1,500", "2.00", "2.00"]
    assert "For every 1 KRW spent on Search, last touch says 3.00 came back, first touch 2.00." in lines


def test_value_checks_rows_and_times_are_shown(shop: Path) -> None:
    lines = printed(shop)
    text = "\n".join(lines)
    assert ["4", "1,550", "388"] in [line.removeprefix("All channels").split() for line in lines]
    assert "Of 4 customers, 1 (25%) are more likely than not still active" in text
    assert "All 2 checks of these tables held." in lines
    assert "Of 160 rows read, 150 were kept" in text
    assert cells(lines, "attribute") == ["1", "min", "30", "s"]
    assert cells(lines, "All steps") == ["1", "min", "42", "s"]


def test_no_figure_is_lost_on_a_narrow_terminal(shop: Path) -> None:
    lines = printed(shop, width=30)
    assert cells(lines, "Search") == ["1,000", "3.00", "2.00"]


def test_the_caller_can_set_the_steps_of_an_unfinished_run(shop: Path) -> None:
    assert cells(printed(shop, steps=[StepTime("simulate", 4.0, "done")]), "simulate") == ["4.0", "s"]


def test_names_in_brackets_are_shown_as_they_are(tmp_path: Path) -> None:
    write_shop(tmp_path, channel_names={"Search": "[red]Search[/red]"})
    assert cells(printed(tmp_path), "[red]Search[/red]") == ["1,000", "3.00", "2.00"]


def test_a_failed_check_is_named_with_both_figures(tmp_path: Path) -> None:
    write_shop(tmp_path)
    results = [
        *CHECKS,
        {"check_name": "spend of [meta]", "passed": False, "expected": 5.0, "actual": 4.0, "detail": ""},
    ]
    rows = [{**check, "run_id": "run-1", "checked_at": NOON} for check in results]
    write_table(tmp_path, OPS_QUALITY_RESULTS, rows)

    lines = printed(tmp_path)

    assert "1 of 3 checks failed." in lines
    assert "  failed: spend of [meta]: expected 5, found 4" in lines


def test_value_that_is_not_published_is_reported(tmp_path: Path) -> None:
    write_shop(tmp_path, without=[GOLD_CUSTOMER_VALUE])
    assert "Customer value is not published yet." in printed(tmp_path)


def test_nothing_published_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is published here"):
        printed(tmp_path)


def test_the_summary_is_in_the_language_of_the_view(shop: Path) -> None:
    lines = printed(shop, view=View(language="ko"))
    assert cells(lines, "Search") == ["1,000", "300%", "200%"]
    assert "Search 채널에 쓴 광고비 1원당 매출은 라스트 터치 기준 3.00원, 퍼스트 터치 기준 2.00원입니다." in lines
    assert "게시된 테이블의 검사 2건을 모두 통과했습니다." in lines


def test_only_the_models_of_the_view_are_shown(shop: Path) -> None:
    assert cells(printed(shop, view=View(models=("first_touch",))), "Search") == ["1,000", "2.00"]
