"""The page of runs: what ran, how long it took, and what it published."""

from __future__ import annotations

from dashboard.run_panels import steps_panel, versions_panel
from dashboard.serve.page import Page, Part, of

PAGE = Page(
    "runs",
    (
        Part("steps", "steps.title", of(steps_panel)),
        Part("versions", "versions.title", of(versions_panel)),
    ),
    is_live=True,
)
