"""gold.churn: how likely each customer neither visits nor buys any more, within several horizons, and why."""

from __future__ import annotations

from warehouse.contracts import Column, Table

CHURN_HORIZONS = ("7d", "14d", "30d", "60d", "90d", "cycle")
REASONS = 3


def _reason(place: int) -> tuple[Column, Column]:
    return (
        Column(f"reason_{place}", "string", "feature of gold.person_features that matters most here; null without one"),
        Column(
            f"contribution_{place}",
            "double",
            "what it adds to the log-odds of leaving, beside a typical customer: above 0 leaving is likelier",
            "log-odds",
            nullable=False,
        ),
    )


GOLD_CHURN = Table(
    layer="gold",
    name="churn",
    grain="customer, as_of and horizon",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("person_id", "as_of", "horizon"),
    notes=(
        "contribution_1 + contribution_2 + contribution_3 + other_contribution is the distance of the log-odds of "
        "probability from those of base_rate. Customers are persons with a purchase and features of the day."
    ),
    columns=(
        Column("person_id", "string", "customer", nullable=False, personal=True),
        Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
        Column(
            "horizon",
            "string",
            "days after as_of, or the customer's own cycle (cycle_days of gold.person_features)",
            nullable=False,
            values=CHURN_HORIZONS,
        ),
        Column(
            "probability",
            "double",
            "probability of neither a visit nor a purchase within the horizon",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column("base_rate", "double", "share that left where it was learned", nullable=False, minimum=0, maximum=1),
        *(column for place in range(1, REASONS + 1) for column in _reason(place)),
        Column("other_contribution", "double", "what all else adds", "log-odds", nullable=False),
        Column(
            "served",
            "string",
            "what predicts: behaviour, or recency alone where behaviour gains nothing over it",
            nullable=False,
            values=("behaviour", "recency"),
        ),
        Column("model_version", "string", "registered model and version that scored the row", nullable=False),
    ),
)
