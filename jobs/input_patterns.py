"""The patterns of landing.inputs that name some files of a folder and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from intake.first_look import KNOWN_ENDINGS, format_ending

# What a pattern may have in it; other signs are given as *.
NOT_IN_PATTERN = re.compile(r"[^\w. ()+=,@~%&-]")


def patterns_of(
    folder: str, inside: Sequence[str], others: Sequence[str], *, by_folder: bool
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The pattern of these files that no other file matches, or several, each with its files."""
    prefix = f"{folder}/" if folder else ""
    middle = f"{_plain(prefix)}*/" if by_folder else _plain(prefix)
    # A pattern without a folder is for the files right in the landing folder.
    beside = [name for name in others if (name.startswith(prefix) if folder else "/" not in name)]
    endings = {format_ending(name) for name in inside}
    begin = _common_begin([name.rsplit("/", 1)[-1] for name in inside])
    candidates = [f"{middle}*"] if folder else []
    if len(endings) == 1 and (ending := endings.pop()) in KNOWN_ENDINGS:
        candidates += [f"{middle}*{ending}", f"{middle}{begin}*{ending}"]
    candidates.append(f"{middle}{begin}*")
    for pattern in candidates:
        last = pattern.rsplit("/", 1)[-1]
        if all(fnmatchcase(name.rsplit("/", 1)[-1], last) for name in inside) and not any(
            fnmatchcase(name.rsplit("/", 1)[-1], last) for name in beside
        ):
            yield pattern, tuple(inside)
            return
    for name in inside:
        yield _plain(name), (name,)


def _plain(name: str) -> str:
    """The name of a file as a pattern that means it alone."""
    return "/".join(NOT_IN_PATTERN.sub("*", part) for part in name.split("/"))


def _common_begin(names: Sequence[str]) -> str:
    """What all names begin with, up to the first sign that a pattern cannot have or a digit."""
    shortest = min(names, key=len)
    same = next((n for n, char in enumerate(shortest) if any(name[n] != char for name in names)), len(shortest))
    found = re.match(r"[A-Za-z_. -]*", shortest[:same])
    return found[0] if found else ""
