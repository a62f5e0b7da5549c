"""The console command: the jobs it lists, how quickly it answers, and the modules that it imports."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from jobs.cli import JOBS, first_line

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
        "cli",
        "csv_for_the_owner",
        "demo",
        "digest_ways",
        "drift",
        "ending",
        "located",
        "options",
        "paths_options",
        "private_files",
        "run",
        "settings",
    ),
    *("settings_page", "signals", "start", "terminal", "unknown_names"),
}


def answered(*arguments: str) -> tuple[str, str, float]:
    """What a fresh process prints on stdout and stderr, and the processor time it takes [seconds]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", ANSWER, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
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
