"""silver.orders: the valid state of every order, from the orders feed and from purchase and refund events."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, MONEY, Column, Table

SILVER_ORDERS = Table(
    layer="silver",
    name="orders",
    grain="order that counts (not cancelled, not deleted)",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("order_id",),
    ordered_by="ordered_at",
    notes="The orders feed wins over purchase events of the same order_id; a fully refunded order stays at net 0.",
    columns=(
        Column(
            "order_id",
            "string",
            "order number; event:<event_id> for a purchase event without one",
            nullable=False,
            personal=True,
        ),
        Column("person_id", "string", "who bought", nullable=False, personal=True),
        Column("ordered_at", "timestamp", "when", "UTC", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column("value", MONEY, "gross value", "currency", nullable=False, minimum=0),
        Column("refunded_value", MONEY, "refunded so far, at most value", "currency", nullable=False, minimum=0),
        Column("currency", "string", "ISO 4217 code of value and refunded_value", nullable=False),
        Column("items", "bigint", "number of items, where known", minimum=-COUNT_LIMIT, maximum=COUNT_LIMIT),
        Column("status", "string", "paid or refunded", nullable=False, values=("paid", "refunded")),
        Column("origin", "string", "orders (the feed) or events", nullable=False, values=("orders", "events")),
        Column(
            "seen_person_id",
            "string",
            "person of the purchase event; another than person_id where nothing proves that both are one",
            personal=True,
        ),
        Column("seen_on", "string", "device (anonymous_id) of the purchase event", personal=True),
        Column("seen_consent_ads", "boolean", "consent to ads at the purchase event"),
    ),
)
