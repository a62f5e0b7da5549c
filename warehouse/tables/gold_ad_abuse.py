"""gold.ad_abuse: claims of ads that are abuse, by day, campaign and placement."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, MONEY_SUM, Column, Table

GOLD_AD_ABUSE = Table(
    layer="gold",
    name="ad_abuse",
    grain="day, channel, source, medium, campaign and placement with claims of an ad",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("date", "channel", "source", "medium", "campaign", "placement"),
    notes=(
        "A claim is an ad_click without a landing, a touch with a click id, or an install whose referrer names a "
        "source. Names are those of gold.channel_performance. Flagged claims give no credit: they are in "
        "silver.touchpoints (is_abuse) and in no journey."
    ),
    columns=(
        Column("date", "date", "reporting day of the claims", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column("channel", "string", "channel group", nullable=False),
        Column("source", "string", "source, or '(not set)'", nullable=False),
        Column("medium", "string", "medium, or '(not set)'", nullable=False),
        Column("campaign", "string", "campaign in lower case, or '(not set)'", nullable=False),
        Column("placement", "string", "utm_content, or '(not set)'", nullable=False),
        Column("claims", "bigint", "claims", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("abusive_claims", "bigint", "flagged claims", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("expected_abuse", "double", "sum of the probabilities of the claims", nullable=False, minimum=0),
        Column("spend", MONEY_SUM, "the campaign's cost of the day, by claims", "currency", nullable=False, minimum=0),
        Column("abusive_spend", MONEY_SUM, "its part by flagged claims", "currency", nullable=False, minimum=0),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
    ),
)
