"""The pages and their panels, in the order of the menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.customer_panels import acquisition_panel, activity_panel
from dashboard.forecasts_panel import forecasts_panel
from dashboard.panels import Panel
from dashboard.path_panels import top_paths_panel, touches_panel
from dashboard.performance_panels import comparison_panel, roas_panel
from dashboard.retargeting_panel import retargeting_panel
from dashboard.ad_abuse_panel import ad_abuse_panel
from dashboard.robots_panel import robots_panel
from dashboard.run_panels import checks_panel, rows_panel, steps_panel, versions_panel
from dashboard.serve.channels_page import campaigns_panel, channels_panel, days_panel
from dashboard.serve.context import Context
from dashboard.serve.overview_page import kpi_panel, moved_panel
from dashboard.source_findings_panel import source_findings_panel
from dashboard.time_panels import roas_over_time_panel, spend_and_value_panel
from dashboard.tracking_losses_panel import tracking_losses_panel
from dashboard.unattributed_panel import unattributed_panel
from dashboard.unmatched_panel import unmatched_panel
from dashboard.words import Words
from published.figures import Figures

Maker = Callable[[Context], Panel | None]


@dataclass(frozen=True)
class Part:
    """A panel of a page: its key in addresses, its title's text, and what makes it. None = nothing to show."""

    key: str
    title: str
    make: Maker


@dataclass(frozen=True)
class Page:
    """A page: its key in addresses ("" is the first), and its panels. `is_live` pages show what changes between
    publications, such as runs and questions, and are made for every answer."""

    key: str
    parts: tuple[Part, ...]
    is_live: bool = False

    @property
    def path(self) -> str:
        """Its address without the query."""
        return f"/{self.key}" if self.key != "overview" else "/"


def of(make: Callable[[Figures, Words], Panel | None]) -> Maker:
    """A panel of the report in the reader's view."""
    return lambda context: make(context.figures, context.words)


PAGES = (
    Page(
        "overview",
        (
            Part("kpis", "kpis.title", kpi_panel),
            Part("moved", "moved.title", moved_panel),
            Part("spend-and-value", "spend_and_value.title", of(spend_and_value_panel)),
        ),
    ),
    Page(
        "channels",
        (
            Part("channels", "channel_table.title", channels_panel),
            Part("roas", "roas.title", of(roas_panel)),
            Part("models", "models_compared.title", of(comparison_panel)),
            Part("roas-over-time", "roas_over_time.title", of(roas_over_time_panel)),
            Part("campaigns", "campaigns.title", campaigns_panel),
            Part("days", "days.title", days_panel),
            Part("retargeting", "retargeting.title", of(retargeting_panel)),
            Part("unmatched", "unmatched.title", of(unmatched_panel)),
        ),
    ),
    Page(
        "paths",
        (
            Part("paths", "top_paths.title", of(top_paths_panel)),
            Part("touches", "touches.title", of(touches_panel)),
            Part("unattributed", "unattributed.title", of(unattributed_panel)),
        ),
    ),
    Page(
        "customers",
        (
            Part("customers", "activity.title", of(activity_panel)),
            Part("acquisition", "acquisition.title", of(acquisition_panel)),
        ),
    ),
    Page("value", (Part("forecasts", "forecasts.title", of(forecasts_panel)),)),
    Page(
        "data",
        (
            Part("checks", "checks.title", of(checks_panel)),
            Part("rows", "rows.title", of(rows_panel)),
            Part("source-findings", "source_findings.title", of(source_findings_panel)),
            Part("tracking-losses", "tracking_losses.title", of(tracking_losses_panel)),
            Part("robots", "robots.title", of(robots_panel)),
            Part("ad-abuse", "ad_abuse.title", of(ad_abuse_panel)),
        ),
    ),
    Page(
        "runs",
        (
            Part("steps", "steps.title", of(steps_panel)),
            Part("versions", "versions.title", of(versions_panel)),
        ),
        is_live=True,
    ),
)
