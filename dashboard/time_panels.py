"""The panels about time: ROAS by touch date and by conversion date, spend beside credited value."""

from __future__ import annotations

from decimal import Decimal

from dashboard import formats
from dashboard.chart_svg import draw_chart
from dashboard.panels import Chart, PageTable, Panel, columns, table_rows
from dashboard.performance import Performance, ratio


def time_panels(performance: Performance) -> tuple[Panel, ...]:
    """ROAS by both dates per seven days, and spend beside credited value by day; none without spend."""
    if not performance.paid:
        return ()
    return (_roas_over_time(performance), _spend_and_value(performance))


def _roas_over_time(performance: Performance) -> Panel:
    name, currency = formats.plain(performance.time_model), performance.currency
    weeks = [week for week in performance.weeks if week.spend > 0]
    bases = {"Dated by touch": "value_by_touch", "Dated by conversion": "value_by_conversion"}
    drawn = [
        {"day": week.day.isoformat(), "basis": basis, "roas": ratio(getattr(week, value), week.spend)}
        for basis, value in bases.items()
        for week in weeks
    ]
    rows = [
        [
            formats.day(week.day),
            formats.amount(week.spend, currency),
            formats.amount(week.value_by_touch, currency),
            formats.roas(ratio(week.value_by_touch, week.spend)),
            formats.amount(week.value_by_conversion, currency),
            formats.roas(ratio(week.value_by_conversion, week.spend)),
        ]
        for week in weeks
    ]
    newest = weeks[-1]
    sentence = (
        f"In the seven days to {formats.day(newest.day)}, each 1 {currency} of spend stands beside "
        f"{formats.roas(ratio(newest.value_by_conversion, newest.spend))} of value from conversions of those days and "
        f"{formats.roas(ratio(newest.value_by_touch, newest.spend))} from touches of those days, under {name}."
    )
    table = PageTable(
        caption=f"Channels with spend, under {name}; amounts in {currency}",
        columns=columns(
            "Seven days to", "Spend", "Value by touch", "ROAS by touch", "Value by conversion", "ROAS by conversion"
        ),
        rows=table_rows(rows),
    )
    label = f"Line chart of ROAS over {len(weeks)} periods of seven days, credit dated by touch and by conversion."
    chart = Chart(draw_chart("roas_over_time", drawn), label)
    note = (
        "By touch answers “what did the ads of these days bring?”; its newest days still rise, since journeys that "
        "began then may not have ended; by conversion answers “what came in on these days?” and only refunds change it."
    )
    return Panel("time", "ROAS by touch date and by conversion date", sentence, chart, table, folded=True, note=note)


def _spend_and_value(performance: Performance) -> Panel:
    name, currency = formats.plain(performance.time_model), performance.currency
    days = [day for day in performance.days if day.spend or day.value_by_conversion]
    spent = [day for day in days if day.spend > 0]
    earned = sum(day.value_by_conversion > day.spend for day in spent)
    drawn = [
        {"day": day.day.isoformat(), "spend": float(day.spend), "value": float(day.value_by_conversion)} for day in days
    ]
    rows = [
        [
            formats.day(day.day),
            formats.amount(day.spend, currency),
            formats.amount(day.value_by_conversion, currency),
            formats.roas(ratio(day.value_by_conversion, day.spend)),
        ]
        for day in days
    ]
    table = PageTable(
        caption=f"Channels with spend, under {name}, by day of the conversion; amounts in {currency}",
        columns=columns("Day", "Spend", "Credited net value", "ROAS"),
        rows=table_rows(rows),
        foot=(
            "All days",
            formats.amount(sum((day.spend for day in days), Decimal(0)), currency),
            formats.amount(sum((day.value_by_conversion for day in days), Decimal(0)), currency),
            formats.roas(
                ratio(
                    sum((day.value_by_conversion for day in days), Decimal(0)),
                    sum((day.spend for day in days), Decimal(0)),
                )
            ),
        ),
    )
    sentence = (
        f"On {earned} of {formats.plural(len(spent), 'day')} with spend, the channels that cost money were credited "
        f"more than they cost."
    )
    label = f"Spend as bars and credited net value as a line over {len(days)} days, in {currency}."
    chart = Chart(draw_chart("spend_and_value", drawn), label)
    return Panel("days", "Spend and credited value by day", sentence, chart, table, folded=True)
