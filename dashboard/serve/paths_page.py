"""The page of paths: the ways to a conversion, who opens and who closes them, how long they take, what is not known."""

from __future__ import annotations

from dashboard.panels import Panel
from dashboard.path_panels import top_paths_of, touches_of
from dashboard.serve.assists_panel import assists_panel
from dashboard.serve.context import Context
from dashboard.serve.convert_times_panel import convert_times_panel
from dashboard.serve.flow_panel import flow_panel
from dashboard.serve.page import Page, Part, of
from dashboard.serve.positions_panel import positions_panel
from dashboard.serve.small_steps_panel import small_steps_panel
from dashboard.unattributed_panel import unattributed_panel
from warehouse.tables import SILVER_JOURNEYS


def paths_panel(context: Context) -> Panel:
    """The paths with the most conversions of the view, beside the journeys of the same path that ended without one."""
    words = context.words
    paths = context.journey_paths
    if paths is None and context.published.has(SILVER_JOURNEYS):
        return Panel("paths", words("top_paths.title"), words("journeys.nothing"))
    return top_paths_of(paths, words)


def touches_before_panel(context: Context) -> Panel | None:
    """Conversions of the view by the number of touches before them."""
    return touches_of(context.journey_paths, None, context.words)


PAGE = Page(
    "paths",
    (
        Part("paths", "top_paths.title", paths_panel),
        Part("positions", "positions.title", positions_panel),
        Part("flow", "flow.title", flow_panel),
        Part("convert-times", "convert_times.title", convert_times_panel),
        Part("touches", "touches.title", touches_before_panel),
        Part("assists", "assists.title", assists_panel),
        Part("small-steps", "small_steps.title", small_steps_panel),
        Part("unattributed", "unattributed.title", of(unattributed_panel)),
    ),
)
