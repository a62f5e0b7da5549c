"""silver.journeys: the touches that led to each conversion, and those that led to none."""

from warehouse.contracts import FIRST_DAY, LAST_DAY, MONEY, Column, Table

TOUCH_STRUCT = (
    "struct<touched_at:timestamp, touchpoint_id:string, channel:string, source:string, medium:string, campaign:string, "
    "campaign_id:string>"
)

MILESTONES = "array<struct<conversion_type:string, converted_at:timestamp>>"

SILVER_JOURNEYS = Table(
    layer="silver",
    name="journeys",
    grain="conversion type and journey",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("journey_id",),
    ordered_by="ended_at",
    notes=(
        "conversion_id is null for a journey without conversion: the person's touches after the last conversion of "
        "that type, split at gaps over the lookback. A conversion without touches has an empty path. Which conversions "
        "end a journey, and whether a new path begins after each, is set by attribution.conversions and "
        "attribution.restart."
    ),
    columns=(
        Column(
            "journey_id", "string", "conversion_id, or a hash of type and first touch", nullable=False, personal=True
        ),
        Column("conversion_type", "string", "type of conversion the journey is seen from", nullable=False),
        Column("person_id", "string", "whose journey", nullable=False, personal=True),
        Column("conversion_id", "string", "the conversion it ends in; null = none", personal=True),
        Column(
            "ended_at",
            "timestamp",
            "time of the conversion, or of the last touch",
            "UTC",
            nullable=False,
            minimum=FIRST_DAY,
            maximum=LAST_DAY,
        ),
        Column(
            "report_value",
            MONEY,
            "net value of the conversion; 0 without one",
            "report_currency",
            nullable=False,
            minimum=0,
        ),
        Column(
            "report_gross_value",
            MONEY,
            "gross value of the conversion; 0 without one",
            "report_currency",
            nullable=False,
            minimum=0,
        ),
        Column("report_currency", "string", "ISO 4217 code of the values", nullable=False),
        Column("is_first_purchase", "boolean", "ends in the person's first purchase in all history", nullable=False),
        Column(
            "path",
            f"array<{TOUCH_STRUCT}>",
            "touches in order of (touched_at, touchpoint_id)",
            nullable=False,
            personal=True,
        ),
        Column(
            "milestones",
            MILESTONES,
            "the first conversion of each type of attribution.milestones in the window; empty without conversion",
            nullable=False,
        ),
    ),
)
