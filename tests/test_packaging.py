"""What pip installs: each extra holds what its modules import, and the lock holds all extras."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.version import Version

from tests.test_architecture import MAY_IMPORT, REPOSITORY, reached_from, sources

NO_PRODUCT = {"tests", "bench"}
# Packages that come with another one, as a part of it.
COMES_WITH = {"py4j": "pyspark", "markupsafe": "jinja2"}
# The extras whose packages the modules of a folder may import, beside what is always installed.
EXTRAS: dict[str, set[str]] = {
    "conf": set(),
    "simulator": set(),
    "published": set(),
    "dashboard": {"report"},
    "intake": {"spark"},
    "touchpoints": {"spark"},
    "warehouse": {"spark", "models"},
    "attribution": {"spark", "models"},
    "ltv": {"spark", "models"},
    "jobs": {"spark", "models", "report"},
}
# What is installed for one purpose needs less than the whole of its folder.
DOORS: dict[str, set[str]] = {
    "attribution/markov.py": set(),
    "attribution/shapley.py": set(),
    "jobs/attribute_paths.py": set(),
    "ltv/bg_nbd.py": set(),
    "ltv/gamma_gamma.py": set(),
    "ltv/mbg_nbd.py": set(),
    "ltv/pareto_nbd.py": set(),
    "ltv/pyfunc.py": {"models"},
    "ltv/registry.py": {"models"},
}


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    """What setup.py passes to setuptools."""
    found: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", lambda **given: found.update(given))
        runpy.run_path(str(REPOSITORY / "setup.py"))
    return found


def plain(name: str) -> str:
    """A distribution's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: Iterable[str]) -> set[str]:
    return {plain(Requirement(requirement).name) for requirement in requirements}


def installed_with(declared: dict[str, Any], extras: set[str]) -> set[str]:
    wanted = [*declared["install_requires"], *(one for extra in extras for one in declared["extras_require"][extra])]
    return names(wanted)


@cache
def distributions_of() -> dict[str, set[str]]:
    """By top-level module, the distributions that hold a part of it."""
    return {
        module: {plain(COMES_WITH.get(name.lower(), name)) for name in distributions}
        for module, distributions in packages_distributions().items()
    }


def not_installed(path: Path, installed: set[str]) -> list[str]:
    """Modules of other projects that the module imports, itself or through ours, and that these would not bring."""
    ours = {*EXTRAS, *NO_PRODUCT, *sys.stdlib_module_names}
    roots = {module.split(".")[0] for module in reached_from(path)} - ours
    return sorted(root for root in roots if not distributions_of().get(root, set()) & installed)


@pytest.mark.parametrize("package", EXTRAS)
def test_an_extra_holds_what_its_modules_import(declared: dict[str, Any], package: str) -> None:
    installed = installed_with(declared, EXTRAS[package])
    for path in sources(package):
        assert not_installed(path, installed) == [], path.relative_to(REPOSITORY)


@pytest.mark.parametrize("door", DOORS)
def test_who_reads_or_scores_installs_no_more(declared: dict[str, Any], door: str) -> None:
    assert not_installed(REPOSITORY / door, installed_with(declared, DOORS[door])) == []


def test_every_package_is_installed(declared: dict[str, Any]) -> None:
    folders = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - NO_PRODUCT
    assert {name.split(".")[0] for name in declared["packages"]} == folders
    assert {*MAY_IMPORT, *folders} <= set(EXTRAS)


def test_all_is_every_extra_and_dev_holds_all(declared: dict[str, Any]) -> None:
    extras = declared["extras_require"]
    parts = {requirement for name in ("spark", "models", "report") for requirement in extras[name]}
    assert set(extras["all"]) == parts
    assert parts < set(extras["dev"])
    assert len(names(extras["dev"])) == len(set(extras["dev"])), "one package has two ranges"


def test_the_lock_is_what_setup_py_asks_for(declared: dict[str, Any]) -> None:
    """requirements.lock names as asked for here just the packages of dev and of the base, in their ranges."""
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
