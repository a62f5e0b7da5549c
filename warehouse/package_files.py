"""Files that come with the packages, on disk: they may be in a zip on the path, and other programs open only files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory

_COMPILED = "__pycache__"


@cache
def on_disk(package: str, *parts: str) -> Path:
    """A file or folder of a package as a path that a JVM or MLflow can open.

    In a checkout or an installed wheel that is the file itself. From a zip it is copied to a temporary folder, which is
    removed when the process ends.
    """
    found = files(package).joinpath(*parts)
    if isinstance(found, Path):
        return found
    place = Path(_copies().name, package, *parts)
    _copy(found, place)
    return place


@cache
def _copies() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="distributary-")


def _copy(source: Traversable, place: Path) -> None:
    if source.is_dir():
        for part in source.iterdir():
            if part.name != _COMPILED:
                _copy(part, place / part.name)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(source.read_bytes())
