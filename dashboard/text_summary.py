"""The main figures of the report, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from dashboard import formats
from dashboard.customer_panels import activity_sentence
from dashboard.headline import lead_sentence
from dashboard.performance_panels import roas_sentence
from dashboard.run_panels import checks_sentence, rows_sentence
from dashboard.words import Words, capital, words_in
from published.customers import HORIZON_DAYS, CustomerFigures
from published.figures import read_figures
from published.performance import Performance
from published.run_facts import RunFacts, StepTime
from published.view import EVERYTHING, View

VALUE_CHANNELS = 5
NAME_WIDTH = 14
WIDE = 100


def print_summary(
    lake: str, console: Console, *, steps: Sequence[StepTime] | None = None, view: View = EVERYTHING
) -> None:
    """Print ROAS by channel under every model, customer value, the checks and the duration of the steps.

    `steps` and `view` as for `write_report`. InputError when nothing is published in `lake`.
    """
    figures = read_figures(lake, view, steps=steps)
    words = words_in(view.language)
    as_of = words("page.as_of", day=words.day(figures.facts.as_of))
    console.print(as_of, style="bold", highlight=False, markup=False)
    _print_sentence(console, lead_sentence(figures, words))
    performance, customers = figures.performance, figures.customers
    if performance is not None:
        currency = words.currency(performance.currency)
        title = words("terminal.roas", conversions=words.conversions(performance.conversion_type), currency=currency)
        _print_table(console, title, _roas_table(performance, words, tight=console.width < WIDE))
        _print_sentence(console, roas_sentence(performance, words))
    if customers is not None:
        currency, as_of = words.currency(customers.currency), words.day(customers.as_of)
        title = words("terminal.value", day=as_of, model=customers.model_version, currency=currency)
        _print_table(console, title, _value_table(customers, words))
        _print_sentence(console, activity_sentence(customers, words))
    else:
        _print_sentence(console, words("terminal.no_value"))
    _print_facts(console, figures.facts, words)


def _print_sentence(console: Console, sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False)


def _print_table(console: Console, title: str, table: Table) -> None:
    """Print a table under its title. A table that is too wide for the terminal overflows and keeps its columns."""
    unbounded = console.options.update(max_width=10_000)
    needed = Measurement.get(console, unbounded, table).minimum
    console.print()
    console.print(title, style="bold", highlight=False, markup=False)
    console.print(table, width=max(console.width, needed), crop=False)
    console.print()


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], foot: Sequence[str], *, tight: bool = False) -> Table:
    """A table of names and numbers. Long names wrap, numbers never do; `tight` leaves out padding."""
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


def _roas_table(performance: Performance, words: Words, *, tight: bool) -> Table:
    currency = performance.currency
    named = [*((channel.channel, channel) for channel in performance.channels)]
    *rows, foot = [
        (
            name,
            formats.amount(channel.spend, currency),
            *(words.roas(channel.roas(model)) for model in performance.models),
        )
        for name, channel in (*named, (words("page.all_channels"), performance.total))
    ]
    models = [capital(words.model(model)) for model in performance.models]
    return _table((words("roas.channel"), words("roas.spend"), *models), rows, foot, tight=tight)


def _value_table(customers: CustomerFigures, words: Words) -> Table:
    currency = customers.currency
    header = (
        words("terminal.brought_by"),
        words("terminal.customers"),
        words("terminal.active"),
        words("terminal.value_within", days=str(HORIZON_DAYS)),
        words("terminal.each"),
    )
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
        words("page.all_channels"),
        formats.count(customers.customers),
        "",
        formats.amount(customers.expected_value, currency),
        formats.amount(customers.expected_value / customers.customers, currency),
    )
    return _table(header, rows, foot)


def _print_facts(console: Console, facts: RunFacts, words: Words) -> None:
    _print_sentence(console, checks_sentence(facts, words))
    for check in facts.failed:
        expected, found = formats.figure(check.expected), formats.figure(check.actual)
        _print_sentence(console, words("terminal.failed", check=check.name, expected=expected, found=found))
    _print_sentence(console, rows_sentence(facts, words))
    if facts.steps:
        rows = [(step.name, words.seconds(step.seconds)) for step in facts.steps]
        total = words.seconds(sum(step.seconds for step in facts.steps))
        header, foot = (words("steps.step"), words("steps.time")), (words("steps.all"), total)
        _print_table(console, words("steps.title"), _table(header, rows, foot))
