"""gold.customer_summary: the purchase history of each customer in the four numbers value models need."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, MONEY_SUM, Column, Table

GOLD_CUSTOMER_SUMMARY = Table(
    layer="gold",
    name="customer_summary",
    grain="person with a purchase, and as_of",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("person_id", "as_of"),
    notes=(
        "Channel, source, medium and campaign of acquisition are those of one touch: '(not set)' where it has none, "
        "'(unattributed)' where there was no touch. Source, medium and campaign are null on days of earlier releases."
    ),
    columns=(
        Column("person_id", "string", "customer", nullable=False, personal=True),
        Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
        Column(
            "frequency", "bigint", "distinct purchase days - 1", "days", nullable=False, minimum=0, maximum=COUNT_LIMIT
        ),
        Column(
            "recency", "double", "last purchase day - first purchase day", "ltv.time_unit", nullable=False, minimum=0
        ),
        Column("T", "double", "as_of - first purchase day", "ltv.time_unit", nullable=False, minimum=0),
        Column(
            "monetary_value",
            MONEY_SUM,
            "mean net value of repeat purchase days; 0 without any",
            "currency",
            nullable=False,
            minimum=0,
        ),
        Column("orders", "bigint", "orders", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("net_value", MONEY_SUM, "net value of all orders", "currency", nullable=False, minimum=0),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column(
            "first_order_at", "timestamp", "first order", "UTC", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY
        ),
        Column("last_order_at", "timestamp", "last order", "UTC", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column(
            "acquisition_channel",
            "string",
            "first touch of the first purchase or sign-up, or '(unattributed)'",
            nullable=False,
        ),
        Column("acquisition_source", "string", "source of that touch, '(not set)' or '(unattributed)'"),
        Column("acquisition_medium", "string", "medium of that touch, '(not set)' or '(unattributed)'"),
        Column("acquisition_campaign", "string", "campaign of that touch, '(not set)' or '(unattributed)'"),
    ),
)
