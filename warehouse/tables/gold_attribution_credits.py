"""gold.attribution_credits: the part of each conversion that is credited to each touch, by model."""

from warehouse.contracts import FIRST_DAY, INT_LIMIT, LAST_DAY, MONEY, Column, Table

GOLD_ATTRIBUTION_CREDITS = Table(
    layer="gold",
    name="attribution_credits",
    grain="model, conversion and touchpoint with credit above 0",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("model", "conversion_id", "touchpoint_id"),
    ordered_by="converted_at",
    notes=(
        "Credits of a model and conversion sum to 1 and credited values to its net value. "
        "A conversion without touches in its window has one row: touchpoint '(none)', channel '(unattributed)', "
        "position 0. "
        "Never sum over models."
    ),
    columns=(
        Column("model", "string", "attribution model, e.g. last_touch", nullable=False),
        Column("conversion_id", "string", "the conversion", nullable=False, personal=True),
        Column("conversion_type", "string", "its type", nullable=False),
        Column(
            "converted_at", "timestamp", "when it converted", "UTC", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY
        ),
        Column("person_id", "string", "who converted", nullable=False, personal=True),
        Column("touchpoint_id", "string", "the touch that is credited, or '(none)'", nullable=False, personal=True),
        Column(
            "touched_at",
            "timestamp",
            "when it touched; converted_at for '(none)'",
            "UTC",
            nullable=False,
            minimum=FIRST_DAY,
            maximum=LAST_DAY,
        ),
        Column(
            "position",
            "int",
            "1-based position among the touches of the window; 0 for '(none)'",
            nullable=False,
            minimum=0,
            maximum=INT_LIMIT,
        ),
        Column("path_length", "int", "touches in the window", nullable=False, minimum=0, maximum=INT_LIMIT),
        Column("channel", "string", "channel of the touch, or '(unattributed)'", nullable=False),
        Column("source", "string", "source of the touch"),
        Column("medium", "string", "medium of the touch"),
        Column("campaign", "string", "campaign of the touch"),
        Column("campaign_id", "string", "the ad platform's id of the campaign, where the touch's link carries one"),
        Column(
            "credit", "double", "share of the conversion, above 0 and at most 1", nullable=False, minimum=0, maximum=1
        ),
        # No range: the last touch gets the rounding difference, which can be a few millionths below 0.
        Column("credited_value", MONEY, "share of the net value", "currency", nullable=False),
        Column("gross_value", MONEY, "share of the gross value", "currency", nullable=False),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("is_first_purchase", "boolean", "the person's first purchase in all history", nullable=False),
        Column("model_version", "string", "'rules' for rule models, otherwise the version of the fit", nullable=False),
    ),
)
