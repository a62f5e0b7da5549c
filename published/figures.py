"""All figures of one publication in one view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from published.customers import CustomerFigures, count_customers, read_customers
from published.paths import PathSummary, read_paths
from published.performance import Performance, read_performance
from published.publication import Published, read_published
from published.run_facts import RunFacts, StepTime, read_run_facts
from published.unattributed import Unattributed, read_unattributed
from published.unmatched import UnmatchedSpend, read_unmatched
from published.view import EVERYTHING, View


@dataclass(frozen=True)
class Figures:
    """The figures of `published` in `view`; None for figures whose table is missing."""

    published: Published
    view: View
    performance: Performance | None
    paths: PathSummary | None
    customer_count: int | None
    customers: CustomerFigures | None
    unmatched: UnmatchedSpend | None
    unattributed: Unattributed | None
    facts: RunFacts


def read_figures(
    lake: str, view: View = EVERYTHING, *, steps: Sequence[StepTime] | None = None, run_id: str | None = None
) -> Figures:
    """The figures of the newest publication of a lake (a folder or URI), or of that of the run `run_id`.

    `steps` as for `read_run_facts`. InputError when nothing is published, UsageError when the view names a model, type
    or day without figures.
    """
    published = read_published(lake, run_id=run_id)
    return Figures(
        published=published,
        view=view,
        performance=read_performance(published, view),
        paths=read_paths(published, view),
        customer_count=count_customers(published, view),
        customers=read_customers(published, view),
        unmatched=read_unmatched(published),
        unattributed=read_unattributed(published, view),
        facts=read_run_facts(published, view, steps=steps),
    )
