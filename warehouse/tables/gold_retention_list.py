"""gold.retention_list: whom to contact so that they stay, best first."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, MONEY_SUM, Column, Table

GOLD_RETENTION_LIST = Table(
    layer="gold",
    name="retention_list",
    grain="person whose contact is worth its cost, and as_of",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("person_id", "as_of"),
    columns=(
        Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
        Column("person_id", "string", "customer", nullable=False, personal=True),
        Column("rank", "bigint", "place by value at risk, 1 the most", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("is_valuable", "boolean", "one of retention.high_value_share by value_if_kept", nullable=False),
        Column(
            "last_purchase_on",
            "date",
            "last purchase day, in the reporting zone",
            nullable=False,
            minimum=FIRST_DAY,
            maximum=LAST_DAY,
        ),
        Column(
            "leaving",
            "double",
            "probability of having left, or of leaving within retention.leaving_days",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "value_if_kept",
            MONEY_SUM,
            "expected discounted margin within retention.horizon_days of a customer who leaves and is kept",
            "currency",
            nullable=False,
            minimum=0,
        ),
        Column("value_at_risk", MONEY_SUM, "leaving x value_if_kept", "currency", nullable=False, minimum=0),
        Column(
            "expected_gain", MONEY_SUM, "uplift x value_at_risk - contact_cost", "currency", nullable=False, minimum=0
        ),
        Column("expected_gain_lower", MONEY_SUM, "lower bound of expected_gain", "currency", nullable=False),
        Column("expected_gain_upper", MONEY_SUM, "upper bound of expected_gain", "currency", nullable=False),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("acquisition_channel", "string", "first touch of the first purchase or sign-up", nullable=False),
        Column("model_version", "string", "registered model and version that scored the row", nullable=False),
    ),
    notes=(
        "A customer who is kept goes on as before: at the same rate of purchases, and as likely to leave again. Margin "
        "and discount are those of clv. The bounds hold the expected gain ltv.interval_level of the time (0.95): the "
        "uncertainty of uplift and fitted parameters, not chance, and they must not be summed; gold.retention_profit "
        "has the profit of all. Left out are customers who were refunded more than retention.max_refunded_share or "
        "bought last more than retention.max_days_since_purchase days ago. Whether a customer may be contacted is not "
        "known here."
    ),
)
