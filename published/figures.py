"""All figures of one publication in one view, each read when it is first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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
    """The figures of `published` in `view`; None for figures whose table is missing.

    `steps` as for `read_run_facts`. InputError when a published version cannot be read, UsageError when the view names
    a model, type or day without figures.
    """

    published: Published
    view: View
    steps: Sequence[StepTime] | None = None

    @cached_property
    def performance(self) -> Performance | None:
        """What each channel cost and earned."""
        return read_performance(self.published, self.view)

    @cached_property
    def paths(self) -> PathSummary | None:
        """The paths to conversions."""
        return read_paths(self.published, self.view)

    @cached_property
    def customer_count(self) -> int | None:
        """Persons with a purchase."""
        return count_customers(self.published, self.view)

    @cached_property
    def customers(self) -> CustomerFigures | None:
        """What customers are worth, and who may be leaving."""
        return read_customers(self.published, self.view)

    @cached_property
    def unmatched(self) -> UnmatchedSpend | None:
        """Spend and touches that do not meet."""
        return read_unmatched(self.published)

    @cached_property
    def unattributed(self) -> Unattributed | None:
        """Why conversions are unattributed."""
        return read_unattributed(self.published, self.view)

    @cached_property
    def facts(self) -> RunFacts:
        """The run behind the figures."""
        return read_run_facts(self.published, self.view, steps=self.steps)


def read_figures(
    lake: str, view: View = EVERYTHING, *, steps: Sequence[StepTime] | None = None, run_id: str | None = None
) -> Figures:
    """The figures of the newest publication of a lake (a folder or URI), or of that of the run `run_id`.

    InputError when nothing is published, UsageError when the view names a model, type or day without figures.
    """
    figures = Figures(read_published(lake, run_id=run_id), view, steps)
    _ = figures.performance, figures.paths  # so that an impossible view is refused here
    return figures
