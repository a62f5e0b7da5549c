"""The page of paths: the ways to a conversion, and what is not known of them."""

from __future__ import annotations

from dashboard.path_panels import top_paths_panel, touches_panel
from dashboard.serve.page import Page, Part, of
from dashboard.unattributed_panel import unattributed_panel

PAGE = Page(
    "paths",
    (
        Part("paths", "top_paths.title", of(top_paths_panel)),
        Part("touches", "touches.title", of(touches_panel)),
        Part("unattributed", "unattributed.title", of(unattributed_panel)),
    ),
)
