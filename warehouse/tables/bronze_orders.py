"""bronze.orders: every version of every order as it arrived."""

from warehouse.contracts import COUNT_LIMIT, LANDED_FROM, LANDED_UNTIL, MONEY, Column, Table

BRONZE_ORDERS = Table(
    layer="bronze",
    name="orders",
    grain="order version, or line of one (order_id, updated_at, content)",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("order_id", "updated_at", "payload_hash"),
    notes="The newest (updated_at, source_file, source_line) of an order_id is the valid one; the lines (part) of the "
    "newest updated_at add up to their order.",
    columns=(
        Column("order_id", "string", "order number", nullable=False, personal=True),
        Column("user_id", "string", "login of the buyer", personal=True),
        Column("anonymous_id", "string", "cookie or device id of the buyer", personal=True),
        Column(
            "order_at",
            "timestamp",
            "when it was ordered",
            "UTC",
            nullable=False,
            minimum=LANDED_FROM,
            maximum=LANDED_UNTIL,
        ),
        # No range: a credit line, and a discount line, is below 0.
        Column("value", MONEY, "order value before refunds; of a credit line below 0", "currency", nullable=False),
        Column("currency", "string", "ISO 4217 code of value and refunded_value", nullable=False),
        Column(
            "status",
            "string",
            "paid, pending (no money yet: it does not count), refunded or cancelled",
            nullable=False,
            values=("paid", "pending", "refunded", "cancelled"),
        ),
        Column("refunded_value", MONEY, "refunded so far", "currency", nullable=False, minimum=0),
        # No range: taken as it is, also below 0.
        Column("items", "bigint", "number of items", minimum=-COUNT_LIMIT, maximum=COUNT_LIMIT),
        Column(
            "updated_at",
            "timestamp",
            "when this version was written; order_at where not given",
            "UTC",
            nullable=False,
        ),
        Column("deleted", "boolean", "the order was deleted in the shop", nullable=False),
        Column(
            "part",
            "string",
            "where the input has a row for each line of an order: sale or credit; null = the whole order",
            values=("sale", "credit"),
        ),
        Column("payload_hash", "bigint", "hash of the version's content", nullable=False, personal=True),
        Column("source_file", "string", "landed file it came from", nullable=False),
        Column("source_line", "bigint", "line in that file", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("batch_id", "string", "ingest batch that brought it", nullable=False),
    ),
)
