"""bronze.refused_rows: the bad rows of the newest refused batch of each input."""

from warehouse.contracts import COUNT_LIMIT, Column, Table

BRONZE_REFUSED_ROWS = Table(
    layer="bronze",
    name="refused_rows",
    grain="bad row of a refused batch (file, line)",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("source", "file", "line"),
    notes="Rows of files that were not taken in. A later refusal of the same input replaces them.",
    columns=(
        Column("source", "string", "input, e.g. events, orders, ad_spend", nullable=False),
        Column("file", "string", "landed file, relative to the landing folder", nullable=False),
        Column("line", "bigint", "line in that file, from 1", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("reason", "string", "why the row could not be used", nullable=False),
        Column("raw", "string", "the row as it arrived", personal=True),
        Column("refused_at", "timestamp", "start of the run that refused it", "UTC", nullable=False),
        Column("run_id", "string", "that run", nullable=False),
    ),
)
