"""silver.source_findings: what touches lose of their source: unknown sources, self-referrals, ad clicks not paid."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, Column, Table

SILVER_SOURCE_FINDINGS = Table(
    layer="silver",
    name="source_findings",
    grain="finding, with the source, medium, click id, channel and site of the touches that it concerns",
    owner="touchpoints",
    freshness="every pipeline run (build)",
    key=("finding", "source", "medium", "click_id_type", "channel", "site"),
    notes=(
        "Over all days; last_day says whether it goes on. Of each finding the 1,000 kinds with most touches, the "
        "others in one row '(other)'. A touch may be in two findings: never sum over them."
    ),
    columns=(
        Column(
            "finding",
            "string",
            "unknown_source (of no category), self_referral (the referrer was a page of the site itself), or "
            "unpaid_click (a click id proves an ad, and the channel is none of the paid ones)",
            nullable=False,
            values=("unknown_source", "self_referral", "unpaid_click"),
        ),
        Column("source", "string", "source, '(not set)' or '(other)'", nullable=False),
        Column("medium", "string", "medium, '(not set)' or '(other)'", nullable=False),
        Column("click_id_type", "string", "click id parameter, '(not set)' or '(other)'", nullable=False),
        Column("channel", "string", "channel that the touches have, or '(other)'", nullable=False),
        Column(
            "site", "string", "host of the landing page of self-referrals, '(not set)' or '(other)'", nullable=False
        ),
        Column("touches", "bigint", "touches", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("first_day", "date", "day of the first of them", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
        Column("last_day", "date", "day of the last of them", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY),
    ),
)
