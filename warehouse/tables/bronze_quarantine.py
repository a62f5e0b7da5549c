"""bronze.quarantine: input rows that could not be used, with the reason."""

from warehouse.contracts import COUNT_LIMIT, MONEY, Column, Table

BRONZE_QUARANTINE = Table(
    layer="bronze",
    name="quarantine",
    grain="bad input row (file, line)",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("source", "file", "line"),
    notes="Nothing is lost silently: read = kept + duplicate + quarantined, for every batch.",
    columns=(
        Column("source", "string", "input, e.g. events, orders, ad_spend", nullable=False),
        Column("file", "string", "landed file, relative to the landing folder", nullable=False),
        Column("line", "bigint", "line in that file, from 1", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("reason", "string", "why the row could not be used", nullable=False),
        Column("raw", "string", "the row as it arrived", personal=True),
        Column("table_name", "string", "table that the row was meant for; null in lakes of before"),
        Column(
            "record_id",
            "string",
            "what the row is about, where it could be read: order, event, or platform, account and day of spend",
            personal=True,
        ),
        Column("amount", MONEY, "its value or spend, where it could be read", "currency"),
        Column("currency", "string", "ISO 4217 code of amount, as it was written"),
        Column(
            "version_at", "timestamp", "its time: updated_at, event_ts or exported_at, where it could be read", "UTC"
        ),
        Column("quarantined_at", "timestamp", "start of the run that set it aside", "UTC", nullable=False),
        Column("batch_id", "string", "ingest batch that read it", nullable=False),
    ),
)
