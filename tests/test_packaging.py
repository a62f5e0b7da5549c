"""What pip installs: each extra has what its modules import, and the lock has all extras."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.version import Version

from tests.test_architecture import MAY_IMPORT, REPOSITORY, reached_from, sources

NO_PRODUCT = {"tests", "bench"}
# Packages that come with another one, as a part of it.
COMES_WITH = {"py4j": "pyspark", "markupsafe": "jinja2", "pydantic-core": "pydantic"}
# The extras whose packages the modules of a folder may import, beside what is always installed.
EXTRAS: dict[str, set[str]] = {
    "conf": set(),
    "views": set(),
    "simulator": set(),
    "published": set(),
    "dashboard": {"report", "serve"},
    "intake": {"spark"},
    "touchpoints": {"spark"},
    "warehouse": {"spark", "models", "sail"},
    "attribution": {"spark", "models"},
    "ltv": {"spark", "models"},
    "jobs": {"spark", "models", "report", "serve", "mcp", "sail"},  # sail: channels explain
}
# Who has installed only these extras can import these.
DOORS: dict[str, list[str]] = {
    "": [
        "attribution.markov",
        "attribution.shapley",
        "jobs.attribute_paths",
        "jobs.cli",
        "jobs.doctor",
        "jobs.init",
        "ltv.bg_nbd",
        "ltv.gamma_gamma",
        "ltv.mbg_cnbd_k",
        "ltv.mbg_nbd",
        "ltv.pareto_nbd",
    ],
    "models": ["ltv.pyfunc", "ltv.registry"],
    "report": ["dashboard.report"],
    "spark": ["attribution.attribution_credits", "ltv.customer_value", "touchpoints.visits", "warehouse.store"],
}
ONLY = """
import sys
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {missing}:
            raise ModuleNotFoundError("No module named " + repr(name))
sys.meta_path.insert(0, NotInstalled())
"""


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    """The arguments that setup.py passes to setuptools."""
    found: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", lambda **given: found.update(given))
        runpy.run_path(str(REPOSITORY / "setup.py"))
    return found


def plain(name: str) -> str:
    """A distribution's name in the form that pip compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: Iterable[str]) -> set[str]:
    return {plain(Requirement(requirement).name) for requirement in requirements}


def installed_with(declared: dict[str, Any], extras: set[str]) -> set[str]:
    wanted = [*declared["install_requires"], *(one for extra in extras for one in declared["extras_require"][extra])]
    return names(wanted)


@cache
def distributions_of() -> dict[str, set[str]]:
    """Per top-level module the distributions that contain a part of it."""
    return {
        module: {COMES_WITH.get(plain(name), plain(name)) for name in distributions}
        for module, distributions in packages_distributions().items()
    }


def not_installed(path: Path, installed: set[str]) -> list[str]:
    """Modules of other projects that the file imports, directly or through our modules, and that are not installed."""
    ours = {*EXTRAS, *NO_PRODUCT, *sys.stdlib_module_names}
    roots = {module.split(".")[0] for module in reached_from(path)} - ours
    return sorted(root for root in roots if not distributions_of().get(root, set()) & installed)


@pytest.mark.parametrize("package", EXTRAS)
def test_an_extra_has_what_its_modules_import(declared: dict[str, Any], package: str) -> None:
    installed = installed_with(declared, EXTRAS[package])
    for path in sources(package):
        assert not_installed(path, installed) == [], path.relative_to(REPOSITORY)


def installed_by(declared: dict[str, Any], extras: set[str]) -> set[str]:
    """Every distribution that pip installs with these extras, those that others require among them."""
    todo, found = installed_with(declared, extras), set[str]()
    while todo:
        name = todo.pop()
        found.add(name)
        with suppress(PackageNotFoundError):
            required = [Requirement(line) for line in requires(name) or []]
            todo |= {
                plain(one.name) for one in required if not one.marker or one.marker.evaluate({"extra": ""})
            } - found
    return found


def run_with_only(declared: dict[str, Any], extras: set[str], program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a Python that finds only what these extras install."""
    installed = installed_by(declared, extras)
    missing = {module for module, of in distributions_of().items() if not of & installed} - set(EXTRAS)
    assert "pyspark" in missing or "spark" in extras, "the test itself is wrong"
    return subprocess.run(
        [sys.executable, "-c", ONLY.format(missing=missing) + program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("extra", DOORS)
def test_who_installs_one_extra_can_import_what_it_is_for(declared: dict[str, Any], extra: str) -> None:
    done = run_with_only(declared, {extra} - {""}, f"import {', '.join(DOORS[extra])}")
    assert done.returncode == 0, done.stderr


def test_paths_are_credited_without_any_extra(declared: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "paths.csv").write_text("path,conversions\nEmail > Search,3\nSearch,2\n", encoding="utf-8")
    files = ["--paths", f"{tmp_path}/paths.csv", "--out", f"{tmp_path}/credit.csv"]

    done = run_with_only(declared, set(), f"from jobs.cli import app\napp({['attribute-paths', *files]})")

    assert done.returncode == 0, done.stderr
    assert "first_touch,Email,3.0" in (tmp_path / "credit.csv").read_text(encoding="utf-8")


def test_every_package_is_installed(declared: dict[str, Any]) -> None:
    folders = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - NO_PRODUCT
    assert {name.split(".")[0] for name in declared["packages"]} == folders
    assert {*MAY_IMPORT, *folders} <= set(EXTRAS)


def test_all_is_every_extra_but_sail_and_dev_has_them_all(declared: dict[str, Any]) -> None:
    extras = declared["extras_require"]
    parts = {requirement for name in ("spark", "models", "report", "serve", "mcp") for requirement in extras[name]}
    assert set(extras["all"]) == parts
    assert parts | set(extras["sail"]) < set(extras["dev"])
    assert len(names(extras["dev"])) == len(set(extras["dev"])), "one package has two ranges"


def test_the_lock_is_what_setup_py_requires(declared: dict[str, Any]) -> None:
    """The direct requirements in requirements.lock are exactly the packages of dev and of the base, in their ranges."""
    wanted = [Requirement(line) for line in [*declared["install_requires"], *declared["extras_require"]["dev"]]]
    locked: dict[str, Version] = {}
    asked_for: set[str] = set()
    name = ""
    for line in (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([\w.-]+)==([^\s;\\]+)", line):
            name = plain(found.group(1))
            locked[name] = Version(found.group(2))
        elif "distributary (setup.py)" in line:
            asked_for.add(name)
    assert asked_for == {plain(requirement.name) for requirement in wanted}
    for requirement in wanted:
        version = locked[plain(requirement.name)]
        assert version in requirement.specifier, f"{requirement} but {version} is locked"
