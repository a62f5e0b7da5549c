"""The packages work the same from a zip on the path, from an installed wheel and from a checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.test_architecture import MAY_IMPORT, REPOSITORY

# What reads a file of a package, and what it reads.
READS = """
import json, sys, warehouse
from attribution.path_rules import path_rule_knobs
from dashboard.chart_svg import CHARTS, chart_names
from dashboard.report import HERE
from dashboard.words import words_in
from jobs.cli import JOBS, first_line
from jobs.settings import load_settings
from jinja2 import Environment, PackageLoader
from touchpoints.channels import load_channel_rules
from touchpoints.source_list import load_sources
from warehouse.code_version import code_version
from warehouse.jars import locked_jars
from warehouse.package_files import on_disk

settings = load_settings()
found = {
    "code version": code_version(),
    "knobs": settings.fingerprint(),
    "channel rules": repr(load_channel_rules(settings.touchpoints.channels_file)),
    "sources": repr(load_sources(settings.touchpoints.sources_file)),
    "rules of paths": repr(path_rule_knobs()),
    "JARs": locked_jars(),
    "charts": [(name, (CHARTS / f"{name}.vl.json").read_text()) for name in chart_names()],
    "words": [words_in(language).texts for language in ("en", "ko")],
    "template": PackageLoader("dashboard").get_source(Environment(), "report.html")[0],
    "style": (HERE / "static" / "report.css").read_text(),
    "help": [first_line(job) for job in JOBS],
    "log settings": on_disk("conf", "spark", "log4j2.properties").read_text(),
    "registered code": {
        file.relative_to(on_disk(package)).as_posix(): file.read_text()
        for package in ("ltv", "warehouse") for file in sorted(on_disk(package).rglob("*.py"))
    },
}
sys.stdout.write(json.dumps({"from": warehouse.__file__, "copies": str(on_disk("ltv")), "found": found}))
"""


def read_from(place: Path, folder: Path) -> dict[str, Any]:
    """What a process in another folder reads of packages that it imports from `place`."""
    done = subprocess.run(
        [sys.executable, "-c", READS],
        cwd=folder,
        env={"PYTHONPATH": str(place), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    assert read["from"].startswith(f"{place}/")
    return read


def packages() -> list[Path]:
    return [
        path
        for package in MAY_IMPORT
        for path in sorted((REPOSITORY / package).rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    ]


@pytest.fixture(scope="module")
def of_the_checkout(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return read_from(REPOSITORY, tmp_path_factory.mktemp("elsewhere"))["found"]


def test_everything_is_read_from_a_zip_as_from_the_checkout(of_the_checkout: Any, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "distributary.zip", "w") as archive:
        for path in packages():
            archive.write(path, path.relative_to(REPOSITORY))

    read = read_from(tmp_path / "distributary.zip", tmp_path)

    assert read["found"] == of_the_checkout
    assert not Path(read["copies"]).exists(), "what was copied out of the zip is removed at the end"


def test_everything_is_read_from_a_wheel_as_from_the_checkout(of_the_checkout: Any, tmp_path: Path) -> None:
    # In a copy: a build leaves folders behind.
    for path in [*packages(), *(REPOSITORY / name for name in ("setup.py", "pyproject.toml", "README.md"))]:
        (copy := tmp_path / "source" / path.relative_to(REPOSITORY)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-compile"]
    subprocess.run([*pip, "--target", tmp_path / "wheel", tmp_path / "source"], check=True, timeout=120)

    assert read_from(tmp_path / "wheel", tmp_path)["found"] == of_the_checkout


def test_one_changed_character_of_code_is_another_version(of_the_checkout: Any, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "distributary.zip", "w") as archive:
        for path in packages():
            more = "#" if path.name == "bots.py" else ""
            archive.writestr(str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8") + more)

    read = read_from(tmp_path / "distributary.zip", tmp_path)["found"]

    assert read["code version"] != of_the_checkout["code version"]
    assert read["knobs"] == of_the_checkout["knobs"]
