"""silver.set_aside: amounts that do not count because another row counts in their place."""

from warehouse.contracts import COUNT_LIMIT, MONEY, Column, Table

SILVER_SET_ASIDE = Table(
    layer="silver",
    name="set_aside",
    grain="landed row whose amount another row set aside",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("input", "record_id", "source_file", "source_line", "event_id"),
    notes="Rows that a newer version replaces are not here: silver.money_ledger has their sums.",
    columns=(
        Column("input", "string", "what the row is: orders, purchase_events, refund_events, ad_spend", nullable=False),
        Column(
            "record_id",
            "string",
            "what both rows are about: order number, or platform, account and day of spend",
            nullable=False,
            personal=True,
        ),
        Column("outcome", "string", "what became of the amount: set_aside or left_out", nullable=False),
        Column("reason", "string", "how the row differs from the one that counts", nullable=False),
        Column("amount", MONEY, "what does not count", "currency", nullable=False),
        Column("currency", "string", "ISO 4217 code of the amounts", nullable=False),
        Column("counted_amount", MONEY, "what counts instead; null where nothing does", "currency"),
        Column("counted_file", "string", "landed file of what counts instead"),
        Column(
            "counted_line",
            "bigint",
            "line in that file; null for events and for spend, of which a whole file counts",
            minimum=1,
            maximum=COUNT_LIMIT,
        ),
        Column("source_file", "string", "landed file of the row", nullable=False),
        Column("source_line", "bigint", "line in that file; null for events", minimum=1, maximum=COUNT_LIMIT),
        Column("event_id", "string", "event of the row, where it is one", personal=True),
    ),
)
