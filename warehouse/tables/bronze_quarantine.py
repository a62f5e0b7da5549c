"""bronze.quarantine: input rows that could not be used, with the reason."""

from warehouse.contracts import COUNT_LIMIT, Column, Table

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
        Column("quarantined_at", "timestamp", "start of the run that set it aside", "UTC", nullable=False),
        Column("batch_id", "string", "ingest batch that read it", nullable=False),
    ),
)
