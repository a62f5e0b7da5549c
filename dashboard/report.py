"""The report: one HTML file that needs nothing but itself, made from the published tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboard import formats
from dashboard.customer_panels import customer_panels
from dashboard.customers import HORIZON_DAYS, CustomerFigures, count_customers, read_customers
from dashboard.panels import Panel, Tile
from dashboard.path_panels import path_panels
from dashboard.paths import PathSummary, read_paths
from dashboard.performance import Performance, ratio, read_performance
from dashboard.performance_panels import performance_panels
from dashboard.report_data import Published, read_published
from dashboard.run_facts import RunFacts, StepTime, read_run_facts
from dashboard.run_panels import checks_sentence, run_panels
from warehouse.errors import UsageError

DEFAULT_TITLE = "Marketing report"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class ReportFigures:
    """Every figure of one publication that the report and the text summary show; None where a table is missing."""

    published: Published
    performance: Performance | None
    paths: PathSummary | None
    customer_count: int | None
    customers: CustomerFigures | None
    facts: RunFacts


def read_figures(lake: str, *, steps: Sequence[StepTime] | None = None) -> ReportFigures:
    """The figures of the newest publication of a lake (a folder or URI). InputError when nothing is published."""
    published = read_published(lake)
    performance = read_performance(published)
    return ReportFigures(
        published=published,
        performance=performance,
        paths=read_paths(published, performance.conversion_type if performance else "purchase"),
        customer_count=count_customers(published),
        customers=read_customers(published),
        facts=read_run_facts(published, steps),
    )


def write_report(
    lake: str,
    out_file: Path | str,
    *,
    title: str = DEFAULT_TITLE,
    timezone: str | None = None,
    steps: Sequence[StepTime] | None = None,
) -> Path:
    """Writes the report of the newest publication of `lake` to `out_file` and gives its path.

    `timezone` is the reporting zone, named in the heading. `steps` are the times of a run that is still under way;
    without them those of the run that published are read from ops.run_log. The same tables and arguments give the
    same bytes. InputError when nothing is published, UsageError when the file cannot be written.
    """
    page = render_report(read_figures(lake, steps=steps), title=title, timezone=timezone)
    place = Path(out_file)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(page, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        message = f"the report cannot be written to {place}: {reason}; set report.file to another place"
        raise UsageError(message) from error
    return place


def render_report(figures: ReportFigures, *, title: str = DEFAULT_TITLE, timezone: str | None = None) -> str:
    """The page as text."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (HERE / "static" / "report.css").read_text(encoding="utf-8")
    sections: list[tuple[str, Sequence[Panel]]] = [
        ("Channels", performance_panels(figures.performance)),
        ("Paths", path_panels(figures.paths)),
        ("Customers", customer_panels(figures.customers)),
        ("Behind the figures", run_panels(figures.facts)),
    ]
    return environment.get_template("report.html").render(
        title=title,
        subtitle=subtitle(figures, timezone),
        lead=lead_sentence(figures),
        tiles=headline(figures),
        sections=sections,
        checks=checks_sentence(figures.facts),
        checks_held=bool(figures.facts.checks) and not figures.facts.failed,
        facts=figures.facts,
        as_of=formats.day(figures.facts.as_of),
        last_day=formats.day(figures.performance.last_day if figures.performance else figures.facts.as_of),
        css=Markup(css),
    )


def subtitle(figures: ReportFigures, timezone: str | None) -> str:
    """Which days and which money the page is about."""
    performance = figures.performance
    said = [f"Customers as of {formats.day(figures.facts.as_of)}"]
    if performance is not None:
        said = [f"{formats.day(performance.first_day)} to {formats.day(performance.last_day)}"]
    if timezone:
        said.append(f"days in {timezone}")
    if performance is not None:
        said.append(f"amounts in {performance.currency}, net of refunds")
    return " · ".join(said)


def lead_sentence(figures: ReportFigures) -> str:
    """The page in one sentence."""
    performance = figures.performance
    if performance is None:
        return "Nothing is known about channels yet."
    total, currency = performance.total, performance.currency
    value = total.value[performance.reference]
    sales = formats.plural(
        performance.conversions_by_type[performance.conversion_type], formats.plain(performance.conversion_type)
    )
    said = f"{sales} brought {formats.money(value, currency)} net of refunds"
    roas = total.roas(performance.reference)
    if roas is None:
        return f"{said}; no ad spend is on record for these days."
    return (
        f"{said}, beside {formats.money(total.spend, currency)} of ad spend: "
        f"{formats.roas(roas)} {currency} of revenue for each {currency} spent, on all channels together."
    )


def headline(figures: ReportFigures) -> tuple[Tile, ...]:
    """The headline numbers; a dash where a table is missing."""
    return (*_channel_tiles(figures.performance), *_customer_tiles(figures))


def _channel_tiles(performance: Performance | None) -> tuple[Tile, ...]:
    if performance is None:
        return tuple(Tile(label, formats.MISSING, "not published yet") for label in ("Net revenue", "Ad spend", "ROAS"))
    total, currency, reference = performance.total, performance.currency, performance.reference
    told = performance.conversion_type
    others = [
        formats.plural(number, formats.plain(name))
        for name, number in sorted(performance.conversions_by_type.items())
        if name != told and number
    ]
    new = f"{formats.count(performance.new_customers)} from new customers"
    paid = formats.plural(len(performance.paid), "channel")
    by_paid = sum((channel.value[reference] for channel in performance.paid), 0)
    on_paid = formats.roas(ratio(by_paid, total.spend))
    return (
        Tile(
            "Net revenue",
            formats.money(total.value[reference], currency),
            f"{formats.money(performance.gross_value, currency)} before refunds",
        ),
        Tile("Ad spend", formats.money(total.spend, currency), f"on {paid}"),
        Tile(
            "Blended ROAS",
            formats.roas(total.roas(reference)),
            f"net revenue ÷ spend; {on_paid} on channels with spend ({formats.plain(reference)})",
        ),
        Tile(
            f"{formats.title(told)}s",
            formats.count(performance.conversions_by_type[told]),
            " · ".join([new, *others]),
        ),
    )


def _customer_tiles(figures: ReportFigures) -> tuple[Tile, ...]:
    value = figures.customers
    customers = Tile(
        "Customers",
        formats.count(figures.customer_count),
        "with a purchase on record" if figures.customer_count is not None else "not published yet",
    )
    if value is None:
        return (customers, Tile("Expected value", formats.MISSING, "not published yet"))
    note = f"margin expected of them within {HORIZON_DAYS} days, discounted"
    return (customers, Tile("Expected value", formats.money(value.expected_value, value.currency), note))
