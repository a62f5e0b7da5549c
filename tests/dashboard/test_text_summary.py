"""What the terminal shows at the end of a run, and the same as data."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from published_lake import write_table
from rich.console import Console
from small_shop import CHECKS, NOON, write_shop

from dashboard.run_facts import StepTime
from dashboard.text_summary import print_summary, summary_dict
from warehouse.errors import InputError
from warehouse.tables import GOLD_CUSTOMER_VALUE, OPS_QUALITY_RESULTS


def printed(lake: Path, width: int = 100, steps: list[StepTime] | None = None) -> list[str]:
    out = io.StringIO()
    print_summary(str(lake), Console(file=out, width=width), steps=steps)
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


def test_times_of_a_run_under_way_are_the_callers(shop: Path) -> None:
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
    assert summary_dict(str(tmp_path))["checks"] == {
        "passed": 2,
        "failed": [{"name": "spend of [meta]", "expected": 5.0, "actual": 4.0, "detail": ""}],
    }


def test_the_data_is_json_with_money_as_exact_text(shop: Path) -> None:
    found = json.loads(json.dumps(summary_dict(str(shop))))

    assert (found["run_id"], found["as_of"], found["customers"]) == ("run-1", "2026-03-31", 5)
    assert found["performance"]["channels"]["Search"] == {
        "spend": "1000.000000",
        "models": {
            "last_touch": {"conversions": pytest.approx(10.0), "net_value": "3000.000000", "roas": 3.0},
            "first_touch": {"conversions": pytest.approx(20 / 3), "net_value": "2000.000000", "roas": 2.0},
        },
    }
    assert found["performance"]["channels"]["Direct"]["models"]["last_touch"]["roas"] is None
    assert found["value"]["expected_value_365d"] == "1550.000000"
    assert found["rows"][0] == {
        "input": "events",
        "files": 2,
        "read": 150,
        "kept": 140,
        "duplicate": 8,
        "quarantined": 2,
    }
    assert found["steps"] == [
        {"step": "ingest", "seconds": 12.5, "status": "done"},
        {"step": "attribute", "seconds": 90.0, "status": "done"},
    ]


def test_value_that_is_not_published_is_said_and_null(tmp_path: Path) -> None:
    write_shop(tmp_path, without=[GOLD_CUSTOMER_VALUE])
    assert "Customer value is not published yet." in printed(tmp_path)
    assert summary_dict(str(tmp_path))["value"] is None


def test_nothing_published_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is published here"):
        summary_dict(str(tmp_path))
