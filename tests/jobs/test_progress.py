"""What moves while a step runs: at a terminal that can, for users who want it, and in no log."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from jobs.progress import may_move, progress
from jobs.run import Plan, Run, Step, StepLog, open_run, perform
from jobs.settings import load_settings
from jobs.terminal import Terminal

ESCAPE = "\x1b["


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def terminal(text: io.StringIO) -> Console:
    return Terminal(file=text, force_terminal=True, width=80)


def test_a_terminal_shows_the_step_the_steps_that_are_done_and_the_time() -> None:
    text = io.StringIO()
    with progress(terminal(text), "build", done=1, steps=6):
        pass
    shown = text.getvalue()
    assert "build" in shown and "0:00:00" in shown and "1/6" in shown
    assert shown.endswith(f"{ESCAPE}2K"), "the line is gone afterwards"


def test_a_single_step_has_no_bar() -> None:
    text = io.StringIO()
    with progress(terminal(text), "ingest", done=0, steps=1):
        pass
    assert "0/1" not in text.getvalue() and "ingest" in text.getvalue()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "unknown")])
def test_nothing_moves_where_a_user_asks_for_plain_text(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    text = io.StringIO()
    with progress(terminal(text), "build", done=0, steps=6):
        pass
    assert text.getvalue() == ""


def test_an_empty_no_color_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert may_move(terminal(io.StringIO()))


def run_steps(console: Console, tmp_path: Path) -> None:
    """A run of two steps that prints a line in each; it starts no Spark."""
    (tmp_path / "shop.yaml").write_text("lake: lake\n")

    def plan(run: Run) -> Plan:
        def do(log: StepLog) -> None:
            run.say("one line")

        return Plan("do it", do)

    run = open_run("report", config=None, settings=load_settings(tmp_path / "shop.yaml"), console=console)
    perform(run, [Step("first", plan), Step("second", plan)])


def test_a_log_has_lines_alone(tmp_path: Path) -> None:
    text = io.StringIO()
    run_steps(Terminal(file=text, width=80), tmp_path)
    assert text.getvalue() == ("first\n  one line\n  done in 0.0 s\nsecond\n  one line\n  done in 0.0 s\n")


def test_lines_stand_above_what_moves(tmp_path: Path) -> None:
    text = io.StringIO()
    run_steps(terminal(text), tmp_path)
    shown = text.getvalue()
    assert "1/2" in shown and shown.count("one line") == 2 and shown.count("done in 0.0 s") == 2
