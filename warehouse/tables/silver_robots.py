"""silver.robots: how many visits are robots', and by what."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, Column, Table

SILVER_ROBOTS = Table(
    layer="silver",
    name="robots",
    grain="reporting day and reason why visits are robots', with one row of people's visits a day",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("date", "bot_reason"),
    columns=(
        Column("date", "date", "reporting day of the first event", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column(
            "bot_reason",
            "string",
            "name or word of the user agent, or rule, that shows a robot; '(people)' for people's visits",
            nullable=False,
        ),
        Column("sessions", "bigint", "visits", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("events", "bigint", "events in them", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("page_views", "bigint", "page_view events in them", nullable=False, minimum=0, maximum=COUNT_LIMIT),
    ),
)
