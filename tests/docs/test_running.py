"""docs/running.md: its table of commands is the jobs that there are, its table of options says who has which."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from jobs import cli

PAGE = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")


def options_of(job: str) -> set[str]:
    group = typer.main.get_command(cli.app)
    command = group.get_command(None, job)
    commands = getattr(command, "commands", {"": command})  # those of a group, such as channels
    return {name for one in commands.values() for option in one.params for name in option.opts}


def test_every_job_is_in_the_table_of_commands() -> None:
    assert sorted(re.findall(r"^\| `distributary ([\w-]+)` \|", PAGE, flags=re.MULTILINE)) == sorted(cli.JOBS)


def test_the_table_of_options_says_which_jobs_have_it() -> None:
    rows = re.findall(r"^\| `(--[\w-]+)[^`]*` \| ([^|]+) \|", PAGE, flags=re.MULTILINE)
    assert {option for option, _ in rows} == {"--config", "--dry-run", "--json", "--as-of", "--full"}
    for option, jobs in rows:
        listed = set(re.split(", | and ", jobs.removeprefix("all but ")))
        named = set(cli.JOBS) - listed if jobs.startswith("all but") else listed
        assert named == {job for job in cli.JOBS if option in options_of(job)}, option
