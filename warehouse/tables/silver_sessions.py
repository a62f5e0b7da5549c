"""silver.sessions: the visits."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, Column, Table

SILVER_SESSIONS = Table(
    layer="silver",
    name="sessions",
    grain="session",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("session_id",),
    ordered_by="started_at",
    columns=(
        Column("session_id", "string", "hash of the device and the first event's id", nullable=False, personal=True),
        Column("person_id", "string", "who visited", nullable=False, personal=True),
        Column("anonymous_id", "string", "device; null where only a login is known", personal=True),
        Column("started_at", "timestamp", "first event", "UTC", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column("ended_at", "timestamp", "last event", "UTC", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column("events", "bigint", "events in it", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("page_views", "bigint", "page_view events in it", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("platform", "string", "platform of the first event", nullable=False, values=("web", "ios", "android")),
        Column("channel", "string", "channel of the touch that started it", nullable=False),
        Column("source", "string", "source of that touch"),
        Column("medium", "string", "medium of that touch"),
        Column("campaign", "string", "campaign of that touch"),
        Column("landing_url", "string", "page of the first event, without its query", personal=True),
        Column("is_bot", "boolean", "whether a robot or somebody of the shop visited", nullable=False),
        Column("bot_reason", "string", "name or word of the user agent, or rule, that shows it; null for people"),
    ),
)
