"""gold.channel_value: what customers won by each channel and campaign cost and bring."""

from warehouse.contracts import FIRST_DAY, INT_LIMIT, LAST_DAY, MONEY_SUM, Column, Table
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

LIFETIME_DAYS = VALUE_HORIZONS_DAYS[-1]  # age up to which a customer's value is counted
LEVELS = ("channel", "campaign")
PAYBACKS = ("observed", "predicted", "not reached", "not scored", "no spend", "no customers")


def _bound(name: str, meaning: str) -> Column:
    return Column(name, "double", f"{meaning} of ltv_to_cac; null without", "ratio", minimum=0)


GOLD_CHANNEL_VALUE = Table(
    layer="gold",
    name="channel_value",
    grain="model, level, channel and campaign with spend or customers since first_day",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("model", "level", "channel", "campaign"),
    columns=(
        Column("model", "string", "attribution model that credits first purchases", nullable=False),
        Column("level", "string", "what a row is of: a channel, or a campaign", nullable=False, values=LEVELS),
        Column("channel", "string", "channel group, or '(unattributed)'", nullable=False),
        Column(
            "campaign",
            "string",
            "campaign in lower case, or '(not set)'; '(all)' of a channel",
            nullable=False,
        ),
        *(
            Column(name, "date", meaning, nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY)
            for name, meaning in (
                ("first_day", "first day whose spend and first purchases count, in the reporting zone"),
                ("as_of", "last day that counts"),
            )
        ),
        Column("spend", MONEY_SUM, "advertising cost of these days", "currency", nullable=False, minimum=0),
        Column(
            "new_customers",
            "double",
            "credit of first purchases in all history that are of these days",
            nullable=False,
            minimum=0,
        ),
        Column("cac", "double", "spend / new_customers; null without either", "currency", minimum=0),
        Column(
            "value_to_date",
            MONEY_SUM,
            "net value of all purchases of the new customers, by the credit of their first one",
            "currency",
            nullable=False,
            minimum=0,
        ),
        *(
            Column(
                f"predicted_{days}d",
                MONEY_SUM,
                f"discounted margin expected of them within {days} days after as_of; null without scores",
                "currency",
                minimum=0,
            )
            for days in VALUE_HORIZONS_DAYS
        ),
        Column(
            "lifetime_value",
            MONEY_SUM,
            f"margin of the new customers by an age of {LIFETIME_DAYS} days: to date, and predicted for the days that "
            "each still lacks; null without scores",
            "currency",
            minimum=0,
        ),
        Column("ltv", "double", "lifetime_value / new_customers", "currency", minimum=0),
        Column("ltv_to_cac", "double", "lifetime_value / spend; null without spend or customers", "ratio", minimum=0),
        _bound("lower", "lower bound, with the value model's own error,"),
        _bound("upper", "upper bound, with the value model's own error,"),
        _bound("lower_if_model_holds", "lower bound, if the value model holds,"),
        _bound("upper_if_model_holds", "upper bound, if the value model holds,"),
        Column(
            "payback_days",
            "int",
            "age at which the margin of an average new customer reaches cac; null where it does not",
            "days",
            minimum=0,
            maximum=INT_LIMIT,
        ),
        Column(
            "payback",
            "string",
            "observed: margin to date covers the spend; predicted: only with predicted margin; otherwise why there is "
            "no payback_days",
            nullable=False,
            values=PAYBACKS,
        ),
        Column(
            "returning_value",
            MONEY_SUM,
            "credited net value of the purchases of these days by customers won before",
            "currency",
            nullable=False,
            minimum=0,
        ),
        Column(
            "ltv_roas",
            "double",
            "(margin of returning_value + lifetime_value) / spend: each new customer counts with the lifetime value",
            "ratio",
            minimum=0,
        ),
        Column("interval_level", "double", "level of both intervals; null without scores", "share"),
        Column("margin", "double", "share of net value that is margin; 1: margin is revenue", "share", nullable=False),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("model_version", "string", "registered value model and version; null without scores"),
    ),
    notes=(
        "Filter on one model and one level before summing: the campaigns of a model add up to its channels. ltv, cac, "
        "ltv_to_cac and ltv_roas are ratios of sums: compute them from the sums. The interval of ltv_to_cac is to hold "
        "what the channel's spend would bring on average, were the same money spent again: it has the number of "
        "customers won, how differently they buy, and the uncertainty of predicted margin. Customers are counted from "
        "first_day on, which is ltv.acquisition_days back or attribution.start_date."
    ),
)
