"""silver.conversions: what counts as success, final and auxiliary."""

from warehouse.contracts import FIRST_DAY, LAST_DAY, MONEY, Column, Table

SILVER_CONVERSIONS = Table(
    layer="silver",
    name="conversions",
    grain="counted conversion",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("conversion_id",),
    ordered_by="converted_at",
    columns=(
        Column(
            "conversion_id",
            "string",
            "hash of type and order_id or event_id; never of the person",
            nullable=False,
            personal=True,
        ),
        Column("conversion_type", "string", "event name, e.g. purchase, sign_up, add_to_cart", nullable=False),
        Column("is_final", "boolean", "final (purchase, sign_up, app_install) or auxiliary", nullable=False),
        Column("person_id", "string", "who converted", nullable=False, personal=True),
        Column("converted_at", "timestamp", "when", "UTC", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column("order_id", "string", "order of a purchase", personal=True),
        Column(
            "session_id",
            "string",
            "visit in which an event happened; null for purchases and outside visits",
            personal=True,
        ),
        Column("value", MONEY, "gross value", "currency", nullable=False, minimum=0),
        Column("refunded_value", MONEY, "refunded so far, at most value", "currency", nullable=False, minimum=0),
        Column("currency", "string", "ISO 4217 code of value and refunded_value", nullable=False),
        Column(
            "report_value", MONEY, "net value (value - refunded_value)", "report_currency", nullable=False, minimum=0
        ),
        Column("report_gross_value", MONEY, "gross value", "report_currency", nullable=False, minimum=0),
        Column("report_currency", "string", "ISO 4217 code of report_value", nullable=False),
        Column("is_first_purchase", "boolean", "the person's first purchase in all history", nullable=False),
        Column(
            "next_final_conversion_id",
            "string",
            "auxiliary only: the person's next final conversion, if any",
            personal=True,
        ),
        Column(
            "consent_ads", "boolean", "consent to ads at an event; null for purchases, of which silver.orders says it"
        ),
    ),
)
