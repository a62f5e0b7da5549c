"""The order that readers show models in."""

from __future__ import annotations

from collections.abc import Iterable

# The order people know them in; models not named here follow by name.
MODEL_ORDER = (
    "last_touch",
    "last_non_direct",
    "first_touch",
    "linear",
    "position_based",
    "time_decay",
    "time_decay_by_order",
)


def in_report_order(models: Iterable[str]) -> tuple[str, ...]:
    """Each model once: those of MODEL_ORDER first and in that order, the others by name."""
    return tuple(sorted(set(models), key=_rank))


def _rank(model: str) -> tuple[int, str]:
    return (MODEL_ORDER.index(model) if model in MODEL_ORDER else len(MODEL_ORDER), model)
