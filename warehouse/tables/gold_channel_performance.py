"""gold.channel_performance: what each channel, source, medium and campaign cost and earned, by day."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, MONEY_SUM, Column, Table

GOLD_CHANNEL_PERFORMANCE = Table(
    layer="gold",
    name="channel_performance",
    grain="model, conversion type, date basis, date, channel, source, medium and campaign",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("model", "conversion_type", "date_basis", "date", "channel", "source", "medium", "campaign"),
    ordered_by="date",
    notes=(
        "Spend repeats for every model, conversion type and date basis: filter on one of each before summing. "
        "roas and cpa are ratios of sums: compute them from the sums, never average them."
    ),
    columns=(
        Column("model", "string", "attribution model", nullable=False),
        Column("conversion_type", "string", "type of conversion", nullable=False),
        Column(
            "date_basis",
            "string",
            "touch (credit dated at the touch) or conversion (dated at the conversion)",
            nullable=False,
            values=("touch", "conversion"),
        ),
        Column(
            "date",
            "date",
            "day in the reporting zone; spend keeps its own day",
            nullable=False,
            minimum=FIRST_DAY,
            maximum=LAST_DAY,
        ),
        Column("channel", "string", "channel group, or '(unattributed)'", nullable=False),
        Column("source", "string", "source, or '(not set)'", nullable=False),
        Column("medium", "string", "medium, or '(not set)'", nullable=False),
        Column("campaign", "string", "campaign in lower case, or '(not set)'", nullable=False),
        Column(
            "is_retargeting",
            "boolean",
            "whether medium or campaign, or a rule of retargeting.rules, show ads for people who were here before",
            nullable=False,
        ),
        Column("spend", MONEY_SUM, "advertising cost", "currency", nullable=False, minimum=0),
        Column("impressions", "bigint", "ads shown", nullable=False, minimum=-COUNT_LIMIT, maximum=COUNT_LIMIT),
        Column("clicks", "bigint", "ads clicked", nullable=False, minimum=-COUNT_LIMIT, maximum=COUNT_LIMIT),
        Column("credited_conversions", "double", "sum of credit", nullable=False, minimum=0),
        Column("credited_value", MONEY_SUM, "sum of credited net value", "currency", nullable=False),
        Column("gross_value", MONEY_SUM, "sum of credited gross value", "currency", nullable=False),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("roas", "double", "credited_value / spend; null without spend"),
        Column("cpa", "double", "spend / credited_conversions; null without conversions", "currency", minimum=0),
        Column("new_customers", "double", "credit of first purchases in all history", nullable=False, minimum=0),
        Column("platform_conversions", "double", "conversions the ad platform claims", nullable=False),
        Column(
            "platform_conversion_value",
            MONEY_SUM,
            "conversion value the ad platform claims",
            "currency",
            nullable=False,
        ),
    ),
)
