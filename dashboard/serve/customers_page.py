"""The page of customers: who is still active, and what they are worth."""

from __future__ import annotations

from dashboard.customer_panels import acquisition_panel, activity_panel
from dashboard.serve.page import Page, Part, of

PAGE = Page(
    "customers",
    (
        Part("customers", "activity.title", of(activity_panel)),
        Part("acquisition", "acquisition.title", of(acquisition_panel)),
    ),
)
