"""silver.set_aside: amounts that do not count because of another row, and amounts that a newer row may have changed."""

from warehouse.contracts import COUNT_LIMIT, MONEY, Column, Table

SILVER_SET_ASIDE = Table(
    layer="silver",
    name="set_aside",
    grain="landed row whose amount is not settled or does not count",
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
        Column(
            "outcome",
            "string",
            "what became of the amount",
            nullable=False,
            values=("set_aside", "left_out", "too_large", "unsettled"),
        ),
        Column("reason", "string", "how the row differs from the one that counts", nullable=False),
        Column("amount", MONEY, "what does not count; what counts where it is unsettled", "currency", nullable=False),
        Column("currency", "string", "ISO 4217 code of the amounts", nullable=False),
        Column("other_amount", MONEY, "amount of the other row, where there is one", "currency"),
        Column(
            "other_file", "string", "landed file of the other row: what counts instead, or a newer row in quarantine"
        ),
        Column(
            "other_line",
            "bigint",
            "line in that file; null for an event that counts, and for spend, of which a whole file counts",
            minimum=1,
            maximum=COUNT_LIMIT,
        ),
        Column("source_file", "string", "landed file of the row", nullable=False),
        Column("source_line", "bigint", "line in that file; null for events", minimum=1, maximum=COUNT_LIMIT),
        Column("event_id", "string", "event of the row, where it is one", personal=True),
    ),
)
