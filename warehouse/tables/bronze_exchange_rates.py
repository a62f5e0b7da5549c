"""bronze.exchange_rates: daily rates as they arrived."""

from decimal import Decimal

from warehouse.contracts import COUNT_LIMIT, LANDED_FROM, LANDED_UNTIL, Column, Table

BRONZE_EXCHANGE_RATES = Table(
    layer="bronze",
    name="exchange_rates",
    grain="landed rate (file, line)",
    owner="ingest",
    freshness="every pipeline run (ingest)",
    key=("source_file", "source_line"),
    notes="Of several rates for a date and pair the newest (exported_at, source_file, source_line) is valid.",
    columns=(
        Column(
            "rate_date",
            "date",
            "reporting date from which the rate holds",
            nullable=False,
            minimum=LANDED_FROM,
            maximum=LANDED_UNTIL,
        ),
        Column("currency", "string", "ISO 4217 code converted from", nullable=False),
        Column("report_currency", "string", "ISO 4217 code converted to", nullable=False),
        Column(
            "rate",
            "decimal(18,8)",
            "units of report_currency for one unit of currency",
            nullable=False,
            minimum=Decimal("0.00000001"),
        ),
        Column(
            "exported_at",
            "timestamp",
            "when the rates were written; start of rate_date where not given",
            "UTC",
            nullable=False,
        ),
        Column("source_file", "string", "landed file it came from", nullable=False),
        Column("source_line", "bigint", "line in that file", nullable=False, minimum=1, maximum=COUNT_LIMIT),
        Column("batch_id", "string", "ingest batch that brought it", nullable=False),
    ),
)
