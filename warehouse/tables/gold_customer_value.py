"""gold.customer_value: who is leaving, and what each customer will still bring."""

from warehouse.contracts import MONEY, Column, Table

CHURN_HORIZONS_DAYS = (7, 14, 30, 60, 90)
VALUE_HORIZONS_DAYS = (30, 90, 180, 365)

GOLD_CUSTOMER_VALUE = Table(
    layer="gold",
    name="customer_value",
    grain="person with a purchase, and as_of",
    key=("person_id", "as_of"),
    columns=(
        Column("person_id", "string", "customer", nullable=False),
        Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
        Column("p_alive", "double", "probability of still being a customer; not a churn score", nullable=False),
        *(
            Column(f"churn_{days}d", "double", f"probability of no purchase within {days} days", nullable=False)
            for days in CHURN_HORIZONS_DAYS
        ),
        *(
            Column(
                f"expected_purchases_{days}d",
                "double",
                f"expected purchase days within {days} days",
                "days",
                nullable=False,
            )
            for days in VALUE_HORIZONS_DAYS
        ),
        Column(
            "expected_order_value",
            "double",
            "expected net value of a purchase day (Gamma-Gamma)",
            "currency",
            nullable=False,
        ),
        *(
            Column(f"clv_{days}d", MONEY, f"expected discounted margin within {days} days", "currency", nullable=False)
            for days in VALUE_HORIZONS_DAYS
        ),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("acquisition_channel", "string", "first touch of the first purchase or sign-up", nullable=False),
        Column("model_version", "string", "registered model and version that scored the row", nullable=False),
    ),
)
