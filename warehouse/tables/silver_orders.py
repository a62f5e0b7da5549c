"""silver.orders: the valid state of every order, from the orders feed and from purchase and refund events."""

from warehouse.contracts import MONEY, Column, Table

SILVER_ORDERS = Table(
    layer="silver",
    name="orders",
    grain="order that counts (not cancelled, not deleted)",
    key=("order_id",),
    ordered_by="ordered_at",
    notes="The orders feed wins over purchase events of the same order_id; a fully refunded order stays at net 0.",
    columns=(
        Column("order_id", "string", "order number; event:<event_id> for a purchase event without one", nullable=False),
        Column("person_id", "string", "who bought", nullable=False),
        Column("ordered_at", "timestamp", "when", "UTC", nullable=False),
        Column("value", MONEY, "gross value", "currency", nullable=False),
        Column("refunded_value", MONEY, "refunded so far, at most value", "currency", nullable=False),
        Column("currency", "string", "ISO 4217 code of value and refunded_value", nullable=False),
        Column("items", "bigint", "number of items, where known"),
        Column("status", "string", "paid or refunded", nullable=False),
        Column("origin", "string", "orders (the feed) or events", nullable=False),
    ),
)
