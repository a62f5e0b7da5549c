"""The page of churn: whom to contact so that they stay, what it is expected to earn, and how far to trust it."""

from __future__ import annotations

from dashboard.serve.behaviour_panel import behaviour_panel
from dashboard.serve.leaving_panel import at_risk_without_campaign, leaving_panel
from dashboard.serve.page import Page, Part
from dashboard.serve.profit_panels import past_panel, profit_panel
from dashboard.serve.reliability_panel import reliability_panel

PAGE = Page(
    "churn",
    (
        Part("leaving", "leaving.title", leaving_panel),
        Part("behaviour", "behaviour.title", behaviour_panel),
        Part("reliability", "reliability.title", reliability_panel),
        Part("at-risk", "at_risk.title", at_risk_without_campaign),
        Part("profit", "profit.title", profit_panel),
        Part("past", "past.title", past_panel),
    ),
)
