"""silver.money_ledger: what became of every amount in bronze."""

from warehouse.contracts import COUNT_LIMIT, MONEY_SUM, Column, Table

SILVER_MONEY_LEDGER = Table(
    layer="silver",
    name="money_ledger",
    grain="input, currency, outcome and reason",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("input", "currency", "outcome", "reason"),
    notes="Per input and currency the amounts add up to those of bronze, and those counted or unsettled to "
    "those of silver. Amounts of two currencies must not be summed.",
    columns=(
        Column(
            "input", "string", "what the rows are: orders, purchase_events, refund_events, ad_spend", nullable=False
        ),
        Column("currency", "string", "ISO 4217 code of amount", nullable=False),
        Column(
            "outcome",
            "string",
            "what became of the amounts",
            nullable=False,
            values=(
                "counted",
                "replaced",
                "same_again",
                "in_feed",
                "cancelled",
                "deleted",
                "set_aside",
                "left_out",
                "too_large",
                "unsettled",
            ),
        ),
        Column("reason", "string", "why; '' where the outcome says it", nullable=False),
        Column("rows", "bigint", "rows", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("amount", MONEY_SUM, "their amounts", "currency", nullable=False),
    ),
)
