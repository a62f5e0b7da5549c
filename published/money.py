"""Money on its way from landed files to gold, and whether it adds up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from published.delta_files import Row
from published.publication import Published, alias
from warehouse.tables import (
    BRONZE_LANDED_MONEY,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_MONEY_LEDGER,
)

ZERO = Decimal(0)
CENT = Decimal("0.01")  # credit is divided among touches: its sum may miss by the last of six decimals per row
# What became of an amount of a file, by what it means for the table.
KNOWN, REFUSED = ("same_again", "conflicting"), ("quarantined", "no_data")
MOST_OUTCOMES = 60


@dataclass(frozen=True)
class Landed:
    """The amounts of one kind and currency over all landed files: what was read, and what became of it.

    `known` had landed before, `refused` is in quarantine or no data, `stored` is in bronze now, less `replaced` rows.
    """

    kind: str
    currency: str
    rows: int
    read: Decimal
    known: Decimal
    refused: Decimal
    kept: Decimal
    replaced: Decimal

    @property
    def stored(self) -> Decimal:
        """What the bronze table has."""
        return self.kept - self.replaced

    @property
    def adds_up(self) -> bool:
        """Whether read = kept + known + refused."""
        return self.read == self.kept + self.known + self.refused


@dataclass(frozen=True)
class Outcome:
    """Amounts of one input and currency of which the same became, for the same reason; in its own currency."""

    input: str
    currency: str
    outcome: str
    reason: str
    rows: int
    amount: Decimal


@dataclass(frozen=True)
class Reported:
    """Money in the reporting currency: in silver, of it what is credited, and what channel performance has.

    `what`: purchases (net value) or spend, all of which counts as credited. Purchases of before
    attribution.start_date are not credited.
    """

    what: str
    silver: Decimal
    credited: Decimal
    gold: Decimal

    @property
    def adds_up(self) -> bool:
        """Whether channel performance has what is credited."""
        return abs(self.credited - self.gold) < CENT


def read_landed_money(published: Published) -> tuple[Landed, ...]:
    """By kind and currency; a row without a readable currency has ''. Rows of files that came later are in it."""
    sums = ", ".join(
        f"coalesce(sum(case when outcome in ({', '.join(map(repr, outcomes))}) then amount end), 0) as {name}"
        for name, outcomes in {
            "read": ("read",),
            "known": KNOWN,
            "refused": REFUSED,
            "kept": ("kept", "replacing"),
            "replaced": ("replaced",),
        }.items()
    )
    rows = published.newest_rows(
        f"""
        select kind, coalesce(currency, '') as currency, {sums},
               coalesce(sum(case when outcome = 'read' then rows end), 0) as rows
        from bronze_landed_money group by kind, coalesce(currency, '') order by kind, currency
        """,
        BRONZE_LANDED_MONEY,
    )
    return tuple(Landed(**row) for row in rows)


def read_outcomes(published: Published) -> tuple[Outcome, ...]:
    """The rows of silver.money_ledger, the largest of each input and currency first; none if it is not published."""
    if not published.has(SILVER_MONEY_LEDGER):
        return ()
    rows = published.rows(
        f"""
        select input, currency, outcome, reason, rows, amount from silver_money_ledger
        order by input, currency, amount desc, outcome, reason limit {MOST_OUTCOMES}
        """,
        SILVER_MONEY_LEDGER,
    )
    return tuple(Outcome(**row) for row in rows)


def read_reported(published: Published) -> tuple[Reported, ...]:
    """Purchases and spend from silver to gold, over all days, under the first model; none without the tables."""
    tables = (SILVER_CONVERSIONS, SILVER_AD_SPEND, GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE)
    if not published.has(*tables):
        return ()
    return published.once("money from silver to gold", lambda: _reported(published))


def _reported(published: Published) -> tuple[Reported, ...]:
    gold = published.rows(
        """
        select coalesce(sum(case when conversion_type = 'purchase' then credited_value end), 0) as value,
               coalesce(max(spend), 0) as spend
        from (
            select conversion_type, sum(credited_value) as credited_value, sum(spend) as spend
            from gold_channel_performance
            where date_basis = 'conversion' and model = (select min(model) from gold_channel_performance)
            group by conversion_type
        )
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )[0]
    purchases, credited, spend = (
        _sum(published.rows(f"select sum({column}) as total from {alias(table)} where {where}", table))
        for table, column, where in (
            (SILVER_CONVERSIONS, "report_value", "conversion_type = 'purchase'"),
            (
                GOLD_ATTRIBUTION_CREDITS,
                "credited_value",
                "conversion_type = 'purchase' and model = (select min(model) from gold_attribution_credits)",
            ),
            (SILVER_AD_SPEND, "report_spend", "true"),
        )
    )
    return (
        Reported("purchases", purchases, credited, gold["value"]),
        Reported("spend", spend, spend, gold["spend"]),
    )


def _sum(rows: list[Row]) -> Decimal:
    return rows[0]["total"] or ZERO
