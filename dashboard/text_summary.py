"""The report's main figures in a terminal, and as plain data for --json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from dashboard import formats
from dashboard.customer_panels import activity_sentence
from dashboard.customers import CHURN_DAYS, HORIZON_DAYS, CustomerFigures
from dashboard.performance import ChannelFigures, Performance
from dashboard.performance_panels import roas_sentence
from dashboard.report import ReportFigures, lead_sentence, read_figures
from dashboard.run_facts import RunFacts, StepTime
from dashboard.run_panels import checks_sentence, rows_sentence

VALUE_CHANNELS = 5
NAME_WIDTH = 14
WIDE = 100


def print_summary(lake: str, console: Console, *, steps: Sequence[StepTime] | None = None) -> None:
    """Prints ROAS by channel under every model, the value summary, the checks and the times of the steps.

    `steps` as for `write_report`. InputError when nothing is published in `lake`.
    """
    figures = read_figures(lake, steps=steps)
    console.print(f"[bold]Customers as of {formats.day(figures.facts.as_of)}[/bold]", highlight=False)
    _say(console, lead_sentence(figures))
    performance, customers = figures.performance, figures.customers
    if performance is not None:
        kind = formats.plain(performance.conversion_type)
        title = f"ROAS by channel under every model ({kind}s; spend in {performance.currency})"
        _show(console, title, _roas_table(performance, tight=console.width < WIDE))
        _say(console, roas_sentence(performance))
    if customers is not None:
        scored = f"{customers.model_version}; {customers.currency}"
        _show(console, f"Customer value as of {formats.day(customers.as_of)} ({scored})", _value_table(customers))
        _say(console, activity_sentence(customers))
    else:
        _say(console, "Customer value is not published yet.")
    _print_facts(console, figures.facts)


def summary_dict(lake: str, *, steps: Sequence[StepTime] | None = None) -> dict[str, Any]:
    """The same figures as plain data. Money is text with all its decimals, ratios and shares are numbers.

    A part whose table is not published is null. InputError when nothing is published in `lake`.
    """
    figures = read_figures(lake, steps=steps)
    facts = figures.facts
    return {
        "run_id": facts.run_id,
        "as_of": facts.as_of.isoformat(),
        "published_at": facts.published_at.isoformat(),
        "versions": facts.versions,
        "performance": _performance_dict(figures.performance),
        "customers": figures.customer_count,
        "value": _value_dict(figures),
        "checks": {
            "passed": len(facts.checks) - len(facts.failed),
            "failed": [
                {"name": c.name, "expected": c.expected, "actual": c.actual, "detail": c.detail} for c in facts.failed
            ],
        },
        "rows": [
            {
                "input": taken.source,
                "files": taken.files,
                "read": taken.read,
                "kept": taken.kept,
                "duplicate": taken.duplicate,
                "quarantined": taken.quarantined,
            }
            for taken in facts.inputs
        ],
        "steps": [
            {"step": step.name, "seconds": round(step.seconds, 1), "status": step.status} for step in facts.steps
        ],
    }


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False)


def _show(console: Console, title: str, table: Table) -> None:
    """Prints a table under its title; one too wide for the terminal runs over rather than losing columns."""
    unbounded = console.options.update(max_width=10_000)
    needed = Measurement.get(console, unbounded, table).minimum
    console.print()
    console.print(title, style="bold", highlight=False, markup=False)
    console.print(table, width=max(console.width, needed), crop=False)
    console.print()


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], foot: Sequence[str], *, tight: bool = False) -> Table:
    """A table of a name and numbers. Names wrap where room is short, numbers never do; `tight` spares blanks."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 0 if tight else 1),
        collapse_padding=True,
        pad_edge=False,
    )
    name, *labels = header
    table.add_column(escape(name), overflow="fold", min_width=NAME_WIDTH, vertical="bottom")
    for label in labels:
        stacked = label.replace(" ", "\n").replace("-", "-\n")
        table.add_column(escape(stacked), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    table.add_section()
    table.add_row(*map(escape, foot))
    return table


def _roas_table(performance: Performance, *, tight: bool) -> Table:
    currency = performance.currency
    *rows, foot = [
        (
            channel.channel,
            formats.amount(channel.spend, currency),
            *(formats.roas(channel.roas(model)) for model in performance.models),
        )
        for channel in (*performance.channels, performance.total)
    ]
    header = ("Channel", "Spend", *(formats.title(model) for model in performance.models))
    return _table(header, rows, foot, tight=tight)


def _value_table(customers: CustomerFigures) -> Table:
    currency = customers.currency
    header = ("Brought by", "Customers", "Chance active", f"{HORIZON_DAYS}-day value", "Per customer")
    shown = sorted(customers.channels, key=lambda channel: (-channel.total_value, channel.channel))[:VALUE_CHANNELS]
    rows = [
        (
            channel.channel,
            formats.count(channel.customers),
            formats.share(channel.p_alive),
            formats.amount(channel.total_value, currency),
            formats.amount(channel.mean_value, currency),
        )
        for channel in shown
    ]
    foot = (
        "All channels",
        formats.count(customers.customers),
        "",
        formats.amount(customers.expected_value, currency),
        formats.amount(customers.expected_value / customers.customers, currency),
    )
    return _table(header, rows, foot)


def _print_facts(console: Console, facts: RunFacts) -> None:
    _say(console, checks_sentence(facts))
    for check in facts.failed:
        _say(
            console,
            f"  failed: {check.name}: expected {formats.figure(check.expected)}, found {formats.figure(check.actual)}",
        )
    _say(console, rows_sentence(facts))
    if facts.steps:
        rows = [(step.name, formats.seconds(step.seconds)) for step in facts.steps]
        total = formats.seconds(sum(step.seconds for step in facts.steps))
        _show(console, "How long it took", _table(("Step", "Time"), rows, ("All steps", total)))


def _performance_dict(performance: Performance | None) -> dict[str, Any] | None:
    if performance is None:
        return None
    return {
        "conversion_type": performance.conversion_type,
        "currency": performance.currency,
        "from": performance.first_day.isoformat(),
        "to": performance.last_day.isoformat(),
        "conversions": performance.conversions_by_type,
        "total": _channel_dict(performance, performance.total),
        "channels": {channel.channel: _channel_dict(performance, channel) for channel in performance.channels},
    }


def _channel_dict(performance: Performance, channel: ChannelFigures) -> dict[str, Any]:
    return {
        "spend": str(channel.spend),
        "models": {
            model: {
                "conversions": channel.conversions[model],
                "net_value": str(channel.value[model]),
                "roas": channel.roas(model),
            }
            for model in performance.models
        },
    }


def _value_dict(figures: ReportFigures) -> dict[str, Any] | None:
    customers = figures.customers
    if customers is None:
        return None
    return {
        "as_of": customers.as_of.isoformat(),
        "model_version": customers.model_version,
        "currency": customers.currency,
        "customers": customers.customers,
        "likely_active": customers.likely_alive,
        f"likely_quiet_{CHURN_DAYS}d": customers.likely_quiet,
        f"expected_value_{HORIZON_DAYS}d": str(customers.expected_value),
        "channels": {
            channel.channel: {
                "customers": channel.customers,
                "mean_p_alive": channel.p_alive,
                f"expected_value_{HORIZON_DAYS}d": str(channel.total_value),
            }
            for channel in customers.channels
        },
    }
