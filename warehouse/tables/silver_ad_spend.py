"""silver.ad_spend: what advertising cost, in the reporting currency and under our channels."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, MONEY, Column, Table

SILVER_AD_SPEND = Table(
    layer="silver",
    name="ad_spend",
    grain="date, platform, account, campaign, source and medium",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("spend_date", "platform", "account_id", "campaign_id", "campaign", "source", "medium", "currency"),
    ordered_by="spend_date",
    columns=(
        Column(
            "spend_date",
            "date",
            "day: hourly spend in the reporting zone, daily spend on the platform's day",
            nullable=False,
            minimum=FIRST_DAY,
            maximum=LAST_DAY,
        ),
        Column("platform", "string", "ad platform", nullable=False),
        Column("account_id", "string", "ad account"),
        Column("campaign_id", "string", "the platform's campaign id"),
        Column("channel", "string", "channel by the same rules as touches", nullable=False),
        Column("channel_rule", "string", "the rule that decided it", nullable=False),
        Column("source", "string", "source, from the row or the platform's default in conf"),
        Column("medium", "string", "medium, from the row or the platform's default in conf"),
        Column("campaign", "string", "campaign name in lower case, as the campaigns of touches are matched"),
        # No range: what a platform counts and claims is taken as it is, also below 0.
        Column("impressions", "bigint", "ads shown", nullable=False, minimum=-COUNT_LIMIT, maximum=COUNT_LIMIT),
        Column("clicks", "bigint", "ads clicked", nullable=False, minimum=-COUNT_LIMIT, maximum=COUNT_LIMIT),
        Column("spend", MONEY, "cost", "currency", nullable=False, minimum=0),
        Column("currency", "string", "ISO 4217 code of spend", nullable=False),
        Column("report_spend", MONEY, "cost", "report_currency", nullable=False, minimum=0),
        Column("report_currency", "string", "ISO 4217 code of report_spend", nullable=False),
        Column("timezone", "string", "time zone of the account's day"),
        Column("platform_conversions", "double", "conversions the platform claims", nullable=False),
        Column(
            "platform_conversion_value",
            MONEY,
            "conversion value the platform claims",
            "report_currency",
            nullable=False,
        ),
    ),
)
