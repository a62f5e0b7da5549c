"""gold.retention_profit: what a retention campaign is expected to earn, by how many are contacted."""

from warehouse.contracts import COUNT_LIMIT, INT_LIMIT, Column, Table

AUDIENCES = ("everybody", "high_value")
BEST = "best"
THRESHOLDS = (*(f"{tenth}0%" for tenth in range(1, 11)), BEST)

GOLD_RETENTION_PROFIT = Table(
    layer="gold",
    name="retention_profit",
    grain="as_of, audience and share of it that is contacted",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("as_of", "audience", "threshold"),
    columns=(
        Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
        Column(
            "audience",
            "string",
            "everybody, or the customers of the highest value if kept (retention.high_value_share)",
            nullable=False,
            values=AUDIENCES,
        ),
        Column(
            "threshold",
            "string",
            "who is contacted: the share of the audience with most value at risk; best: all whose contact is worth "
            "its cost, at most retention.max_contacts",
            nullable=False,
            values=THRESHOLDS,
        ),
        Column("contacts", "bigint", "customers contacted", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column(
            "least_at_risk",
            "double",
            "value at risk of the last customer contacted; null where nobody is",
            "currency",
            minimum=0,
        ),
        Column("at_risk", "double", "value at risk of all contacted", "currency", nullable=False, minimum=0),
        Column("expected_profit", "double", "uplift x at_risk - cost of the contacts", "currency", nullable=False),
        Column("expected_profit_lower", "double", "lower bound of the profit that comes", "currency", nullable=False),
        Column("expected_profit_upper", "double", "upper bound of the profit that comes", "currency", nullable=False),
        Column(
            "break_even_uplift",
            "double",
            "uplift from which on the contacts earn something; null where nothing is at risk",
            "share",
            minimum=0,
        ),
        Column("uplift", "double", "probability that a contact keeps a leaver", "share", nullable=False, maximum=1),
        Column("uplift_lower", "double", "lower bound of uplift", "share", nullable=False, maximum=1),
        Column("uplift_upper", "double", "upper bound of uplift", "share", nullable=False, maximum=1),
        Column("contact_cost", "double", "cost of a contact", "currency", nullable=False, minimum=0),
        Column("leaving_days", "int", "days within which leaving counts", nullable=False, minimum=1, maximum=INT_LIMIT),
        Column("horizon_days", "int", "days whose purchases count", nullable=False, minimum=1, maximum=INT_LIMIT),
        Column("interval_level", "double", "level of the intervals", "share", nullable=False, minimum=0, maximum=1),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("model_version", "string", "registered model and version that scored the customers", nullable=False),
    ),
    notes=(
        "expected_profit_lower and _upper are to hold the profit that comes ltv.interval_level of the time (0.95): "
        "uncertainty of uplift and fitted parameters, and chance. Profit is beside doing nothing: what customers bring "
        "who stay anyway is not in it. Shares of the audience are of those who may be on the list at all."
    ),
)
