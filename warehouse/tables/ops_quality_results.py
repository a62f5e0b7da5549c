"""ops.quality_results: every check of every run, with its figures."""

from warehouse.contracts import Column, Table

OPS_QUALITY_RESULTS = Table(
    layer="ops",
    name="quality_results",
    grain="run and check",
    owner="operations",
    freshness="every check",
    key=("run_id", "check_name"),
    columns=(
        Column("run_id", "string", "run", nullable=False),
        Column("check_name", "string", "what must hold", nullable=False),
        Column("passed", "boolean", "whether it holds", nullable=False),
        Column("expected", "double", "the expected figure"),
        Column("actual", "double", "the figure that was found"),
        Column("detail", "string", "where it failed, or what was compared", nullable=False),
        Column("checked_at", "timestamp", "when", "UTC", nullable=False),
    ),
)
