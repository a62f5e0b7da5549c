"""Cohorts by month of the first purchase: the margin that came of them, and the margin that is expected."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from published.cohorts import MOST_COHORTS
from published.delta_files import Row
from published.publication import Published
from warehouse.tables import GOLD_COHORT_VALUE
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS


@dataclass(frozen=True)
class ExpectedCohort:
    """The customers whose first purchase was in `month`, named by its first day: margin to date, margin predicted
    after as_of, and `expected`, both together by the end of month 0, 1, … The first `over` of these are over."""

    month: date
    customers: int
    to_date: Decimal
    predicted: Decimal
    expected: tuple[Decimal, ...]
    over: int

    def each(self, total: Decimal) -> float:
        """A total per customer."""
        return float(total) / self.customers


@dataclass(frozen=True)
class ExpectedCohorts:
    """The newest cohorts, oldest first, and how many older ones are left out; totals are of all cohorts.

    `predicted` is the margin expected within `days` days after as_of.
    """

    currency: str
    days: int
    customers: int
    to_date: Decimal
    predicted: Decimal
    cohorts: tuple[ExpectedCohort, ...]
    left_out: int


def read_expected_cohorts(published: Published) -> ExpectedCohorts | None:
    """The cohorts of gold.cohort_value over all channels; None where it is not published or nobody is scored."""
    if not published.has(GOLD_COHORT_VALUE):
        return None
    rows = published.rows(
        f"""
        select cohort, age, min(currency) as currency, sum(customers) as customers,
               max(case when is_complete then 1 else 0 end) as is_over,
               sum(expected_to_date) as expected, sum(predicted_to_date) as predicted
        from gold_cohort_value
        where model_version is not null and as_of <= date '{published.as_of.isoformat()}'
        group by cohort, age order by cohort, age
        """,
        GOLD_COHORT_VALUE,
    )
    by_cohort: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        by_cohort[row["cohort"]].append(row)
    if not by_cohort:
        return None
    cohorts = [_cohort(month, months) for month, months in sorted(by_cohort.items())]
    return ExpectedCohorts(
        currency=rows[0]["currency"],
        days=VALUE_HORIZONS_DAYS[-1],
        customers=sum(one.customers for one in cohorts),
        to_date=sum((one.to_date for one in cohorts), Decimal(0)),
        predicted=sum((one.predicted for one in cohorts), Decimal(0)),
        cohorts=tuple(cohorts[-MOST_COHORTS:]),
        left_out=max(len(cohorts) - MOST_COHORTS, 0),
    )


def _cohort(month: date, rows: list[Row]) -> ExpectedCohort:
    last = rows[-1]
    return ExpectedCohort(
        month=month,
        customers=int(rows[0]["customers"]),
        to_date=last["expected"] - last["predicted"],
        predicted=last["predicted"],
        expected=tuple(row["expected"] for row in rows),
        over=sum(int(row["is_over"]) for row in rows),
    )
