"""silver.conversions: what counts as success, final and auxiliary."""

from warehouse.contracts import MONEY, Column, Table

SILVER_CONVERSIONS = Table(
    layer="silver",
    name="conversions",
    grain="counted conversion",
    key=("conversion_id",),
    ordered_by="converted_at",
    columns=(
        Column("conversion_id", "string", "hash of type and order_id or event_id; never of the person", nullable=False),
        Column("conversion_type", "string", "event name, e.g. purchase, sign_up, add_to_cart", nullable=False),
        Column("is_final", "boolean", "final (purchase, sign_up, app_install) or auxiliary", nullable=False),
        Column("person_id", "string", "who converted", nullable=False),
        Column("converted_at", "timestamp", "when", "UTC", nullable=False),
        Column("order_id", "string", "order of a purchase"),
        Column("value", MONEY, "gross value", "currency", nullable=False),
        Column("refunded_value", MONEY, "refunded so far, at most value", "currency", nullable=False),
        Column("currency", "string", "ISO 4217 code of value and refunded_value", nullable=False),
        Column("report_value", MONEY, "net value (value - refunded_value)", "report_currency", nullable=False),
        Column("report_gross_value", MONEY, "gross value", "report_currency", nullable=False),
        Column("report_currency", "string", "ISO 4217 code of report_value", nullable=False),
        Column("is_first_purchase", "boolean", "the person's first purchase in all history", nullable=False),
        Column("next_final_conversion_id", "string", "auxiliary only: the person's next final conversion, if any"),
    ),
)
