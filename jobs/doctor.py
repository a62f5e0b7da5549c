"""Is everything there that a run needs? Looked at without Spark, in a second or two."""

from __future__ import annotations

import json as json_format
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

import typer

from jobs import machine_checks
from jobs.command_line import Config, Json, job_main
from jobs.ending import exit_code_of
from jobs.machine_checks import Finding
from warehouse.errors import InputError, UsageError
from warehouse.local_files import local_folder
from warehouse.messages import conceal, one_line, secrets_in, secrets_of_environment

if TYPE_CHECKING:
    from jobs.settings import Settings

PORTS = {8765: "serve", 10000: "sql-server"}
# What a run writes by what it reads, at most: bronze, silver, credits, and what is staged beside them.
WRITTEN_PER_LANDED = 5


def doctor(config: Config = None, json: Json = False) -> None:
    """Look whether everything is there that a run needs, and say what to do. Exit code 3 where there is a problem.

    Example: distributary doctor --config shop.yaml

    Each line is ok, a warning (a run goes on) or a problem (a run would end). No network is used but the configured
    MLflow server's; Java is asked for its version, and Spark is not started.
    """

    def action() -> None:
        findings = list(examined(config, now=datetime.now(UTC)))
        if json:
            content = {"findings": [finding._asdict() for finding in findings], "problems": _problems(findings)}
            sys.stdout.write(json_format.dumps(content, indent=2, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write("\n".join(in_words(findings)) + "\n")
        found.extend(findings)

    found: list[Finding] = []
    raise typer.Exit(exit_code_of(action) or (InputError.exit_code if _problems(found) else 0))


def examined(config: Path | None, *, now: datetime) -> Iterator[Finding]:
    """Every finding: of the machine, of the configuration, and of what it names."""
    yield machine_checks.python_version()
    yield machine_checks.java()
    yield from machine_checks.jars()
    yield from machine_checks.packages()
    for number, what in PORTS.items():
        yield machine_checks.port(number, what)
    try:
        from jobs.settings import load_settings  # noqa: PLC0415 (without Spark's package there is still an answer)

        settings = load_settings(config)
    except ModuleNotFoundError as error:
        yield Finding("config", "problem", f"cannot be read without the package {error.name}", "see packages above")
        return
    except UsageError as error:
        for line in str(error).splitlines():
            yield Finding("config", "problem", line, "docs/settings.md has every knob")
        return
    yield Finding("config", "ok", str(config) if config else "conf/base.yaml alone: name yours with --config")
    yield from _of_project(settings, now)


def _of_project(settings: Settings, now: datetime) -> Iterator[Finding]:
    from jobs import project_checks  # noqa: PLC0415

    conceal((*secrets_in(settings.mlflow.tracking_uri), *secrets_of_environment()))
    zones = available_timezones()
    yield machine_checks.time_zones(len(zones), settings.report.timezone, has_zone=settings.report.timezone in zones)
    heap = machine_checks.bytes_of(settings.spark.conf.get("spark.driver.memory", "1g"))
    yield machine_checks.memory(*machine_checks.memory_of_machine(), heap)
    landing_root, lake_root = local_folder(settings.landing.root), local_folder(settings.lake)
    findings, files = project_checks.landing(settings, landing_root)
    yield from findings
    yield project_checks.clock(files, now)
    yield from project_checks.lake(settings, lake_root)
    if lake_root is not None:
        wanted = WRITTEN_PER_LANDED * sum(file.bytes for file in files)
        yield machine_checks.disk("lake", lake_root, machine_checks.free_bytes(lake_root), wanted)
    scratch = Path(os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0] or tempfile.gettempdir())
    yield machine_checks.disk("temporary files", scratch, machine_checks.free_bytes(scratch), 0)
    yield project_checks.registry(settings)


def in_words(findings: list[Finding]) -> list[str]:
    """One line for each finding, and what to do below it; at the end how many are problems."""
    width = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.status:7}  {finding.check:{width}}  {one_line(finding.message)}")
        if finding.way_out:
            lines.append(f"{'':7}  {'':{width}}  -> {one_line(finding.way_out)}")
    problems, warnings = _problems(findings), sum(finding.status == "warning" for finding in findings)
    return [*lines, f"problems: {problems}, warnings: {warnings}"]


def _problems(findings: list[Finding]) -> int:
    return sum(finding.status == "problem" for finding in findings)


main = job_main(doctor)

if __name__ == "__main__":
    sys.exit(main())
