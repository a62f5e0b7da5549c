"""ops.run_log: what ran, when, and with what result."""

from warehouse.contracts import Column, Table

OPS_RUN_LOG = Table(
    layer="ops",
    name="run_log",
    grain="job run",
    owner="operations",
    freshness="every run",
    key=("run_id", "job"),
    columns=(
        Column("run_id", "string", "run; recorded in the userMetadata of every commit it made", nullable=False),
        Column("job", "string", "job or step, e.g. ingest, build", nullable=False),
        Column("started_at", "timestamp", "start", "UTC", nullable=False),
        Column("finished_at", "timestamp", "end", "UTC", nullable=False),
        Column(
            "status",
            "string",
            "done, skipped (nothing new) or failed",
            nullable=False,
            values=("done", "skipped", "failed"),
        ),
        Column("as_of", "date", "last day that counted, where the job has one"),
        Column("message", "string", "what it did, or why it failed"),
        Column("written", "map<string,bigint>", "tables written and their new versions", nullable=False),
        Column("counts", "map<string,bigint>", "rows read, kept, duplicate, quarantined and the like", nullable=False),
        Column("settings_hash", "string", "hash of the settings it ran with", nullable=False),
        Column("code_version", "string", "version of the code it ran with", nullable=False),
    ),
)
