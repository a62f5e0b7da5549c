"""From which tables each table is made, so that a number can be followed back to the files that landed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from published.metrics import metrics

Reads = Mapping[str, tuple[str, ...]]
NO_MARTS: Reads = MappingProxyType({})


@cache
def _inputs() -> dict[str, tuple[str, ...]]:
    """The inputs of each recipe, as `make docs` writes them to lineage.json."""
    content = json.loads((files("published") / "lineage.json").read_text(encoding="utf-8"))
    return {made: tuple(inputs) for made, inputs in content.items()}


def made_from(table: str, marts: Reads = NO_MARTS) -> tuple[str, ...]:
    """The tables that a table is made from; none for what landed, what runs wrote down, and what training made.

    `marts` are the tables that a shop's marts read.
    """
    return marts.get(table, _inputs().get(table, ()))


def used_by(table: str, marts: Reads = NO_MARTS) -> tuple[str, ...]:
    """The tables that are made from it, in the order of the flow, then the marts that read it."""
    return tuple(made for made, inputs in (_inputs() | dict(marts)).items() if table in inputs)


def metrics_of(table: str) -> tuple[str, ...]:
    """The metrics that are computed from it, in the order of their file."""
    return tuple(name for name, metric in metrics().items() if metric.table == table)


def upstream(table: str, marts: Reads = NO_MARTS) -> tuple[tuple[str, str], ...]:
    """Every pair (input, table) on the way to it, each once: nearest first, then by the order of inputs."""
    pairs: dict[tuple[str, str], None] = {}
    todo = [table]
    for made in todo:
        for each in made_from(made, marts):
            pairs.setdefault((each, made))
            if each not in todo:
                todo.append(each)
    return tuple(pairs)
