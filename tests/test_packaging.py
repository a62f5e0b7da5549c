"""What pip installs: each extra has what its modules import, and the lock has all extras."""

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
# Packages that are installed as a part of another package.
COMES_WITH = {"py4j": "pyspark", "markupsafe": "jinja2"}
# The extras whose packages the modules of a folder may import, in addition to what is always installed.
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
# Modules that need fewer extras than their folder.
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
BUILDERS = re.compile(r"^def build_", flags=re.MULTILINE)


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
        module: {plain(COMES_WITH.get(name.lower(), name)) for name in distributions}
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


@pytest.mark.parametrize("door", DOORS)
def test_single_modules_need_no_more_than_their_extras(declared: dict[str, Any], door: str) -> None:
    assert not_installed(REPOSITORY / door, installed_with(declared, DOORS[door])) == []


def test_builders_need_no_models(declared: dict[str, Any]) -> None:
    installed = installed_with(declared, {"spark"})
    for package in ("touchpoints", "attribution", "ltv"):
        for path in sources(package):
            if BUILDERS.search(path.read_text(encoding="utf-8")):
                assert not_installed(path, installed) == [], path.relative_to(REPOSITORY)


def test_every_package_is_installed(declared: dict[str, Any]) -> None:
    folders = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - NO_PRODUCT
    assert {name.split(".")[0] for name in declared["packages"]} == folders
    assert {*MAY_IMPORT, *folders} <= set(EXTRAS)


def test_all_is_every_extra_and_dev_has_all(declared: dict[str, Any]) -> None:
    extras = declared["extras_require"]
    parts = {requirement for name in ("spark", "models", "report") for requirement in extras[name]}
    assert set(extras["all"]) == parts
    assert parts < set(extras["dev"])
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
