"""Metrics: what every number that people see is called, means, and is computed from, read from conf/metrics.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from conf import CONF_ROOT
from warehouse.contracts import Owner, Table
from warehouse.errors import UsageError, unknown_name
from warehouse.languages import BothLanguages, Written
from warehouse.settings_file import read_yaml
from warehouse.tables import TABLES

METRICS_FILE = CONF_ROOT / "metrics.yaml"
Names = tuple[Written, ...]


class Metric(BaseModel):
    """One number that people see.

    `formula` is one SQL aggregate over the columns of `table`, of the rows that fulfil `where` ('' = all). It may be
    grouped by the columns of `grain`. Those of `fixed` are filtered to one value or grouped by: over several of their
    values the formula counts the same thing twice. `unit` money is in the table's column currency; a share is 0 to 1.
    `direction` says which way is better; `target` is what a shop wants to reach, None where nothing is set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Written
    label: BothLanguages
    sentence: BothLanguages
    table: Written
    formula: Written
    where: str
    grain: Names
    fixed: Names
    unit: Literal["money", "ratio", "share", "count", "days"]
    owner: Owner
    kind: Literal["kpi", "reference"]
    direction: Literal["up", "down", "neutral"]
    target: FiniteFloat | None

    @property
    def contract(self) -> Table:
        """The contract of its table."""
        return TABLES[self.table]

    def sql(self, by: tuple[str, ...] = (), where: str = "") -> str:
        """The query that computes it: one row, or one per value of the columns `by`, sorted by them.

        `where` is a condition that narrows the rows further. The table is named as in SQL over published versions, and
        the column of the metric by its own name. UsageError when a column of `by` is none that it may be grouped by.
        """
        for column in by:
            if column not in self.grain:
                raise UsageError(f"{self.name}: {unknown_name('column to group by', column, self.grain)}")
        conditions = [f"({condition})" for condition in (self.where, where) if condition]
        return " ".join(
            [
                f"select {', '.join([*by, f'{self.formula} as {self.name}'])}",
                f"from {self.contract.layer}_{self.contract.name}",
                *([f"where {' and '.join(conditions)}"] if conditions else []),
                *([f"group by {', '.join(by)} order by {', '.join(by)}"] if by else []),
            ]
        )


@cache
def metrics() -> dict[str, Metric]:
    """Every metric by its name, in the order of conf/metrics.yaml. UsageError when the file does not fit."""
    read: dict[str, Metric] = {}
    for name, values in read_yaml(METRICS_FILE).items():
        try:
            read[name] = Metric.model_validate({"name": name, **values})
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(f"{METRICS_FILE}: {name}.{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return read


def metric(name: str) -> Metric:
    """The metric of that name; UsageError, with the nearest known name, when there is none."""
    if name not in metrics():
        raise UsageError(unknown_name("metric", name, metrics()))
    return metrics()[name]


def with_targets(targets: Mapping[str, float]) -> dict[str, Metric]:
    """Every metric, with a shop's targets (report.targets) in place of those of the file.

    UsageError, with the nearest known name, for a target of no metric.
    """
    chosen = {name: metric(name).model_copy(update={"target": target}) for name, target in targets.items()}
    return {**metrics(), **chosen}
