"""gold.forecast_accuracy: what was predicted for a period, and what came."""

from warehouse.contracts import INT_LIMIT, Column, Table
from warehouse.tables.gold_value_totals import INTERVALS, MEASURES

GOLD_FORECAST_ACCURACY = Table(
    layer="gold",
    name="forecast_accuracy",
    grain="forecast of gold.value_totals whose period is over",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("as_of", "acquisition_channel", "measure", "days"),
    columns=(
        Column("as_of", "date", "day of the forecast, in the reporting zone", nullable=False),
        Column("until", "date", "last day of the period that it was for", nullable=False),
        Column("acquisition_channel", "string", "acquisition channel of the customers, or '(all)'", nullable=False),
        Column(
            "measure", "string", "purchases: purchase days; value: discounted margin", nullable=False, values=MEASURES
        ),
        Column("days", "int", "length of the period", "days", nullable=False, minimum=1, maximum=INT_LIMIT),
        Column("predicted", "double", "total that was predicted", "days or currency", nullable=False, minimum=0),
        *INTERVALS,
        Column(
            "actual", "double", "total that came, of the customers known at as_of", "days or currency", nullable=False
        ),
        Column("total_error", "double", "predicted / actual - 1; null where nothing came", "share", minimum=-1),
        Column("held", "boolean", "the interval with the model's own error held the actual total", nullable=False),
        Column("held_if_model_holds", "boolean", "the interval if the model holds held it", nullable=False),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("model_version", "string", "registered model and version that made the forecast", nullable=False),
    ),
    notes=(
        "The share of held is to be ltv.interval_level (0.95). Forecasts of a day by a model that was fitted to later "
        "days are left out: they would flatter it. What came is net value times the margin of the forecast, discounted "
        "as in it. Periods that ended in the last ltv.keep_days days are compared again at every run, so that late "
        "orders and refunds count; older rows stay as they are."
    ),
)
