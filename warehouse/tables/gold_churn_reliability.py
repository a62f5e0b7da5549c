"""gold.churn_reliability: how far the chances of the churn model came true on the period where it was judged."""

from __future__ import annotations

from warehouse.contracts import Column, Table
from warehouse.tables.gold_churn import CHURN_HORIZONS

PREDICTORS = ("behaviour", "recency", "pareto_nbd")
TENTHS = 10


def _share(name: str, meaning: str) -> Column:
    return Column(name, "double", meaning, "share", nullable=False, minimum=0, maximum=1)


GOLD_CHURN_RELIABILITY = Table(
    layer="gold",
    name="churn_reliability",
    grain="model version, horizon, predictor and tenth of the customers",
    owner="ltv",
    freshness="every train",
    key=("model_version", "horizon", "predictor", "tenth"),
    notes=(
        "Predicted before anything of the period was known. Customers of one probability who straddle two tenths "
        "are divided between them, so customers is no whole number."
    ),
    columns=(
        Column("model_version", "string", "registered model and version that was judged", nullable=False),
        Column(
            "horizon",
            "string",
            "days after cutoff, or the customer's own cycle (cycle_days of gold.person_features)",
            nullable=False,
            values=CHURN_HORIZONS,
        ),
        Column(
            "predictor",
            "string",
            "behaviour; recency: the days since the last visit or purchase; pareto_nbd: P(alive) of purchases alone",
            nullable=False,
            values=PREDICTORS,
        ),
        Column(
            "tenth",
            "int",
            "tenth of the customers by probability, 1 is the lowest",
            nullable=False,
            minimum=1,
            maximum=TENTHS,
        ),
        Column("is_served", "boolean", "whether gold.churn has this predictor at the horizon", nullable=False),
        Column("cutoff", "date", "last day that the prediction knew, in the reporting zone", nullable=False),
        Column("customers", "double", "customers of the tenth", nullable=False, minimum=0),
        _share("predicted", "mean probability of leaving"),
        _share("actual", "share that left"),
    ),
)
