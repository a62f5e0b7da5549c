"""bronze.landed_files: the files that were taken in, and what became of their rows."""

from warehouse.contracts import COUNT_LIMIT, Column, Table

BRONZE_LANDED_FILES = Table(
    layer="bronze",
    name="landed_files",
    grain="landed file",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("source", "file"),
    notes="A landed file is immutable: the same name with other content is an error.",
    columns=(
        Column("source", "string", "input, e.g. events, orders, ad_spend", nullable=False),
        Column("file", "string", "path relative to the landing folder", nullable=False),
        Column("bytes", "bigint", "size on disk", "bytes", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("modified_at", "timestamp", "modification time when it was taken in", "UTC", nullable=False),
        Column("fingerprint", "bigint", "hash of its lines; null until the batch is complete"),
        Column(
            "status",
            "string",
            "planned (its batch has begun) or done",
            nullable=False,
            values=("planned", "done"),
        ),
        Column("rows_read", "bigint", "rows read: kept + duplicate + quarantined", minimum=0, maximum=COUNT_LIMIT),
        Column("rows_kept", "bigint", "rows that brought something new", minimum=0, maximum=COUNT_LIMIT),
        Column("rows_duplicate", "bigint", "rows already known", minimum=0, maximum=COUNT_LIMIT),
        Column("rows_quarantined", "bigint", "rows set aside with a reason", minimum=0, maximum=COUNT_LIMIT),
        Column(
            "rows_conflicting",
            "bigint",
            "of the duplicates: same event_id with another payload",
            minimum=0,
            maximum=COUNT_LIMIT,
        ),
        Column(
            "rows_suspect",
            "bigint",
            "of events and orders kept or known: later than the file was written, or than all others by far; null in "
            "lakes of before",
            minimum=0,
            maximum=COUNT_LIMIT,
        ),
        Column("last_at", "timestamp", "last moment of its events or orders that is not suspect", "UTC"),
        Column("batch_id", "string", "ingest batch", nullable=False),
    ),
)
