"""The page of data: whether the figures can be trusted, and what is missing in them."""

from __future__ import annotations

from dashboard.ad_abuse_panel import ad_abuse_panel
from dashboard.robots_panel import robots_panel
from dashboard.run_panels import checks_panel, rows_panel
from dashboard.serve.page import Page, Part, of
from dashboard.source_findings_panel import source_findings_panel
from dashboard.tracking_losses_panel import tracking_losses_panel

PAGE = Page(
    "data",
    (
        Part("checks", "checks.title", of(checks_panel)),
        Part("rows", "rows.title", of(rows_panel)),
        Part("source-findings", "source_findings.title", of(source_findings_panel)),
        Part("tracking-losses", "tracking_losses.title", of(tracking_losses_panel)),
        Part("robots", "robots.title", of(robots_panel)),
        Part("ad-abuse", "ad_abuse.title", of(ad_abuse_panel)),
    ),
)
