"""gold.tracking_losses: touches and conversions lost to missing consent, logged-out visits and short cookies."""

from warehouse.contracts import COUNT_LIMIT, MONEY_SUM, Column, Table

TOUCHES = "touches"
NO_CONSENT, LOGGED_OUT, SHORT_COOKIE = "no_consent", "logged_out", "short_cookie"
LOSS_CAUSES = (NO_CONSENT, LOGGED_OUT, SHORT_COOKIE)

GOLD_TRACKING_LOSSES = Table(
    layer="gold",
    name="tracking_losses",
    grain="what is counted (touches, or a conversion type) and cause for which some of it is lost",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("counted", "cause"),
    notes=(
        "Touches: those that take part in attribution, and under no_consent those that settings leave out. Lost are, "
        "under no_consent: what settings leave out (estimated for missing consent to analytics: events without it, by "
        "the touches of other events); logged_out: touches that no login is known of, which no purchase on another "
        "device is tied to; short_cookie: an estimate of the touches that a new cookie cuts from the visitor's earlier "
        "ones. Conversions: no_consent and logged_out are those of gold.unattributed_conversions; short_cookie is an "
        "estimate of the conversions whose path a new cookie cuts short. Estimates compare web browsers that forget "
        "cookies of scripts after seven days (Safari, all of iOS) with the others: how much would be on record for "
        "longer than seven days, if their visitors came back as those of the others do, less what is."
    ),
    columns=(
        Column("counted", "string", "touches, or a conversion type", nullable=False),
        Column("cause", "string", "why some of it is lost", nullable=False, values=LOSS_CAUSES),
        Column("total", "bigint", "all there is of it", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column(
            "concerned",
            "bigint",
            "those that the cause concerns, lost or not: without consent, without a login, with a short cookie",
            nullable=False,
            minimum=0,
            maximum=COUNT_LIMIT,
        ),
        Column("lost", "bigint", "those that are lost", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("total_value", MONEY_SUM, "net value of all; null for touches", "currency", minimum=0),
        Column("lost_value", MONEY_SUM, "net value of those lost; null for touches", "currency", minimum=0),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column("is_estimate", "boolean", "whether what is lost is estimated, not counted", nullable=False),
    ),
)
