"""Which code made a row: a hash of the packages' sources, so that tables made by older code are built again."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Without intake: it writes only bronze, whose rows are taken in once and never built again.
BUILDING_PACKAGES = ("warehouse", "touchpoints", "attribution", "ltv")


@cache
def code_version(packages: tuple[str, ...] = BUILDING_PACKAGES, endings: tuple[str, ...] = (".py",)) -> str:
    """A short hash over the sources of some packages; by default the Python sources of those that build tables."""
    digest = hashlib.sha256()
    for package in packages:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            for source in sorted(file for file in Path(folder).rglob("*") if file.suffix in endings):
                digest.update(source.relative_to(folder).as_posix().encode())
                digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
