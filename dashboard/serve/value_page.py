"""The page of value: what all customers are expected to bring."""

from __future__ import annotations

from dashboard.forecasts_panel import forecasts_panel
from dashboard.serve.page import Page, Part, of

PAGE = Page("value", (Part("forecasts", "forecasts.title", of(forecasts_panel)),))
