"""Panels of cohorts: who bought again, and what customers have brought, by the month of their first purchase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.words import Label, Words
from published.cohorts import Cohort, Cohorts, read_cohorts
from published.expected_cohorts import ExpectedCohorts, read_expected_cohorts

EMPTY = Figure("", None)  # a month that is not over: no figure yet, which is not zero
LAST_OF_YEAR = 11


def cohort_value_panel(context: Context) -> Panel:
    """Observed net value per customer by the end of each month since the first purchase."""
    words, title = context.words, context.words("cohort_value.title")
    found = read_cohorts(context.published, context.shop.timezone)
    if found is None or not found.months:
        return Panel("cohort-value", title, words("cohorts.missing"))
    last = min(found.months - 1, LAST_OF_YEAR)
    first, by_then = found.value_each(0), found.value_each(last)
    chart = chart_of(
        "cohort_value",
        [*_points(found, lambda cohort: cohort.value_each), *_together(found, words)],
        words,
        label=words("cohort_value.label", cohorts=str(len(found.cohorts))),
        month=words("cohorts.month_axis"),
        value=words("cohort_value.axis", currency=words.currency(found.currency)),
        all=words("cohorts.all"),
    )
    return Panel(
        "cohort-value",
        title,
        words(
            "cohort_value.sentence",
            first=words.money(first, found.currency),
            by_then=words.money(by_then, found.currency),
            months=words.counted("month", last + 1),
        ),
        chart,
        _table(
            found,
            words("cohort_value.caption", currency=words.currency(found.currency)),
            lambda cohort: [formats.amount(value, found.currency) for value in cohort.value_each],
            [formats.amount(found.value_each(month), found.currency) for month in range(found.months)],
            words,
        ),
        note=words("cohort_value.note") + _left_out(found, words),
    )


def cohort_expected_panel(context: Context) -> Panel:
    """Margin per customer by the end of each month since the first purchase, observed and predicted."""
    words, title = context.words, context.words("cohort_expected.title")
    found = read_expected_cohorts(context.published)
    if found is None:
        return Panel("cohort-expected", title, words("cohort_expected.missing"))
    chart = chart_of(
        "cohort_expected",
        _expected_points(found, words),
        words,
        label=words("cohort_expected.label", cohorts=str(len(found.cohorts))),
        month=words("cohorts.month_axis"),
        value=words("cohort_expected.axis", currency=words.currency(found.currency)),
        ahead=words("cohort_expected.ahead"),
    )
    days = str(found.days)
    return Panel(
        "cohort-expected",
        title,
        words(
            "cohort_expected.sentence",
            customers=words.counted("customer", found.customers),
            to_date=words.money(found.to_date, found.currency),
            ahead=words.money(found.predicted, found.currency),
            days=days,
        ),
        chart,
        PageTable(
            caption=words("cohort_expected.caption", currency=words.currency(found.currency)),
            columns=(
                Column(words("cohort_expected.cohort"), numeric=False),
                Column(words("cohort_expected.customers")),
                Column(words("cohort_expected.to_date")),
                Column(words("cohort_expected.each_to_date")),
                Column(words("cohort_expected.predicted", days=days)),
                Column(words("cohort_expected.each")),
            ),
            rows=table_rows(
                [
                    (
                        Figure(f"{one.month:%Y-%m}", f"{one.month:%Y-%m}"),
                        formats.count(one.customers),
                        formats.amount(one.to_date, found.currency),
                        formats.amount(one.each(one.to_date), found.currency),
                        formats.amount(one.predicted, found.currency),
                        formats.amount(one.each(one.to_date + one.predicted), found.currency),
                    )
                    for one in reversed(found.cohorts)
                ]
            ),
        ),
        note=words("cohort_expected.note")
        + (words("cohorts.left_out", number=formats.count(found.left_out)) if found.left_out else ""),
    )


def _expected_points(found: ExpectedCohorts, words: Words) -> list[dict[str, Any]]:
    """Each cohort's months that are over, and from the last of these on what is predicted, so that the lines meet."""
    observed, ahead = words("cohort_expected.observed"), words("cohort_expected.ahead")
    return [
        {"cohort": f"{one.month:%Y-%m}", "month": age, "value": one.each(value), "part": part}
        for one in found.cohorts
        for part, first, until in ((observed, 0, one.over), (ahead, max(one.over - 1, 0), len(one.expected)))
        for age, value in enumerate(one.expected[first:until], start=first)
    ]


def cohort_retention_panel(context: Context) -> Panel:
    """The share of each cohort's customers with a purchase in each month since the first."""
    words, title = context.words, context.words("cohort_retention.title")
    found = read_cohorts(context.published, context.shop.timezone)
    if found is None or found.months < 2:
        return Panel("cohort-retention", title, words("cohorts.missing"))
    chart = chart_of(
        "cohort_retention",
        [row for row in _points(found, lambda cohort: cohort.retention) if row["month"]],
        words,
        label=words("cohort_retention.label", cohorts=str(len(found.cohorts))),
        month=words("cohorts.month_axis"),
        cohort=words("cohorts.cohort"),
        value=words("cohort_retention.axis"),
    )
    later = min(found.months - 1, LAST_OF_YEAR)
    return Panel(
        "cohort-retention",
        title,
        words(
            "cohort_retention.sentence",
            next=formats.share(found.retention(1), 1),
            later=formats.share(found.retention(later), 1),
            months=words.counted("month", later),
        ),
        chart,
        _table(
            found,
            words("cohort_retention.caption"),
            lambda cohort: [formats.share(share, 1) for share in cohort.retention],
            [formats.share(found.retention(month), 1) for month in range(found.months)],
            words,
        ),
        note=words("cohort_retention.note") + _left_out(found, words),
    )


def _table(
    found: Cohorts, caption: str, cells: Callable[[Cohort], Sequence[str]], foot: Sequence[str], words: Words
) -> PageTable:
    def row(cohort: Cohort) -> tuple[str, ...]:
        filled = cells(cohort)
        name = Figure(f"{cohort.month:%Y-%m}", f"{cohort.month:%Y-%m}")
        return (name, formats.count(cohort.customers), *filled, *([EMPTY] * (found.months - len(filled))))

    return PageTable(
        caption=caption,
        columns=(
            Column(words("cohorts.cohort"), numeric=False),
            Column(words("cohorts.customers")),
            *(_month(month, words) for month in range(found.months)),
        ),
        rows=table_rows([row(cohort) for cohort in reversed(found.cohorts)]),
        foot=(words("cohorts.all"), formats.count(sum(cohort.customers for cohort in found.cohorts)), *foot),
    )


def _month(month: int, words: Words) -> Column:
    return Column(Label(words("cohorts.month", month=str(month)), f"month_{month}"))


def _points(found: Cohorts, values: Callable[[Cohort], Sequence[float]]) -> list[dict[str, Any]]:
    return [
        {"cohort": f"{cohort.month:%Y-%m}", "month": month, "value": value}
        for cohort in found.cohorts
        for month, value in enumerate(values(cohort))
    ]


def _together(found: Cohorts, words: Words) -> list[dict[str, Any]]:
    return [
        {"cohort": words("cohorts.all"), "month": month, "value": found.value_each(month)}
        for month in range(found.months)
    ]


def _left_out(found: Cohorts, words: Words) -> str:
    return words("cohorts.left_out", number=formats.count(found.left_out)) if found.left_out else ""
