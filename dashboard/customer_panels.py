"""The panels about customers: who is still active, what each channel's customers are worth, who may be leaving."""

from __future__ import annotations

from decimal import Decimal

from dashboard import formats
from dashboard.chart_svg import draw_chart
from dashboard.customers import BINS, CHURN_DAYS, HORIZON_DAYS, UNCERTAIN_ALIVE, CustomerFigures
from dashboard.panels import Chart, PageTable, Panel, columns, table_rows
from dashboard.performance import ratio

FEW_CUSTOMERS = 30


def customer_panels(customers: CustomerFigures | None) -> tuple[Panel, ...]:
    """Every panel about customers, or one that says why there is none."""
    if customers is None:
        missing = "Customer value is not published yet: `distributary train` and `distributary score` make it."
        return (Panel("customers", "Customer value", missing),)
    return (_activity(customers), _by_channel(customers), _at_risk(customers))


def activity_sentence(customers: CustomerFigures) -> str:
    """How many customers are probably still active, and how many will probably buy nothing soon."""
    return (
        f"Of {formats.plural(customers.customers, 'customer')}, {formats.count(customers.likely_alive)} "
        f"({formats.share(ratio(customers.likely_alive, customers.customers))}) are more likely than not still active; "
        f"{formats.count(customers.likely_quiet)} will more likely than not buy nothing within {CHURN_DAYS} days."
    )


def _activity(customers: CustomerFigures) -> Panel:
    measures = {
        "Chance of still being a customer": customers.p_alive,
        f"Chance of no purchase within {CHURN_DAYS} days": customers.churn,
    }
    drawn = [
        {"position": position, "measure": measure, "low": tenth / BINS, "high": (tenth + 1) / BINS, "customers": found}
        for position, (measure, counts) in enumerate(measures.items())
        for tenth, found in enumerate(counts)
    ]
    rows = [
        [
            f"{formats.share(tenth / BINS)} to {formats.share((tenth + 1) / BINS)}",
            *(formats.count(counts[tenth]) for counts in measures.values()),
        ]
        for tenth in range(BINS)
    ]
    table = PageTable(
        caption="Customers per tenth of each probability",
        columns=columns("Probability", *measures),
        rows=table_rows(rows),
        foot=("All", *(formats.count(sum(counts)) for counts in measures.values())),
    )
    label = (
        "Two histograms of customers: by the probability that they are still customers, and by the probability of no "
        f"purchase within {CHURN_DAYS} days."
    )
    chart = Chart(draw_chart("value_distribution", drawn), label)
    note = (
        "The two are not opposites: someone who buys twice a year may be a customer for certain and still buy nothing "
        f"this month. Scored by {customers.model_version} as of {formats.day(customers.as_of)}."
    )
    return Panel("customers", "Who is still active", activity_sentence(customers), chart, table, folded=True, note=note)


def _by_channel(customers: CustomerFigures) -> Panel:
    currency = customers.currency
    overall = customers.expected_value / customers.customers
    drawn = [
        {
            "channel": channel.channel,
            "position": position,
            "value": float(channel.mean_value),
            "overall": float(overall),
        }
        for position, channel in enumerate(customers.channels)
    ]
    rows = [
        [
            channel.channel + (" †" if channel.customers < FEW_CUSTOMERS else ""),
            formats.count(channel.customers),
            formats.share(channel.p_alive),
            formats.amount(channel.mean_value, currency),
            formats.amount(channel.total_value, currency),
        ]
        for channel in customers.channels
    ]
    table = PageTable(
        caption=f"Customers by the channel that brought them; margin expected within {HORIZON_DAYS} days, {currency}",
        columns=columns("Acquisition channel", "Customers", "Mean chance active", "Per customer", "Together"),
        rows=table_rows(rows),
        foot=(
            "All channels",
            formats.count(customers.customers),
            "",
            formats.amount(overall, currency),
            formats.amount(customers.expected_value, currency),
        ),
    )
    label = f"Bar chart of the expected margin per customer within {HORIZON_DAYS} days, by acquisition channel."
    chart = Chart(draw_chart("value_by_channel", drawn), label)
    note = "The acquisition channel is the first touch of a person's first purchase or sign-up."
    if any(channel.customers < FEW_CUSTOMERS for channel in customers.channels):
        note += f" † fewer than {FEW_CUSTOMERS} customers: read the row with care."
    sentence = _by_channel_sentence(customers, overall)
    return Panel("acquisition", "Expected value by acquisition channel", sentence, chart, table, note=note)


def _by_channel_sentence(customers: CustomerFigures, overall: Decimal) -> str:
    # Few customers make a mean that says little: the sentence names a channel only where there are enough.
    enough = [channel for channel in customers.channels if channel.customers >= FEW_CUSTOMERS]
    together = (
        f"all {formats.plural(customers.customers, 'customer')} together are expected to bring "
        f"{formats.money(customers.expected_value, customers.currency)} of margin within {HORIZON_DAYS} days"
    )
    if not enough:
        return f"{together[:1].upper()}{together[1:]}."
    best = enough[0]
    each, mean = (formats.money(value, customers.currency) for value in (best.mean_value, overall))
    return (
        f"Customers who came through {best.channel} are worth most, {each} each against {mean} on average; {together}."
    )


def _at_risk(customers: CustomerFigures) -> Panel:
    title, currency = "Customers worth winning back", customers.currency
    low, high = (formats.share(bound) for bound in UNCERTAIN_ALIVE)
    if not customers.at_risk:
        said = f"No customer has a chance between {low} and {high} of still being active, so none stands out."
        return Panel("at-risk", title, said)
    total = sum(person.value_at_risk for person in customers.at_risk)
    sentence = (
        f"These {formats.plural(len(customers.at_risk), 'customer')} may be leaving, and with them "
        f"{formats.money(total, currency)} of expected margin within {HORIZON_DAYS} days."
    )
    rows = [
        [
            person.person_id,
            formats.share(person.p_alive),
            formats.share(person.churn),
            formats.amount(person.expected_value, currency),
            formats.amount(person.value_at_risk, currency),
            formats.count(person.orders),
            person.last_order_at.strftime("%Y-%m-%d"),
        ]
        for person in customers.at_risk
    ]
    table = PageTable(
        caption=f"The most value at risk, in {currency}; last order in UTC",
        columns=columns(
            "Customer",
            "Chance active",
            f"No purchase in {CHURN_DAYS} days",
            "Expected value",
            "Value at risk",
            "Orders",
            "Last order",
        ),
        rows=table_rows(rows),
    )
    note = (
        f"Among customers with a chance of {low} to {high} of still being active. Value at risk is what a customer "
        "would bring if still active for certain, times the chance that they are not."
    )
    return Panel("at-risk", title, sentence, table=table, note=note)
