"""bronze.event_values: the distinct user agents and referring sites of all events."""

from warehouse.contracts import Column, Table

BRONZE_EVENT_VALUES = Table(
    layer="bronze",
    name="event_values",
    grain="field x distinct value of bronze.events",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("field", "value"),
    notes="Written before the events of a batch, so that every event's values are here. A value whose events are gone "
    "stays. Builds classify these few texts instead of looking for them in all events.",
    columns=(
        Column(
            "field",
            "string",
            "user_agent, or referring_site: the referrer up to its third slash",
            nullable=False,
            values=("user_agent", "referring_site"),
        ),
        Column("value", "string", "user agent, or referring site", nullable=False),
    ),
)
