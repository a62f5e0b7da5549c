"""bronze.ad_spend: the rows of ad platform exports as they arrived."""

from warehouse.contracts import COUNT_LIMIT, LANDED_FROM, LANDED_UNTIL, MONEY, Column, Table

BRONZE_AD_SPEND = Table(
    layer="bronze",
    name="ad_spend",
    grain="exported row (file, line)",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("source_file", "source_line"),
    notes="Rows within a file add up; a file exported later replaces its (platform, account_id, date).",
    columns=(
        Column(
            "spend_date",
            "date",
            "day of the spend in the account's time zone",
            nullable=False,
            minimum=LANDED_FROM,
            maximum=LANDED_UNTIL,
        ),
        Column(
            "spend_at",
            "timestamp",
            "hour of the spend, where the platform exports hours",
            "UTC",
            minimum=LANDED_FROM,
            maximum=LANDED_UNTIL,
        ),
        Column("platform", "string", "ad platform, e.g. google_ads", nullable=False),
        Column("account_id", "string", "ad account"),
        Column("campaign_id", "string", "the platform's campaign id"),
        Column("campaign_name", "string", "the platform's campaign name"),
        Column("source", "string", "utm_source that the campaign's links carry, where known"),
        Column("medium", "string", "utm_medium that the campaign's links carry, where known"),
        # No range: what a platform counts and claims is taken as it is, also below 0.
        Column("impressions", "bigint", "ads shown", minimum=-COUNT_LIMIT, maximum=COUNT_LIMIT),
        Column("clicks", "bigint", "ads clicked", minimum=-COUNT_LIMIT, maximum=COUNT_LIMIT),
        Column("spend", MONEY, "cost", "currency", nullable=False, minimum=0),
        Column("currency", "string", "ISO 4217 code of spend and platform_conversion_value", nullable=False),
        Column("timezone", "string", "time zone of the account's day"),
        Column("platform_conversions", "double", "conversions the platform claims"),
        Column("platform_conversion_value", MONEY, "conversion value the platform claims", "currency"),
        Column("exported_at", "timestamp", "when the platform wrote the export", "UTC", nullable=False),
        Column("source_file", "string", "landed file it came from", nullable=False),
        Column("source_line", "bigint", "line in that file", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("batch_id", "string", "ingest batch that brought it", nullable=False),
    ),
)
