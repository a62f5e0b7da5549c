"""The panels about customers: active customers, customer value by acquisition channel, customers who may be leaving."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import PageTable, Panel, columns, table_rows
from dashboard.words import Words
from published.customers import (
    BINS,
    CHURN_DAYS,
    HORIZON_DAYS,
    UNCERTAIN_ALIVE,
    AcquisitionFigures,
    CustomerFigures,
)
from published.figures import Figures
from published.performance import ratio
from warehouse.terms import UNATTRIBUTED

FEW_CUSTOMERS = 30
HORIZON, CHURN = str(HORIZON_DAYS), str(CHURN_DAYS)


def activity_panel(figures: Figures, words: Words) -> Panel:
    """The number of customers who are probably still active, or why there is no customer value."""
    customers = figures.customers
    if customers is None:
        return Panel("customers", words("activity.missing_title"), words("activity.missing"))
    measures = {
        words("activity.alive"): customers.p_alive,
        words("activity.quiet", days=CHURN): customers.churn,
    }
    bars = [
        {"position": position, "measure": measure, "low": tenth / BINS, "high": (tenth + 1) / BINS, "customers": count}
        for position, (measure, counts) in enumerate(measures.items())
        for tenth, count in enumerate(counts)
    ]
    rows = [
        [
            words("activity.tenth", low=formats.share(tenth / BINS), high=formats.share((tenth + 1) / BINS)),
            *(formats.count(counts[tenth]) for counts in measures.values()),
        ]
        for tenth in range(BINS)
    ]
    table = PageTable(
        caption=words("activity.caption"),
        columns=columns(words("activity.probability"), *measures),
        rows=table_rows(rows),
        foot=(words("activity.all"), *(formats.count(sum(counts)) for counts in measures.values())),
    )
    axis, label = words("activity.axis"), words("activity.label", days=CHURN)
    chart = chart_of("value_distribution", bars, words, axis=axis, label=label)
    note = words("activity.note", model=customers.model_version, day=words.day(customers.as_of))
    sentence = activity_sentence(customers, words)
    return Panel("customers", words("activity.title"), sentence, chart, table, folded=True, note=note)


def activity_sentence(customers: CustomerFigures, words: Words) -> str:
    """The numbers of customers who are probably still active and who will probably buy nothing soon."""
    return words(
        "activity.sentence",
        customers=words.counted("customer", customers.customers),
        alive=formats.count(customers.likely_alive),
        part=formats.share(ratio(customers.likely_alive, customers.customers)),
        quiet=formats.count(customers.likely_quiet),
        days=CHURN,
    )


def acquisition_panel(figures: Figures, words: Words) -> Panel | None:
    """Expected value of the customers of each acquisition channel, with its interval; None without customer value."""
    customers = figures.customers
    if customers is None:
        return None
    currency = customers.currency
    overall = customers.comparable_mean
    table = PageTable(
        caption=words("acquisition.caption", days=HORIZON, currency=words.currency(currency)),
        columns=columns(
            words("acquisition.channel"),
            words("acquisition.customers"),
            words("acquisition.active"),
            words("acquisition.each"),
            words("acquisition.lower"),
            words("acquisition.upper"),
            words("acquisition.together"),
        ),
        rows=table_rows([_acquisition_row(channel, currency) for channel in customers.channels]),
        foot=(
            words("page.all_channels"),
            formats.count(customers.customers),
            "",
            formats.amount(customers.expected_value / customers.customers, currency),
            "",
            "",
            formats.amount(customers.expected_value, currency),
        ),
    )
    axis, label = words("acquisition.axis"), words("acquisition.label", days=HORIZON)
    bars = [_acquisition_bar(channel, place, overall) for place, channel in enumerate(customers.channels)]
    chart = chart_of("value_by_channel", bars, words, axis=axis, label=label)
    note = words("acquisition.note", unattributed=UNATTRIBUTED)
    if any(channel.customers < FEW_CUSTOMERS for channel in customers.channels):
        note += words("acquisition.few", number=str(FEW_CUSTOMERS))
    sentence = _acquisition_sentence(customers, words)
    return Panel("acquisition", words("acquisition.title"), sentence, chart, table, note=note)


def _acquisition_row(channel: AcquisitionFigures, currency: str) -> list[str]:
    lower, upper = channel.bounds or (None, None)
    return [
        Figure(channel.channel + (" †" if channel.customers < FEW_CUSTOMERS else ""), channel.channel),
        formats.count(channel.customers),
        formats.share(channel.p_alive),
        formats.amount(channel.mean_value, currency),
        formats.amount(lower, currency),
        formats.amount(upper, currency),
        formats.amount(channel.total_value, currency),
    ]


def _acquisition_bar(channel: AcquisitionFigures, place: int, overall: Decimal | None) -> dict[str, Any]:
    bounds = channel.bounds
    return {
        "channel": channel.channel,
        "position": place,
        "value": float(channel.mean_value),
        "few": channel.customers < FEW_CUSTOMERS,
        # An interval of few customers says nothing, and would stretch the axis.
        **({"lower": bounds.lower, "upper": bounds.upper} if bounds and channel.customers >= FEW_CUSTOMERS else {}),
        **({} if overall is None else {"overall": float(overall)}),
    }


def _acquisition_sentence(customers: CustomerFigures, words: Words) -> str:
    # The highest of twenty means is mostly the luckiest: the sentence names a channel only beyond chance.
    counted = words.counted("customer", customers.customers)
    money = words.money(customers.expected_value, customers.currency)
    best, mean = customers.worth_most(least=FEW_CUSTOMERS), customers.comparable_mean
    if mean is None or all(channel.customers < FEW_CUSTOMERS for channel in customers.comparable):
        return words("acquisition.no_channel", customers=counted, money=money, days=HORIZON)
    each = words.money(mean, customers.currency)
    if best is None:
        return words("acquisition.no_winner", mean=each, customers=counted, money=money, days=HORIZON)
    return words(
        "acquisition.sentence",
        channel=best.channel,
        each=words.money(best.mean_value, customers.currency),
        mean=each,
        customers=counted,
        money=money,
        days=HORIZON,
    )


def at_risk_panel(figures: Figures, words: Words) -> Panel | None:
    """The customers with the most value at risk; None without customer value."""
    customers = figures.customers
    if customers is None:
        return None
    title, currency = words("at_risk.title"), customers.currency
    low, high = (formats.share(bound) for bound in UNCERTAIN_ALIVE)
    if not customers.at_risk:
        return Panel("at-risk", title, words("at_risk.none", low=low, high=high))
    total = sum(person.value_at_risk for person in customers.at_risk)
    sentence = words(
        "at_risk.sentence",
        customers=words.counted("customer", len(customers.at_risk)),
        money=words.money(total, currency),
        days=HORIZON,
    )
    rows = [
        [
            formats.count(number),
            formats.share(person.p_alive),
            formats.share(person.churn),
            formats.amount(person.expected_value, currency),
            formats.amount(person.value_at_risk, currency),
            formats.count(person.orders),
            person.last_order_at.strftime("%Y-%m-%d"),
        ]
        # The page is made to be passed on, and an id may be an e-mail address.
        for number, person in enumerate(customers.at_risk, start=1)
    ]
    table = PageTable(
        caption=words("at_risk.caption", currency=words.currency(currency)),
        columns=columns(
            words("at_risk.customer"),
            words("at_risk.active"),
            words("at_risk.quiet", days=CHURN),
            words("at_risk.expected_value"),
            words("at_risk.value_at_risk"),
            words("at_risk.orders"),
            words("at_risk.last_order"),
        ),
        rows=table_rows(rows),
    )
    return Panel("at-risk", title, sentence, table=table, note=words("at_risk.note", low=low, high=high))
