"""The console command: the jobs it lists, how quickly it answers, and the modules that it imports."""

from __future__ import annotations

import ast
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

from jobs.cli import JOBS, SECTIONS, app, first_line
from jobs.completion import config_files
from jobs.models import promote, registered_versions
from jobs.options import job_main
from jobs.paths_options import _models_to_go_on_with as models_to_go_on_with

REPOSITORY = Path(__file__).parents[2]
SLOW = ("pyspark", "mlflow", "pandas", "numpy", "simulator", "matplotlib", "vl_convert")
ANSWER = f"""
import sys
from jobs.cli import app
try:
    app(args=sys.argv[1:], prog_name="distributary")
except SystemExit as stop:
    code = stop.code
loaded = [name for name in {SLOW!r} if name in sys.modules]
sys.stderr.write(repr((code, loaded)))
"""
# Modules of jobs/ that are no job, and the demo, which only `make demo` runs.
NO_JOB = {
    *(
        "__init__",
        "audit_words",
        "channel_diff",
        "channel_explanation",
        "behaviour_fits",
        "churn_fit",
        "cli",
        "command_help",
        "command_line",
        "completion",
        "csv_for_the_owner",
        "demo",
        "digest_ways",
        "drift",
        "early_value_fit",
        "ending",
        "found_inputs",
        "input_patterns",
        "lineage_file",
        "located",
        "machine_checks",
        "options",
        "paths_options",
        "private_files",
        "progress",
        "project_checks",
        "project_folder",
        "run",
        "served_views",
        "settings",
    ),
    *("settings_page", "signals", "start", "terminal", "unknown_names"),
}


def answered(*arguments: str, **environment: str) -> tuple[str, str, float]:
    """What a fresh process prints on stdout and stderr, and the processor time it takes [seconds]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", ANSWER, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, done.stderr, seconds


def test_help_lists_every_job_with_its_first_line_in_under_half_a_second_and_imports_none() -> None:
    out, err, seconds = answered("--help")
    words = " ".join(out.split())
    assert [job for job in JOBS if f"{job} {first_line(job)}" not in words] == []
    assert err == "(0, [])"
    assert seconds < 0.5


def test_the_version_is_the_installed_one_and_comes_in_under_half_a_second() -> None:
    out, err, seconds = answered("--version")
    assert out == f"distributary {version('distributary')}\n"
    assert err == "(0, [])"
    assert seconds < 0.5


def test_an_unknown_job_is_a_usage_error() -> None:
    _, err, _ = answered("tran")
    assert "No such command 'tran'" in err
    assert err.endswith("(2, [])")


def test_every_job_has_one_file_with_a_command_and_a_main_of_its_name() -> None:
    files = {path.stem for path in (REPOSITORY / "jobs").glob("*.py")} - NO_JOB
    assert files == {job.replace("-", "_") for job in JOBS}
    for file in files:
        tree = ast.parse((REPOSITORY / "jobs" / f"{file}.py").read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assigned = {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}  # type: ignore[attr-defined]
        assert {file, "main"} <= functions | assigned, file


PROGRAM = typer.main.get_command(app)
# Commands that write nothing: to the lake, to the registry, or to a file.
ONLY_LOOK = {
    "doctor",
    "models list",
    "models show",
    "channels explain",
    "channels diff",
    "sql-server",
    "serve",
    "changes",
    "audit",
    "questions list",
    "sql",
    "mcp",
}
# Those that print no data: what they do is on stderr.
PRINT_NOTHING = {"sql-server", "serve", "mcp"}


def commands(command: Any = PROGRAM, name: str = "", group: Any = None) -> Iterator[tuple[str, Any, Any]]:
    """Every command and group of commands: its full name, itself, and its context."""
    context = command.make_context(name, [], parent=group, resilient_parsing=True)
    yield " ".join(context.command_path.split()[1:] if group else []), command, context
    for member in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from commands(command.get_command(context, member), member, context)


COMMANDS = {name: (command, context) for name, command, context in commands(name="distributary")}
SINGLE = {name: command for name, (command, _) in COMMANDS.items() if not hasattr(command, "list_commands")}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example_right_after_the_first_sentence_and_ends_with_the_exit_codes(name: str) -> None:
    command, context = COMMANDS[name]
    text = command.get_help(context)
    first, example, *_ = [part for part in re.split(r"\n\s*\n", text) if not part.startswith("Usage:")]
    assert re.match(rf"\s*Example:\n\s+distributary {name}".rstrip(), example), text
    assert first.strip().count(". ") <= 1
    assert "Exit codes:" in text
    assert "-h, --help" in text


def test_every_command_is_in_one_section_of_the_help() -> None:
    assert len(set(JOBS)) == len(JOBS) == sum(map(len, SECTIONS.values()))
    text = PROGRAM.get_help(COMMANDS[""][1])
    assert [line.rstrip(":") for line in text.splitlines() if line.rstrip(":") in SECTIONS] == list(SECTIONS)


@pytest.mark.parametrize("name", SINGLE)
def test_what_writes_has_a_dry_run_and_what_prints_data_has_json(name: str) -> None:
    options = {option for parameter in SINGLE[name].params for option in parameter.opts}
    assert "--dry-run" in options or name in ONLY_LOOK
    assert "--json" in options or name in PRINT_NOTHING


def test_h_is_help_for_the_program_a_command_and_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert answered("-h")[0] == answered("--help")[0]
    assert job_main(promote)(["-h"]) == 0
    assert "Make a version the champion" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_jobs_without_importing_one(shell: str) -> None:
    words = {"bash": {"COMP_WORDS": "distributary tr", "COMP_CWORD": "1"}}.get(
        shell, {"_TYPER_COMPLETE_ARGS": "distributary tr", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    )
    out, err, seconds = answered(_DISTRIBUTARY_COMPLETE=f"complete_{shell}", **words)
    assert "train" in out and "train-attribution" in out and "retention" not in out
    assert err == "(0, [])"
    assert seconds < 0.5


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_to_install(shell: str) -> None:
    out, _, _ = answered(_DISTRIBUTARY_COMPLETE=f"source_{shell}")
    assert "_DISTRIBUTARY_COMPLETE=complete_" in out


def test_a_shell_is_given_options_of_a_job() -> None:
    out, _, _ = answered(
        _DISTRIBUTARY_COMPLETE="complete_bash", COMP_WORDS="distributary attribute-paths --m", COMP_CWORD="2"
    )
    assert out.split() == ["--models", "--matrix"]


def test_configuration_files_are_offered_here_and_one_folder_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shop.yaml", "notes.txt", "conf/other.yaml", "conf/deep/far.yaml", "a[b].yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert config_files("") == ["a[b].yaml", "conf/other.yaml", "shop.yaml"]
    assert config_files("sh") == ["shop.yaml"]
    assert config_files("conf/o") == ["conf/other.yaml"]
    assert config_files("a[") == ["a[b].yaml"]
    assert config_files(f"{tmp_path}/s") == [f"{tmp_path}/shop.yaml"]
    assert config_files("nowhere/") == []


def test_models_of_a_list_are_offered_that_it_lacks() -> None:
    assert models_to_go_on_with("linear,l") == ["linear,last_touch", "linear,last_non_direct", "linear,last_paid"]


def test_versions_are_none_where_nothing_is_registered(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("mlflow: {tracking_uri: 'sqlite:///none.db'}\n")
    assert registered_versions(tmp_path / "shop.yaml") == []
    assert not (tmp_path / "none.db").exists()


def test_a_dry_run_of_attribute_paths_credits_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from jobs.attribute_paths import main

    paths, out = tmp_path / "paths.csv", tmp_path / "credit.csv"
    paths.write_text("path,conversions\nEmail > Search,3\n")
    command = ["--paths", str(paths), "--out", str(out), "--models", "linear"]
    assert main([*command, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["written"] == [] and not out.exists()
    assert [(row["channel"], row["conversions"]) for row in found["credit"]] == [("Email", 1.5), ("Search", 1.5)]

    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == [str(out)]
    assert main(["--paths", str(paths), "--out", "-", "--json"]) == 2


def test_several_mistakes_of_a_configuration_are_each_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from jobs.ingest import ingest

    (tmp_path / "shop.yaml").write_text(
        "lake: l\nreprot: {timezone: UTC}\nreport:\n  timezone: Seoul\n  currency: EURO\n"
    )
    assert job_main(ingest)(["--config", str(tmp_path / "shop.yaml")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and all(line.startswith("error: ") and "shop.yaml:" in line for line in lines), lines


def test_a_missing_folder_ends_a_run_once_and_before_spark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from jobs.ingest import ingest

    inputs = "[{name: orders, adapter: orders, files: 'orders/*', required: true}]"
    (tmp_path / "shop.yaml").write_text(f"landing: {{root: landing, inputs: {inputs}}}\n")
    for options in ([], ["--dry-run"]):
        assert job_main(ingest)(["--config", str(tmp_path / "shop.yaml"), *options]) == 3
        err = capsys.readouterr().err
        assert err.count("no such folder") == 1, err
