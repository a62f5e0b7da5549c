"""Which code made a row: a hash of the packages' sources, so that tables made by older code are built again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

# Without intake: it writes only bronze, whose rows are taken in once and never built again.
BUILDING_PACKAGES = ("warehouse", "touchpoints", "attribution", "ltv")


@cache
def code_version(packages: tuple[str, ...] = BUILDING_PACKAGES, endings: tuple[str, ...] = (".py",)) -> str:
    """A short hash over the sources of some packages; by default the Python sources of those that build tables.

    The same sources give the same version, whether they are a checkout, an installed wheel or a zip on the path.
    """
    digest = hashlib.sha256()
    for package in packages:
        for place, source in sorted(_sources(files(package), endings), key=lambda found: found[0]):
            digest.update("/".join(place).encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _sources(
    folder: Traversable, endings: tuple[str, ...], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    """Every file below the folder whose name ends so, with the parts of its path."""
    for entry in folder.iterdir():
        place = (*above, entry.name)
        if entry.is_dir():
            yield from _sources(entry, endings, place)
        elif entry.name.endswith(endings):
            yield place, entry
