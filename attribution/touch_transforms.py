"""Which touches of a path take part in credit: the transforms of attribution/path_transforms.py that choose touches.

On D > A > B > B > C > D > C > C: exposure keeps D A B C D C (equal neighbours are one, the first of them), first keeps
D A B C (each channel where it came first). drop_direct leaves Direct out unless there is no other. No transform
empties a path.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution.expressions import channels_of
from warehouse.errors import UsageError
from warehouse.expressions import let
from warehouse.terms import DIRECT


def exposure(path: Column) -> Column:
    """Of touches of one channel in a row, the first."""
    return F.filter(path, lambda touch, index: ~touch["channel"].eqNullSafe(F.get(path, index - 1)["channel"]))


def first(path: Column) -> Column:
    """Of each channel's touches, the first."""
    return let(
        channels_of(path),
        lambda channels: F.filter(path, lambda touch, index: F.array_position(channels, touch["channel"]) == index + 1),
    )


def drop_direct(path: Column) -> Column:
    """All touches but Direct ones; all where there is no other."""
    others = F.filter(path, lambda touch: touch["channel"] != DIRECT)
    return F.when(F.size(others) > 0, others).otherwise(path)


TRANSFORMS = {"exposure": exposure, "first": first, "drop_direct": drop_direct}


def transformed(path: Column, transforms: Sequence[str]) -> Column:
    """The touches left by the transforms, first transform first; UsageError for one that does not exist."""
    unknown = [name for name in transforms if name not in TRANSFORMS]
    if unknown:
        raise UsageError(f"no transform of touches is called {unknown[0]!r}; there are {', '.join(TRANSFORMS)}")
    return reduce(lambda touches, name: TRANSFORMS[name](touches), transforms, path)
