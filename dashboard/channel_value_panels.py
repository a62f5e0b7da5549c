"""Panels about what customers of channels and campaigns cost and bring: LTV:CAC and payback."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.words import Words
from published.channel_value import Bounds, ChannelWorth, ChannelWorths, read_channel_value
from published.figures import Figures

FEWEST_DRAWN = 20  # new customers; the interval of fewer is so wide that it hides the others
MOST_CAMPAIGNS = 50
STATES = {
    "observed": "payback.states.observed",
    "predicted": "payback.states.predicted",
    "not reached": "payback.states.not_reached",
    "not scored": "payback.states.not_scored",
    "no spend": "payback.states.no_spend",
    "no customers": "payback.states.no_customers",
}


def value_to_cost_panel(figures: Figures, words: Words) -> Panel | None:
    """LTV:CAC by channel with its interval, and by campaign; None where there is no spend or no score."""
    found = read_channel_value(figures.published, figures.view)
    if found is None or found.ltv_to_cac is None:
        return None
    spent = found.with_spend
    best = max(spent, key=lambda row: (row.interval[0] or 0.0, row.channel))
    drawn = sorted(
        (row for row in spent if row.new_customers >= FEWEST_DRAWN and row.interval[1] is not None),
        key=lambda row: (-(row.ltv_to_cac or 0.0), row.channel),
    )
    points = [
        {"channel": row.channel, "position": place, "each": row.ltv_to_cac}
        | {"lower": row.interval[0], "upper": row.interval[1]}
        for place, row in enumerate(drawn)
    ]
    chart = chart_of(
        "value_intervals",
        points,
        words,
        label=words("value_to_cost.label", channels=str(len(points))),
        axis=words("value_to_cost.axis"),
    )
    campaigns = read_channel_value(figures.published, figures.view, level="campaign")
    return Panel(
        "ltv-cac",
        words("value_to_cost.title"),
        words(
            "value_to_cost.sentence",
            ratio=words.back(found.ltv_to_cac, found.currency),
            channel=best.channel,
            best=words.back(best.ltv_to_cac, found.currency),
            interval=_between(best.interval, words),
        ),
        chart if points else None,
        _costs(found.rows, found, words),
        note=words(
            "value_to_cost.note",
            level=formats.share(found.level),
            model=words.model(found.model),
            first=words.day(found.first_day),
            last=words.day(found.as_of),
        )
        + _of_margin(found, words),
        more=(_costs(campaigns.with_spend[:MOST_CAMPAIGNS], found, words, has_campaigns=True),)
        if campaigns and campaigns.with_spend
        else (),
    )


def payback_panel(figures: Figures, words: Words) -> Panel | None:
    """The age at which a channel's customers have brought what they cost; None where there is no spend."""
    found = read_channel_value(figures.published, figures.view)
    if found is None or not found.with_spend:
        return None
    spent = found.with_spend
    paid = sorted((row.payback_days, row.channel) for row in spent if row.payback_days is not None)
    observed = sum(row.payback == "observed" for row in spent)
    return Panel(
        "payback",
        words("payback.title"),
        words(
            "payback.sentence",
            all=formats.count(len(spent)),
            observed=formats.count(observed),
            predicted=formats.count(len(paid) - observed),
        )
        + (words("payback.slowest", channel=paid[-1][1], days=words.counted("day", paid[-1][0])) if paid else ""),
        table=PageTable(
            caption=words("payback.caption", currency=words.currency(found.currency)),
            columns=(
                Column(words("value_to_cost.channel"), numeric=False),
                Column(words("value_to_cost.new_customers")),
                Column(words("value_to_cost.cac")),
                Column(words("payback.payback_days")),
                Column(words("payback.payback"), numeric=False),
                Column(words("payback.returned"), hint=words("payback.returned_hint")),
            ),
            rows=table_rows([_payback(row, found, words) for row in spent]),
        ),
        note=words("payback.note", model=words.model(found.model)) + _of_margin(found, words),
    )


def _payback(row: ChannelWorth, found: ChannelWorths, words: Words) -> tuple[str, ...]:
    returned = found.margin * float(row.value_to_date) / float(row.spend)
    return (
        Figure(row.channel, row.channel),
        formats.count(row.new_customers, 1),
        formats.amount(row.cac, found.currency),
        formats.count(row.payback_days),
        Figure(words(STATES[row.payback]), row.payback),
        formats.share(returned),
    )


def _costs(
    rows: Sequence[ChannelWorth], found: ChannelWorths, words: Words, *, has_campaigns: bool = False
) -> PageTable:
    unit = words.currency(found.currency)
    hint = words("value_to_cost.interval_if_model_holds_hint")
    if_model_holds = Column(words("value_to_cost.interval_if_model_holds"), hint=hint)

    def cells(row: ChannelWorth) -> tuple[str, ...]:
        return (
            Figure(row.channel, row.channel),
            *([Figure(row.campaign, row.campaign)] if has_campaigns else []),
            formats.amount(row.spend, found.currency),
            formats.count(row.new_customers, 1),
            formats.amount(row.cac, found.currency),
            formats.amount(row.ltv, found.currency),
            words.back(row.ltv_to_cac, found.currency),
            _between(row.interval, words),
            *([] if has_campaigns else [_between(row.if_model_holds, words)]),
            words.back(row.ltv_roas, found.currency),
        )

    return PageTable(
        caption=words("value_to_cost.campaigns", currency=unit, number=str(MOST_CAMPAIGNS))
        if has_campaigns
        else words("value_to_cost.caption", currency=unit),
        columns=(
            Column(words("value_to_cost.channel"), numeric=False),
            *([Column(words("value_to_cost.campaign"), numeric=False)] if has_campaigns else []),
            Column(words("value_to_cost.spend")),
            Column(words("value_to_cost.new_customers")),
            Column(words("value_to_cost.cac")),
            Column(words("value_to_cost.ltv"), hint=words("value_to_cost.ltv_hint")),
            Column(words("value_to_cost.ltv_to_cac")),
            Column(words("value_to_cost.interval"), hint=words("value_to_cost.interval_hint")),
            *([] if has_campaigns else [if_model_holds]),
            Column(words("value_to_cost.ltv_roas"), hint=words("value_to_cost.ltv_roas_hint")),
        ),
        rows=table_rows([cells(row) for row in rows]),
    )


def _between(bounds: Bounds, words: Words) -> str:
    low, high = bounds
    if low is None or high is None:
        return formats.multiple(None)
    return words.between(formats.multiple(low), formats.multiple(high))


def _of_margin(found: ChannelWorths, words: Words) -> str:
    if found.margin == 1:
        return words("value_to_cost.is_revenue")
    return words("value_to_cost.is_margin", share=formats.share(found.margin))
