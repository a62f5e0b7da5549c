"""The order in which readers show models."""

from __future__ import annotations

from collections.abc import Iterable

from warehouse.model_order import MODEL_ORDER


def in_report_order(models: Iterable[str]) -> tuple[str, ...]:
    """Each model once: models of MODEL_ORDER first, in that order; the others follow, sorted by name."""
    return tuple(sorted(set(models), key=_rank))


def _rank(model: str) -> tuple[int, str]:
    return (MODEL_ORDER.index(model) if model in MODEL_ORDER else len(MODEL_ORDER), model)
