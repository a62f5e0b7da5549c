"""silver.touchpoints: the marketing touches."""

from warehouse.contracts import FIRST_DAY, LAST_DAY, PLATFORMS, Column, Table

SILVER_TOUCHPOINTS = Table(
    layer="silver",
    name="touchpoints",
    grain="marketing touch: a session's start, or a change of source, medium, campaign or click id inside it",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("touchpoint_id",),
    ordered_by="touched_at",
    notes="Order of touches: (touched_at, touchpoint_id).",
    columns=(
        Column("touchpoint_id", "string", "id of the event that made the touch", nullable=False, personal=True),
        Column("person_id", "string", "who was touched", nullable=False, personal=True),
        Column("session_id", "string", "session it belongs to; null for ad server events outside one", personal=True),
        Column("anonymous_id", "string", "device; null where only a login is known", personal=True),
        Column("touched_at", "timestamp", "when", "UTC", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column("interaction", "string", "click or impression", nullable=False, values=("click", "impression")),
        Column("channel", "string", "channel group by conf/channels.yaml", nullable=False),
        Column("channel_rule", "string", "the rule that decided the channel", nullable=False),
        Column("channel_trace", "string", "the fields it decided by, and the rule that it overruled", nullable=False),
        Column("source", "string", "utm_source, otherwise the source of the click id or referrer"),
        Column("medium", "string", "utm_medium, otherwise the medium of the click id or referrer"),
        Column("campaign", "string", "utm_campaign"),
        Column("campaign_id", "string", "the ad platform's campaign id, where the link carries one (utm_id, …)"),
        Column("utm_id", "string", "utm_id"),
        Column("gad_campaignid", "string", "Google's campaign id, as auto-tagged links carry it"),
        Column("utm_source_platform", "string", "utm_source_platform: the platform that steers the ads"),
        Column("utm_creative_format", "string", "utm_creative_format"),
        Column("utm_marketing_tactic", "string", "utm_marketing_tactic"),
        Column("content", "string", "utm_content"),
        Column("term", "string", "utm_term"),
        Column("click_id_type", "string", "click id parameter, e.g. gclid"),
        Column("click_id", "string", "click id as sent", personal=True),
        Column(
            "source_from",
            "string",
            "what names the source: tags (event, link) or referrer; or why the referrer names none: own_page (of the "
            "page's site), no_source (payment page, login page, own domain); null without any",
            values=("tags", "referrer", "own_page", "no_source"),
        ),
        Column("referrer_domain", "string", "registrable domain of the referrer"),
        Column("landing_url", "string", "page without its query", personal=True),
        Column("platform", "string", "web, ios, android or server", nullable=False, values=PLATFORMS),
        Column("consent_ads", "boolean", "consent to ads at the touch", nullable=False),
        Column(
            "has_short_cookie",
            "boolean",
            "whether the browser forgets cookies of scripts after seven days (Safari, all of iOS); null in apps and "
            "where the user agent is not known",
        ),
        Column(
            "abuse_probability",
            "double",
            "how likely the touch is ad abuse; null where it is no claim of an ad",
            minimum=0,
            maximum=1,
        ),
        Column("abuse_signals", "string", "the signals that were seen, e.g. lands nowhere, several clicks in an hour"),
        Column("is_abuse", "boolean", "whether it is left out of journeys as ad abuse", nullable=False),
    ),
)
