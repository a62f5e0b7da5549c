"""silver.activity: each person's number of events by day and kind."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, PLATFORMS, Column, Table

SILVER_ACTIVITY = Table(
    layer="silver",
    name="activity",
    grain="person, day, behaviour (event name, page group, platform) and day on which it was known whose it is",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("person_id", "activity_date", "event_name", "page_group", "platform", "known_on"),
    ordered_by="activity_date",
    columns=(
        Column("person_id", "string", "who", nullable=False, personal=True),
        Column(
            "activity_date", "date", "day in the reporting zone", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY
        ),
        Column("event_name", "string", "event name", nullable=False),
        Column("page_group", "string", "first part of the page's path; '(none)' without a page", nullable=False),
        Column("platform", "string", "web, ios, android or server", nullable=False, values=PLATFORMS),
        Column(
            "known_on",
            "date",
            "day in the reporting zone on which the events were known to be the person's: activity_date, or the day of "
            "a later login on their device",
            nullable=False,
            minimum=FIRST_DAY,
            maximum=LAST_DAY,
        ),
        Column("events", "bigint", "number of events", nullable=False, minimum=1, maximum=COUNT_LIMIT),
    ),
)
