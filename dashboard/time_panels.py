"""The panels about time: ROAS by touch date and by conversion date, spend and credited value by day."""

from __future__ import annotations

from decimal import Decimal

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.panels import PageTable, Panel, columns, table_rows
from dashboard.words import Words
from published.figures import Figures
from published.performance import ratio


def roas_over_time_panel(figures: Figures, words: Words) -> Panel | None:
    """ROAS by touch date and by conversion date, per seven days; None without spend."""
    performance = figures.performance
    if performance is None or not performance.paid:
        return None
    name, currency = words.model(performance.time_model), performance.currency
    weeks = [week for week in performance.weeks if week.spend > 0]
    bases = {
        words("roas_over_time.dated_by_touch"): "value_by_touch",
        words("roas_over_time.dated_by_conversion"): "value_by_conversion",
    }
    points = [
        {"day": week.day.isoformat(), "basis": basis, "roas": ratio(getattr(week, value), week.spend)}
        for basis, value in bases.items()
        for week in weeks
    ]
    axes = {"day_axis": words("roas_over_time.day_axis"), "roas_axis": words("roas_over_time.roas_axis")}
    rows = [
        [
            words.day(week.day),
            formats.amount(week.spend, currency),
            formats.amount(week.value_by_touch, currency),
            words.roas(ratio(week.value_by_touch, week.spend)),
            formats.amount(week.value_by_conversion, currency),
            words.roas(ratio(week.value_by_conversion, week.spend)),
        ]
        for week in weeks
    ]
    newest = weeks[-1]
    sentence = words(
        "roas_over_time.sentence",
        day=words.day(newest.day),
        currency=words.currency(currency),
        by_conversion=words.back(ratio(newest.value_by_conversion, newest.spend), currency),
        by_touch=words.back(ratio(newest.value_by_touch, newest.spend), currency),
        model=name,
    )
    table = PageTable(
        caption=words("roas_over_time.caption", model=name, currency=words.currency(currency)),
        columns=columns(
            words("roas_over_time.week"),
            words("roas_over_time.spend"),
            words("roas_over_time.value_by_touch"),
            words("roas_over_time.roas_by_touch"),
            words("roas_over_time.value_by_conversion"),
            words("roas_over_time.roas_by_conversion"),
        ),
        rows=table_rows(rows),
    )
    label = words("roas_over_time.label", weeks=str(len(weeks)))
    chart = chart_of("roas_over_time", points, words, **axes, label=label)
    title, note = words("roas_over_time.title"), words("roas_over_time.note")
    return Panel("time", title, sentence, chart, table, folded=True, note=note)


def spend_and_value_panel(figures: Figures, words: Words) -> Panel | None:
    """Spend and credited value by day; None without spend."""
    performance = figures.performance
    if performance is None or not performance.paid:
        return None
    name, currency = words.model(performance.time_model), performance.currency
    days = [day for day in performance.days if day.spend or day.value_by_conversion]
    days_with_spend = [day for day in days if day.spend > 0]
    earned = sum(day.value_by_conversion > day.spend for day in days_with_spend)
    points = [
        {"day": day.day.isoformat(), "spend": float(day.spend), "value": float(day.value_by_conversion)} for day in days
    ]
    rows = [
        [
            words.day(day.day),
            formats.amount(day.spend, currency),
            formats.amount(day.value_by_conversion, currency),
            words.roas(ratio(day.value_by_conversion, day.spend)),
        ]
        for day in days
    ]
    spend = sum((day.spend for day in days), Decimal(0))
    value = sum((day.value_by_conversion for day in days), Decimal(0))
    table = PageTable(
        caption=words("spend_and_value.caption", model=name, currency=words.currency(currency)),
        columns=columns(
            words("spend_and_value.day"),
            words("spend_and_value.spend"),
            words("spend_and_value.value"),
            words("spend_and_value.roas"),
        ),
        rows=table_rows(rows),
        foot=(
            words("spend_and_value.all_days"),
            formats.amount(spend, currency),
            formats.amount(value, currency),
            words.roas(ratio(value, spend)),
        ),
    )
    sentence = words("spend_and_value.sentence", earned=str(earned), days=words.counted("day", len(days_with_spend)))
    label = words("spend_and_value.label", days=str(len(days)), currency=words.currency(currency))
    lines = {"spend": words("spend_and_value.spend_drawn"), "value": words("spend_and_value.value")}
    chart = chart_of("spend_and_value", points, words, **lines, label=label)
    return Panel("days", words("spend_and_value.title"), sentence, chart, table, folded=True)
