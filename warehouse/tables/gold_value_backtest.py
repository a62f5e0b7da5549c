"""gold.value_backtest: what each model would have forecast at rolling origins of the past, and what came."""

from warehouse.contracts import COUNT_LIMIT, Column, Table
from warehouse.tables.gold_value_totals import MEASURES

MODELS = ("value_model", "recalibrated", "purchase_rate", "recency")
BOUNDS = (
    ("lower", "lower bound of the interval with the model's own error, as known at the origin"),
    ("upper", "its upper bound; null also where there is no finite one"),
    ("lower_if_model_holds", "lower bound of the interval if the model holds"),
    ("upper_if_model_holds", "its upper bound; null also where there is no finite one"),
)
METRICS = (
    ("total_error", "predicted / actual - 1", "share", -1, None),
    ("mae", "mean absolute error of a customer's purchase days", "days", 0, None),
    ("rmse", "root of their mean squared error", "days", 0, None),
    ("decile_wape", "error of tenths of customers by prediction, over what came", "share", 0, None),
    ("normalised_gini", "ranking by expected purchases: 1 is perfect, 0 is chance", "", -1, 1),
    ("buys_again_auc", "probability that a customer who bought ranks above one who did not", "", 0, 1),
    ("buys_again_brier", "mean squared error of the probability of a purchase", "", 0, 1),
    ("buys_again_base_brier", "the same of the share of buyers, for everybody", "", 0, 1),
    ("reliability_error", "mean distance of that probability from how often it came true, over tenths", "", 0, 1),
    ("factor", "of recalibrated: what predictions were multiplied with, learned at earlier origins", "", 0, None),
)

GOLD_VALUE_BACKTEST = Table(
    layer="gold",
    name="value_backtest",
    grain="model version, origin, model or baseline, and measure",
    owner="ltv",
    freshness="every train",
    key=("model_version", "cutoff", "model", "measure"),
    columns=(
        Column("model_version", "string", "registered model and version that was judged", nullable=False),
        Column("cutoff", "date", "origin: last day that the forecast knew, in the reporting zone", nullable=False),
        Column("until", "date", "last day of the period that was forecast", nullable=False),
        Column(
            "model",
            "string",
            "value_model; recalibrated: its predictions times a factor; purchase_rate: everybody goes on at their past "
            "rate; recency: a ranking by the time since the last purchase",
            nullable=False,
            values=MODELS,
        ),
        Column("measure", "string", "purchases: purchase days; value: net value", nullable=False, values=MEASURES),
        Column("customers", "bigint", "customers known at the origin", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("predicted", "double", "total that was predicted; null for a ranking", "days or currency", minimum=0),
        Column("actual", "double", "total that came", "days or currency", nullable=False, minimum=0),
        *(Column(name, "double", meaning, "days or currency", minimum=0) for name, meaning in BOUNDS),
        Column("held", "boolean", "the interval with the model's own error held the actual total"),
        *(
            Column(name, "double", meaning, unit, minimum=minimum, maximum=maximum)
            for name, meaning, unit, minimum, maximum in METRICS
        ),
    ),
    notes=(
        "The newest period is the last one judged. At each origin the model is fitted to what was known by then, and "
        "factor and own error are learned from earlier origins alone. Intervals and value are those of value_model. "
        "A metric is null where it has no meaning: a ranking has no total, a total ranks nobody."
    ),
)
