"""docs/metrics.md: every metric and every ready view, made from conf/metrics.yaml and views/*.sql."""

from __future__ import annotations

from collections.abc import Iterable

from published.metrics import Metric, metrics
from published.views import ReadyView, ready_views

HEADING = """# Metrics and views

Every number that people see is defined once, in `conf/metrics.yaml`. A formula is one SQL aggregate over a published
table ([data dictionary](data-dictionary.md)). It may be grouped by the columns of its grain. Columns in **bold** must
be filtered to one value or grouped by: over several of their values a sum counts the same thing twice. Ratios divide
sums and are never averaged. Money is in the table's column `currency`, a share is 0 to 1.

A shop's own targets: `report.targets: {roas: 3}` in its configuration file. The same definitions for BI tools and
agents: `distributary sql --semantic-model FILE` ([SQL](sql.md)).

This page is made from `conf/metrics.yaml` and `views/`; write it again with `make docs`.
"""
VIEWS = """## Ready views

One SQL file in `views/` for each question, read by `distributary sql` and other engines ([SQL](sql.md)).
"""


def metrics_page() -> str:
    """The Markdown page."""
    by_table: dict[str, list[Metric]] = {}
    for metric in metrics().values():
        by_table.setdefault(metric.table, []).append(metric)
    parts = [HEADING]
    for table, of_table in by_table.items():
        heads = ["| metric | what one number is | formula | where | unit | kind | better | target |"]
        parts += [f"## Over {table}\n", _grains(of_table), *heads, "|---|---|---|---|---|---|---|---|"]
        parts += [*map(_row, of_table), ""]
    rows = map(_view_row, ready_views().values())
    heads = ["| question | view | one row per | tables, or what it waits for |", "|---|---|---|---|"]
    return "\n".join([*parts, VIEWS, *heads, *rows]) + "\n"


def _grains(of_table: Iterable[Metric]) -> str:
    """A line for each grain that metrics of the table have."""
    grains: dict[str, list[str]] = {}
    for metric in of_table:
        columns = [f"**{name}**" if name in metric.fixed else name for name in metric.grain]
        grains.setdefault(", ".join(columns), []).append(f"`{metric.name}`")
    return "".join(f"{', '.join(names)}: by {grain}.\n\n" for grain, names in grains.items()).rstrip("\n") + "\n"


def _row(metric: Metric) -> str:
    name = f"`{metric.name}`<br>{metric.label.en}<br>{metric.label.ko}"
    target = "" if metric.target is None else f"{metric.target:g}"
    where = f"`{metric.where}`" if metric.where else ""
    cells = (name, f"{metric.sentence.en}<br>{metric.sentence.ko}", f"`{metric.formula}`", where)
    return _cells(*cells, metric.unit, metric.kind, metric.direction, target)


def _view_row(view: ReadyView) -> str:
    numbers = ", ".join(map(str, view.questions))
    rest = f"waits for {view.waits_for}" if view.waits_for else ", ".join(view.tables)
    return _cells(f"{numbers}. {view.question.en}<br>{view.question.ko}", f"`{view.name}`", view.grain, rest)


def _cells(*texts: str) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(metrics_page())
