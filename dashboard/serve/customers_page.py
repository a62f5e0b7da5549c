"""The page of customers: who is still active, what they are worth, and where they came from."""

from __future__ import annotations

from dashboard.customer_panels import acquisition_panel, activity_panel
from dashboard.serve.alive_panels import alive_panel, cell_panel
from dashboard.serve.page import Page, Part, of
from dashboard.serve.segments_panel import segments_panel

PAGE = Page(
    "customers",
    (
        Part("alive", "alive.title", alive_panel),
        Part("cell", "alive_cell.any_title", cell_panel),
        Part("segments", "segment_values.title", segments_panel),
        Part("acquisition", "acquisition.title", of(acquisition_panel)),
        Part("customers", "activity.title", of(activity_panel)),
    ),
)
