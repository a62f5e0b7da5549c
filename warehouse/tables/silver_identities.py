"""silver.identities: which person each device belonged to, and when."""

from warehouse.contracts import Column, Table

SILVER_IDENTITIES = Table(
    layer="silver",
    name="identities",
    grain="device (anonymous_id) and interval in which it belonged to one person",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("anonymous_id", "valid_from"),
    notes=(
        "Only devices with a login have rows: without one the device itself is the person. "
        "Intervals are [valid_from, valid_to)."
    ),
    columns=(
        Column(
            "person_id",
            "string",
            "user:<user_id>, or device:<anonymous_id> between logins too far apart",
            nullable=False,
            personal=True,
        ),
        Column("anonymous_id", "string", "cookie or device id", nullable=False, personal=True),
        Column("user_id", "string", "login; null where the device itself is the person", personal=True),
        # No range: a window may reach from the first or last login beyond the days that events can have.
        Column("valid_from", "timestamp", "first moment of the interval", "UTC", nullable=False),
        Column("valid_to", "timestamp", "first moment after it; null = open", "UTC"),
        Column(
            "known_at",
            "timestamp",
            "first login that the interval rests on; null where the device itself is the person",
            "UTC",
        ),
    ),
)
