"""gold.value_totals: what all customers, and those of each channel, will buy and be worth together, with intervals."""

from warehouse.contracts import FIRST_DAY, INT_LIMIT, LAST_DAY, Column, Table

MEASURES = ("purchases", "value")
# The two intervals of a total, as every table of forecasts has them.
INTERVALS = (
    Column(
        "lower",
        "double",
        "lower bound of the interval with the model's own error: parameters, chance and errors of past forecasts",
        "days or currency",
        nullable=False,
        minimum=0,
    ),
    Column("upper", "double", "its upper bound; null where there is no finite one", "days or currency", minimum=0),
    Column(
        "lower_if_model_holds",
        "double",
        "lower bound of the interval if the model holds: parameters and chance alone",
        "days or currency",
        nullable=False,
        minimum=0,
    ),
    Column(
        "upper_if_model_holds",
        "double",
        "its upper bound; null where there is no finite one",
        "days or currency",
        minimum=0,
    ),
)

GOLD_VALUE_TOTALS = Table(
    layer="gold",
    name="value_totals",
    grain="as_of, acquisition channel or all, measure and horizon",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("as_of", "acquisition_channel", "measure", "days"),
    columns=(
        Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
        Column(
            "acquisition_channel",
            "string",
            "customers by the first touch of their first purchase or sign-up, or '(all)'",
            nullable=False,
        ),
        Column(
            "measure",
            "string",
            "purchases: purchase days; value: discounted margin",
            nullable=False,
            values=MEASURES,
        ),
        Column("days", "int", "horizon: days after as_of", "days", nullable=False, minimum=1, maximum=INT_LIMIT),
        Column("predicted", "double", "expected total of the horizon", "days or currency", nullable=False, minimum=0),
        *INTERVALS,
        Column(
            "own_error",
            "double",
            "standard deviation of the model's own error, as a share of the total",
            "share",
            nullable=False,
            minimum=0,
        ),
        Column(
            "origins",
            "int",
            "past forecasts of this shop behind own_error, beside those of four public shops",
            nullable=False,
            minimum=0,
            maximum=INT_LIMIT,
        ),
        Column("interval_level", "double", "level of both intervals", "share", nullable=False, minimum=0, maximum=1),
        Column("margin", "double", "share of net value that is margin", "share", nullable=False, minimum=0),
        Column("annual_discount_rate", "double", "discount", "share a year", nullable=False, minimum=0),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("model_version", "string", "registered model and version that made the forecast", nullable=False),
        Column(
            "model_as_of",
            "date",
            "last day of the data that the model was fitted on",
            nullable=False,
            minimum=FIRST_DAY,
            maximum=LAST_DAY,
        ),
    ),
    notes=(
        "Two intervals, both predictive: they are to hold what comes ltv.interval_level of the time (0.95). The one if "
        "the model holds has the uncertainty of the fitted parameters and chance. The one with the model's own error "
        "is wider by how far the model's forecasts of the past were off beyond that: seasons, sales, a shop that "
        "changes. It is the one to plan by. Bounds must not be summed over channels. Customers who come after as_of "
        "are in no total."
    ),
)
