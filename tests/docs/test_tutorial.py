"""docs/tutorial.md: its code that needs no Spark runs on a small published lake, and its commands exist."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import typer

from jobs import cli
from jobs.settings import load_settings
from jobs.simulate import shop_of
from tests.small_shop import write_shop
from warehouse.tables import ALL_TABLES

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "tutorial.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of that language, in the page's order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)


def without_spark() -> list[str]:
    return [block for block in blocks("python") if "spark" not in block and "mlflow" not in block]


def commands() -> list[list[str]]:
    """The arguments of every `distributary` on the page."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith(".venv/bin/distributary ")]


def landed() -> list[dict[str, object]]:
    (document,) = re.findall(r"<<'END'\n(.*?)^END$", PAGE, flags=re.DOTALL | re.MULTILINE)
    return [json.loads(line) for line in document.splitlines()]


def test_the_code_that_needs_no_spark_runs_and_prints_the_figures_of_the_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shop(tmp_path / "demo" / "lake")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = []
    for block in without_spark():
        exec(block, names)
        printed.append(capsys.readouterr().out.splitlines())
    table, roas, view = printed
    assert table[0] == "Search 1000.000000 3000.000000"
    assert roas == [
        "2026-03-31 purchase KRW",
        "Search {'last_touch': 3.0, 'first_touch': 2.0}",
        "Display {'last_touch': 0.0, 'first_touch': 2.0}",
    ]
    assert view == ["2026-03-25 {'last_touch': Decimal('2100.000000')}"]


def test_the_tables_that_the_page_opens_exist() -> None:
    opened = set(re.findall(r"demo/lake/(\w+/\w+)", PAGE))
    assert opened
    assert opened <= {f"{table.layer}/{table.name}" for table in ALL_TABLES}


def test_its_commands_are_jobs_with_these_options() -> None:
    group = typer.main.get_command(cli.app)
    found = commands()
    assert len(found) >= 4
    for job, *arguments in found:
        assert job in cli.JOBS
        command = group.get_command(None, job)
        known = {name for option in command.params for name in option.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= known


def test_the_configuration_of_the_page_has_another_half_life_and_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "conf").mkdir()
    shutil.copy(REPOSITORY / "conf" / "demo.yaml", tmp_path / "conf")
    (line,) = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("sed ")]
    subprocess.run(line, shell=True, cwd=tmp_path, check=True)
    changed, before = (
        load_settings(tmp_path / "demo" / "half_life.yaml"),
        load_settings(tmp_path / "conf" / "demo.yaml"),
    )
    assert (before.attribution.half_life_days, changed.attribution.half_life_days) == (7, 14)
    as_before = changed.attribution.model_copy(update={"half_life_days": 7.0})
    assert changed.model_copy(update={"attribution": as_before}) == before


def test_its_day_is_the_one_after_the_last_of_the_demo() -> None:
    shop = shop_of(load_settings(REPOSITORY / "conf" / "demo.yaml"))
    day_after = shop.start_date + timedelta(days=shop.days)
    moments = [datetime.fromisoformat(str(event["event_ts"])) for event in landed()]
    assert {moment.date() for moment in moments} == {day_after}
    assert [event["event_name"] for event in landed()] == ["page_view", "view_item", "purchase"]
    assert f"cat > demo/landing/events/tutorial-{day_after}.jsonl" in PAGE
