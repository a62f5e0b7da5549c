"""gold.cohort_value: what the customers of each month and channel have brought since, and are expected to bring."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, INT_LIMIT, LAST_DAY, MONEY_SUM, Column, Table


def _day(name: str, meaning: str) -> Column:
    return Column(name, "date", meaning, nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY)


def _count(name: str, meaning: str, *, nullable: bool = True) -> Column:
    return Column(name, "bigint", meaning, nullable=nullable, minimum=0, maximum=COUNT_LIMIT)


def _bound(name: str, meaning: str) -> Column:
    return Column(name, "double", meaning, "currency", minimum=0)


GOLD_COHORT_VALUE = Table(
    layer="gold",
    name="cohort_value",
    grain="month of the first purchase, acquisition channel and age in months",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("cohort", "acquisition_channel", "age"),
    columns=(
        _day("cohort", "first day of the month of the first purchase, in the reporting zone"),
        Column("acquisition_channel", "string", "first touch of the first purchase or sign-up", nullable=False),
        Column(
            "age",
            "int",
            "months since the month of the first purchase, which is 0",
            "months",
            nullable=False,
            minimum=0,
            maximum=INT_LIMIT,
        ),
        _day("month", "first day of the month of that age"),
        Column("is_complete", "boolean", "whether the month was over on as_of", nullable=False),
        _count("customers", "customers of the cohort and channel; the same at every age", nullable=False),
        _count("active_customers", "of these, with a purchase in the month; null for a month after as_of"),
        _count("repeat_customers", "of these, with a purchase on two days or more by the end of the month; null after"),
        _count("orders", "purchases in the month; null after as_of"),
        Column("value", MONEY_SUM, "net value of these purchases; null after as_of", "currency", minimum=0),
        Column(
            "value_to_date",
            MONEY_SUM,
            "net value of all purchases by the end of the month, or by as_of",
            "currency",
            nullable=False,
            minimum=0,
        ),
        Column(
            "predicted_value",
            MONEY_SUM,
            "discounted margin expected of the days of the month after as_of; null without scores",
            "currency",
            minimum=0,
        ),
        Column(
            "predicted_to_date",
            MONEY_SUM,
            "discounted margin expected from as_of to the end of the month; null without scores",
            "currency",
            minimum=0,
        ),
        Column(
            "expected_to_date",
            MONEY_SUM,
            "margin by the end of the month: margin of value_to_date, and predicted_to_date",
            "currency",
            minimum=0,
        ),
        _bound("lower", "lower bound of expected_to_date, with the model's own error"),
        _bound("upper", "its upper bound; null where there is no finite one"),
        _bound("lower_if_model_holds", "lower bound if the model holds: parameters and chance alone"),
        _bound("upper_if_model_holds", "its upper bound; null where there is no finite one"),
        Column("interval_level", "double", "level of both intervals", "share", minimum=0, maximum=1),
        Column("margin", "double", "share of net value that is margin; 1: margin is revenue", "share", nullable=False),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        _day("as_of", "last day that counts, in the reporting zone"),
        Column("model_version", "string", "registered model and version of the scores; null without"),
    ),
    notes=(
        "Months of age are calendar months: of a retention curve take the rows with is_complete. Months to come are "
        "those of the longest horizon of gold.customer_value; the last of them has the days up to the horizon alone. "
        "The expected totals of its horizons are spread over the days between them evenly, so predicted_value adds up "
        "to clv_365d of all customers to the last digit. Intervals are those of gold.value_totals for the channel: "
        "the model's own error in proportion to the predicted value, chance and parameters by its square root. "
        "Bounds must not be summed."
    ),
)
