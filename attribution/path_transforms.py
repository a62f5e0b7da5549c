"""Transforms of a path of channels before it is credited, applied from left to right.

Google's names for them, on the path D > A > B > B > C > D > C > C:

    unique                              D A B B C D C C        (as it is)
    exposure                            D A B C D C            (equal neighbours are one)
    first                               D A B C                (each channel where it came first)
    frequency                           D(2) A(1) B(2) C(3)    (first, with how often; these are new channels)
    trim_long_path:3                    D C C                  (the last 3 touches)
    drop_direct                         Direct A Direct: A     (remove_if_not_all:Direct)
    remove_if_not_all:A                 A B A A: B;   A A: A A
    remove_if_last_and_not_all:A        A B A A: A B; A A: A A

No transform empties a path that had touches, so no conversion loses its channels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import reduce

from attribution.paths import Paths
from warehouse.errors import UsageError
from warehouse.terms import DIRECT

Path = tuple[str, ...]
Transform = Callable[[Path], Path]


def unique(path: Path) -> Path:
    """The path as it is."""
    return path


def exposure(path: Path) -> Path:
    """Equal neighbours become one touch."""
    return tuple(channel for i, channel in enumerate(path) if i == 0 or channel != path[i - 1])


def first(path: Path) -> Path:
    """Each channel once, in the order of first touches."""
    return tuple(dict.fromkeys(path))


def frequency(path: Path) -> Path:
    """Each channel once, in the order of first touches, named with how often it was touched: 'D(2)'."""
    return tuple(f"{channel}({touches})" for channel, touches in Counter(path).items())


def remove_if_not_all(removed: str) -> Transform:
    """Leaves out every touch of a channel, unless there is no other."""

    def transform(path: Path) -> Path:
        return tuple(channel for channel in path if channel != removed) or path

    return transform


def remove_if_last_and_not_all(removed: str) -> Transform:
    """Leaves out the touches of a channel at the end of the path, unless there is no other."""

    def transform(path: Path) -> Path:
        end = len(path)
        while end and path[end - 1] == removed:
            end -= 1
        return path[:end] or path

    return transform


def trim_long_path(touches: int) -> Transform:
    """The last touches of a path, at most `touches`. UsageError for fewer than 1."""
    if touches < 1:
        raise UsageError(f"trim_long_path keeps at least 1 touch, not {touches}")
    return lambda path: path[-touches:]


drop_direct = remove_if_not_all(DIRECT)

PLAIN: dict[str, Transform] = {
    "unique": unique,
    "exposure": exposure,
    "first": first,
    "frequency": frequency,
    "drop_direct": drop_direct,
}
WITH_CHANNEL: dict[str, Callable[[str], Transform]] = {
    "remove_if_not_all": remove_if_not_all,
    "remove_if_last_and_not_all": remove_if_last_and_not_all,
}
FORMS = (*PLAIN, *(f"{name}:CHANNEL" for name in WITH_CHANNEL), "trim_long_path:TOUCHES")


def transform_named(text: str) -> Transform:
    """The transform that 'exposure', 'remove_if_not_all:Direct' or 'trim_long_path:5' means; UsageError for others."""
    name, _, argument = text.partition(":")
    if name in PLAIN and not argument:
        return PLAIN[name]
    if name in WITH_CHANNEL and argument:
        return WITH_CHANNEL[name](argument)
    if name == "trim_long_path" and argument.isdecimal():
        return trim_long_path(int(argument))
    raise UsageError(f"no path transform is written {text!r}; there are {', '.join(FORMS)}")


def transformed(paths: Paths, transforms: Sequence[Transform]) -> Paths:
    """Every path transformed, first transform first, with unchanged counts. Empty paths stay empty.

    >>> from attribution.path_transforms import transform_named, transformed
    >>> from attribution.paths import Paths
    >>> paths = Paths.of([["Direct", "Email", "Email", "Direct"]], conversions=[3])
    >>> transformed(paths, [transform_named("drop_direct"), transform_named("exposure")]).sequences()
    [('Email',)]
    """
    if not transforms:
        return paths
    channels = (reduce(lambda path, transform: transform(path), transforms, path) for path in paths.sequences())
    return Paths.of(channels, paths.conversions, paths.value, paths.nulls)
