"""bronze.landed_money: what the landed files say in money, and what became of it at the door."""

from warehouse.contracts import COUNT_LIMIT, MONEY_SUM, Column, Table

BRONZE_LANDED_MONEY = Table(
    layer="bronze",
    name="landed_money",
    grain="landed file, kind of amount, currency and outcome",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("source", "file", "kind", "currency", "outcome"),
    notes="Per table, kind and currency, kept + replacing - replaced is what the table has. What becomes of an amount "
    "further on is in silver.money_ledger.",
    columns=(
        Column("source", "string", "input, e.g. events, orders, ad_spend", nullable=False),
        Column("file", "string", "path relative to the landing folder", nullable=False),
        Column("table_name", "string", "table that the rows were meant for", nullable=False),
        Column(
            "kind",
            "string",
            "what the amounts are",
            nullable=False,
            values=("order", "purchase", "refund", "spend"),
        ),
        Column("currency", "string", "ISO 4217 code of amount; null where a bad row gives none"),
        Column(
            "outcome",
            "string",
            "read (all amounts of the file), and what became of them: kept, known already (same_again, or conflicting: "
            "with another payload), replacing (kept in place of a stored row), replaced (the stored rows that those "
            "replaced, which are not of this file), quarantined, or no_data (a totals row and the like)",
            nullable=False,
            values=("read", "kept", "same_again", "conflicting", "replacing", "replaced", "quarantined", "no_data"),
        ),
        Column("rows", "bigint", "rows", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("amount", MONEY_SUM, "their amounts; 0 where none could be read", "currency", nullable=False),
        Column("batch_id", "string", "ingest batch", nullable=False),
    ),
)
