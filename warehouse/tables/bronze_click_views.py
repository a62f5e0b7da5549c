"""bronze.click_views: which campaign each ad click was of, as the ad platform exports it."""

from warehouse.contracts import COUNT_LIMIT, LANDED_FROM, LANDED_UNTIL, Column, Table

BRONZE_CLICK_VIEWS = Table(
    layer="bronze",
    name="click_views",
    grain="exported click (file, line)",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("source_file", "source_line"),
    notes="Of several rows for a click id the newest (exported_at, source_file, source_line) is valid.",
    columns=(
        Column("click_id", "string", "click id as in the landing page's link", nullable=False, personal=True),
        Column("click_id_type", "string", "click id parameter, e.g. gclid", nullable=False),
        Column(
            "click_date",
            "date",
            "day of the click in the account's time zone",
            nullable=False,
            minimum=LANDED_FROM,
            maximum=LANDED_UNTIL,
        ),
        Column("account_id", "string", "ad account"),
        Column("campaign_id", "string", "the platform's campaign id", nullable=False),
        Column("campaign_name", "string", "the platform's campaign name"),
        Column("ad_group_id", "string", "the platform's ad group id"),
        Column("ad_group_name", "string", "the platform's ad group name"),
        Column(
            "exported_at",
            "timestamp",
            "when the platform wrote the export; start of the day after click_date where not given",
            "UTC",
            nullable=False,
        ),
        Column("source_file", "string", "landed file it came from", nullable=False),
        Column("source_line", "bigint", "line in that file", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("batch_id", "string", "ingest batch that brought it", nullable=False),
    ),
)
