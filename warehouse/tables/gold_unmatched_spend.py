"""gold.unmatched_spend: campaigns with spend that no touch meets, beside paid touches that no spend meets."""

from warehouse.contracts import COUNT_LIMIT, FIRST_DAY, LAST_DAY, MONEY_SUM, Column, Table

GOLD_UNMATCHED_SPEND = Table(
    layer="gold",
    name="unmatched_spend",
    grain="channel, source, medium and campaign that has spend and no touch, or paid touches and no spend",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("channel", "source", "medium", "campaign"),
    notes=(
        "Over all days. Names are those of gold.channel_performance. Two rows of one campaign, or of names that are "
        "nearly the same, are mostly one campaign whose links and spend name it differently."
    ),
    columns=(
        Column(
            "lacks",
            "string",
            "what it has none of: touches (it has spend) or spend (it has touches of a paid channel)",
            nullable=False,
            values=("touches", "spend"),
        ),
        Column("channel", "string", "channel group", nullable=False),
        Column("source", "string", "source, or '(not set)'", nullable=False),
        Column("medium", "string", "medium, or '(not set)'", nullable=False),
        Column("campaign", "string", "campaign in lower case, or '(not set)'", nullable=False),
        Column("spend", MONEY_SUM, "advertising cost", "currency", nullable=False, minimum=0),
        Column("touches", "bigint", "touches", nullable=False, minimum=0, maximum=COUNT_LIMIT),
        Column("model", "string", "attribution model of the credit: last_touch where it is credited", nullable=False),
        Column("credited_conversions", "double", "sum of credit, of all credited types", nullable=False, minimum=0),
        Column("credited_value", MONEY_SUM, "sum of credited net value", "currency", nullable=False),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column(
            "first_day", "date", "first day with spend or a touch", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY
        ),
        Column(
            "last_day", "date", "last day with spend or a touch", nullable=False, minimum=FIRST_DAY, maximum=LAST_DAY
        ),
    ),
)
