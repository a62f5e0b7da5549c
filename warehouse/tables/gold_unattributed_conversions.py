"""gold.unattributed_conversions: why conversions have no touch in their window."""

from warehouse.contracts import COUNT_LIMIT, MONEY_SUM, Column, Table

# In order: of several causes the first counts.
BEFORE_FIRST_VISIT, ROBOT, NO_CONSENT = "before_first_visit", "robot", "no_consent"
OTHER_LOGIN, LOGGED_OUT = "other_login", "logged_out"
OUTSIDE_WINDOW, NO_VISIT = "outside_window", "no_visit"
CAUSES = (BEFORE_FIRST_VISIT, ROBOT, OTHER_LOGIN, LOGGED_OUT, NO_CONSENT, OUTSIDE_WINDOW, NO_VISIT)

GOLD_UNATTRIBUTED_CONVERSIONS = Table(
    layer="gold",
    name="unattributed_conversions",
    grain="conversion type and cause for which conversions are unattributed",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("conversion_type", "cause"),
    notes=(
        "The conversions of the channel '(unattributed)', the same under every model. Of several causes the first "
        "counts: before_first_visit: older than the first visit on record; robot: the buyer's visits in the window "
        "are robots'; other_login: touches in the window are of somebody else on the device of the purchase, or of "
        "whom its event names; logged_out: so they are, of a device that nobody logged in on within the days of "
        "identity.login_window_days; no_consent: the event says that the buyer did not agree to ads, or to "
        "analytics where touchpoints.without_analytics_consent asks for it, or nobody agreed to ads at the touches in "
        "the window and touchpoints.without_ads_consent uses nothing of them; "
        "outside_window: all touches are older than the window (or before the conversion before, where paths "
        "restart); no_visit: none is on record."
    ),
    columns=(
        Column("conversion_type", "string", "type of conversion", nullable=False),
        Column("cause", "string", "why no touch is in the window", nullable=False, values=CAUSES),
        Column("conversions", "bigint", "unattributed conversions", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("value", MONEY_SUM, "their net value", "currency", nullable=False, minimum=0),
        Column("currency", "string", "ISO 4217 code of value", nullable=False),
    ),
)
