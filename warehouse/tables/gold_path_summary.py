"""gold.path_summary: how many journeys had each sequence of channels, and how many of them converted."""

from warehouse.contracts import COUNT_LIMIT, MONEY_SUM, Column, Table

GOLD_PATH_SUMMARY = Table(
    layer="gold",
    name="path_summary",
    grain="conversion type and path of channels",
    owner="attribution",
    freshness="every pipeline run (attribute)",
    key=("conversion_type", "path"),
    columns=(
        Column("conversion_type", "string", "type of conversion", nullable=False),
        Column(
            "path",
            "array<string>",
            "channels in the order of the touches, repeats kept; empty = no touch",
            nullable=False,
        ),
        Column(
            "conversions",
            "bigint",
            "journeys of this path that converted",
            nullable=False,
            minimum=0,
            maximum=COUNT_LIMIT,
        ),
        Column(
            "non_conversions",
            "bigint",
            "journeys of this path that did not",
            nullable=False,
            minimum=0,
            maximum=COUNT_LIMIT,
        ),
        Column("value", MONEY_SUM, "net value of the conversions", "currency", nullable=False, minimum=0),
        Column("currency", "string", "reporting currency, ISO 4217", nullable=False),
        Column(
            "seconds_to_convert",
            MONEY_SUM,
            "time from first touch to conversion, summed over the conversions with a touch",
            "seconds",
            nullable=False,
            minimum=0,
        ),
        Column(
            "days_to_convert",
            "double",
            "mean time from first touch to conversion; null without one",
            "days of 86,400 s",
            minimum=0,
        ),
    ),
)
