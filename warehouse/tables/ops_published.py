"""ops.published: the published version of each table, which readers read."""

from warehouse.contracts import COUNT_LIMIT, Column, Table

OPS_PUBLISHED = Table(
    layer="ops",
    name="published",
    grain="publication and table",
    owner="operations",
    freshness="every publication",
    key=("run_id", "table_name"),
    notes="The rows of the greatest publication are one consistent set; pages and views read those versions.",
    columns=(
        Column("run_id", "string", "run that published", nullable=False),
        Column("table_name", "string", "<layer>.<table>", nullable=False),
        Column("version", "bigint", "Delta version to read", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("as_of", "date", "last day that counts", nullable=False),
        Column("published_at", "timestamp", "when", "UTC", nullable=False),
        Column("table_id", "string", "Delta's id of the table: one that was deleted and made again has another"),
        Column(
            "publication",
            "bigint",
            "order of publications, which no clock changes",
            minimum=0,
            maximum=COUNT_LIMIT,
        ),
    ),
)
