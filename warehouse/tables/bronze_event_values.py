"""bronze.event_values: the distinct user agents and referring sites of all events."""

from warehouse.contracts import Column, Table

BRONZE_EVENT_VALUES = Table(
    layer="bronze",
    name="event_values",
    grain="field x distinct text in bronze.events",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("field", "text"),
    notes="Written before the events of a batch, so that those of every event are here. A text whose events are gone "
    "stays. Builds classify these few texts instead of looking for them in all events.",
    columns=(
        Column(
            "field",
            "string",
            "user_agent, or referring_site: the referrer up to its third slash",
            nullable=False,
            values=("user_agent", "referring_site"),
        ),
        Column("text", "string", "user agent, or referring site", nullable=False, personal=True),
    ),
)
