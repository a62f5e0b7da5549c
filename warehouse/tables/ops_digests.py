"""ops.digests: which digest went to whom, so that none is sent twice."""

from warehouse.contracts import Column, Table

OPS_DIGESTS = Table(
    layer="ops",
    name="digests",
    grain="digest that a destination has taken",
    owner="operations",
    freshness="every digest",
    key=("team", "destination", "content", "day", "sent_at"),
    notes="Rows are only added, each after its destination has taken the digest: what failed has none. No run writes "
    "here, and nothing of it is published.",
    columns=(
        Column("team", "string", "name of the team in digest.teams", nullable=False),
        Column(
            "destination",
            "string",
            "kind and place: webhook and the name of its environment variable, email and an address, file and a path",
            nullable=False,
            personal=True,
        ),
        Column(
            "content",
            "string",
            "figures, or no_new_data: that none came since the last figures",
            nullable=False,
            values=("figures", "no_new_data"),
        ),
        Column(
            "day",
            "date",
            "figures: the publication's as_of; no_new_data: the reporting day on which it was sent",
            nullable=False,
        ),
        Column("run_id", "string", "run of the publication that it shows", nullable=False),
        Column("sent_at", "timestamp", "when the job that sent it began", "UTC", nullable=False),
    ),
)
