"""bronze.events: the events as they arrived, each once."""

from warehouse.contracts import MONEY, Column, Table

BRONZE_EVENTS = Table(
    layer="bronze",
    name="events",
    grain="event (event_id)",
    key=("event_id",),
    notes="Of several payloads under one event_id the smallest (received_at, payload_hash) is kept.",
    columns=(
        Column("event_id", "string", "unique id given by the sender", nullable=False),
        Column("event_name", "string", "GA4 event name, e.g. page_view, purchase", nullable=False),
        Column(
            "event_at",
            "timestamp",
            "when it happened; received_at where the device's clock ran ahead",
            "UTC",
            nullable=False,
        ),
        Column(
            "sent_event_at", "timestamp", "when it happened by the sender's clock, uncorrected", "UTC", nullable=False
        ),
        Column(
            "is_clock_skewed",
            "boolean",
            "the sender's clock was more than 5 minutes ahead of the collector",
            nullable=False,
        ),
        Column("received_at", "timestamp", "when the collector had it; null when the collector did not say", "UTC"),
        Column("anonymous_id", "string", "cookie or device id"),
        Column("user_id", "string", "login"),
        Column("session_id", "string", "session id given by the sender"),
        Column("source", "string", "source given by the sender; wins over page_url"),
        Column("medium", "string", "medium given by the sender; wins over page_url"),
        Column("campaign", "string", "campaign given by the sender; wins over page_url"),
        Column("content", "string", "ad content given by the sender; wins over page_url"),
        Column("term", "string", "search term given by the sender; wins over page_url"),
        Column("platform", "string", "web, ios, android or server", nullable=False),
        Column("page_url", "string", "page, universal link or deep link"),
        Column("referrer", "string", "page before this one"),
        Column("install_referrer", "string", "Android install referrer query string"),
        Column("user_agent", "string", "the browser's own words"),
        Column("ip", "string", "network address; used by bot and internal-traffic rules, never stored past bronze"),
        Column("country", "string", "country code as sent"),
        Column("consent_analytics", "boolean", "consent to analytics as sent; null = not said"),
        Column("consent_ads", "boolean", "consent to ads as sent; null = not said"),
        Column("order_id", "string", "order of a purchase or refund"),
        Column("value", MONEY, "money of a purchase or refund", "currency"),
        Column("currency", "string", "ISO 4217 code of value"),
        Column("properties", "string", "anything else the sender put under properties, as JSON"),
        Column("extra", "string", "the whole line, where it has fields this contract does not know"),
        Column("payload_hash", "bigint", "hash of what the event says, without received_at", nullable=False),
        Column("source_file", "string", "landed file it came from", nullable=False),
        Column("batch_id", "string", "ingest batch that brought the event_id first", nullable=False),
    ),
)
