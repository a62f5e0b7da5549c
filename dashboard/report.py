"""The report: one self-contained HTML file, made from the published tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dashboard.ad_abuse_panel import ad_abuse_panel
from dashboard.channel_value_panels import payback_panel, value_to_cost_panel
from dashboard.customer_panels import acquisition_panel, activity_panel, at_risk_panel
from dashboard.first_week_panel import first_week_panel
from dashboard.forecasts_panel import forecasts_panel
from dashboard.headline import headline, lead_sentence, subtitle
from dashboard.panels import Panel
from dashboard.path_panels import top_paths_panel, touches_panel
from dashboard.performance_panels import comparison_panel, roas_panel
from dashboard.retargeting_panel import retargeting_panel
from dashboard.robots_panel import robots_panel
from dashboard.run_panels import checks_panel, checks_sentence, rows_panel, steps_panel, versions_panel
from dashboard.source_findings_panel import source_findings_panel
from dashboard.time_panels import roas_over_time_panel, spend_and_value_panel
from dashboard.tracking_losses_panel import tracking_losses_panel
from dashboard.unattributed_panel import unattributed_panel
from dashboard.unmatched_panel import unmatched_panel
from dashboard.words import Words, words_in
from published.figures import Figures, read_figures
from published.run_facts import StepTime
from published.view import EVERYTHING, View
from warehouse.errors import UsageError

PanelMaker = Callable[[Figures, Words], Panel | None]
# The sections of the report in order: heading and panels. A panel with nothing to show returns None and is left out.
SECTIONS: tuple[tuple[str, tuple[PanelMaker, ...]], ...] = (
    (
        "sections.channels",
        (
            roas_panel,
            comparison_panel,
            roas_over_time_panel,
            spend_and_value_panel,
            retargeting_panel,
            unmatched_panel,
        ),
    ),
    (
        "sections.paths",
        (
            touches_panel,
            top_paths_panel,
            unattributed_panel,
            tracking_losses_panel,
        ),
    ),
    (
        "sections.customers",
        (
            activity_panel,
            forecasts_panel,
            acquisition_panel,
            value_to_cost_panel,
            payback_panel,
            first_week_panel,
            at_risk_panel,
        ),
    ),
    (
        "sections.run",
        (
            rows_panel,
            source_findings_panel,
            robots_panel,
            ad_abuse_panel,
            checks_panel,
            steps_panel,
            versions_panel,
        ),
    ),
)
HERE = files("dashboard")


def write_report(
    lake: str,
    out_file: Path | str,
    *,
    title: str | None = None,
    timezone: str | None = None,
    steps: Sequence[StepTime] | None = None,
    view: View = EVERYTHING,
    made_from: str = "",
    run_id: str | None = None,
) -> Path:
    """Write the report of a publication of `lake` to `out_file` and return its path: the newest, or that of `run_id`.

    `timezone` is the reporting zone, shown in the heading. `steps` are the times of a run that has not finished;
    without them the steps of the run that published are read from ops.run_log. `view` sets what is shown, and in which
    language. `made_from` is kept in the page; see dashboard.made_from. The same tables and arguments give the same
    bytes. InputError when nothing is published; UsageError when the view names a model, type or day without figures,
    or when the file cannot be written.
    """
    figures = read_figures(lake, view, steps=steps, run_id=run_id)
    page = render_report(figures, title=title, timezone=timezone, made_from=made_from)
    place = Path(out_file)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(page, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        message = f"the report cannot be written to {place}: {reason}; set report.file to another place"
        raise UsageError(message) from error
    return place


def render_report(
    figures: Figures, *, title: str | None = None, timezone: str | None = None, made_from: str = ""
) -> str:
    """The page as text, in the language of the figures' view."""
    environment = Environment(
        loader=PackageLoader("dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words, facts = words_in(figures.view.language), figures.facts
    return environment.get_template("report.html").render(
        words=words,
        made_from=made_from,
        title=title or words("page.title"),
        subtitle=subtitle(figures, words, timezone),
        lead=lead_sentence(figures, words),
        tiles=headline(figures, words),
        sections=[(words(heading), _shown(panels, figures, words)) for heading, panels in SECTIONS],
        checks=checks_sentence(facts, words),
        checks_held=bool(facts.checks) and not facts.failed,
        facts=facts,
        as_of=words.day(facts.as_of),
        last_day=words.day(figures.performance.last_day if figures.performance else facts.as_of),
        css=Markup((HERE / "static" / "report.css").read_text(encoding="utf-8")),
    )


def _shown(panels: Sequence[PanelMaker], figures: Figures, words: Words) -> list[Panel]:
    return [shown for panel in panels if (shown := panel(figures, words)) is not None]
