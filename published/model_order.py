"""The order that readers show models in."""

from __future__ import annotations

from collections.abc import Iterable

from warehouse.model_order import MODEL_ORDER


def in_report_order(models: Iterable[str]) -> tuple[str, ...]:
    """Each model once: those of MODEL_ORDER first and in that order, the others by name."""
    return tuple(sorted(set(models), key=_rank))


def _rank(model: str) -> tuple[int, str]:
    return (MODEL_ORDER.index(model) if model in MODEL_ORDER else len(MODEL_ORDER), model)
