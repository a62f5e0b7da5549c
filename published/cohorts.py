"""Customers by the month of their first purchase: who bought again, and what they have brought so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from published.publication import Published, quoted
from warehouse.tables import SILVER_CONVERSIONS

MOST_COHORTS = 24
AT_ONCE = 1_000_000  # purchases; some 250 MB


@dataclass(frozen=True)
class Cohort:
    """The customers whose first purchase was in `month`, named by its first day in the reporting zone.

    `active` are those with a purchase in month 0, 1, …; `value` is the net value that all of them have brought by the
    end of that month. A month that is not over yet is in neither.
    """

    month: date
    customers: int
    active: tuple[int, ...]
    value: tuple[Decimal, ...]

    @property
    def retention(self) -> tuple[float, ...]:
        """The share of its customers with a purchase in month 0, 1, …"""
        return tuple(count / self.customers for count in self.active)

    @property
    def value_each(self) -> tuple[float, ...]:
        """Net value per customer by the end of month 0, 1, …"""
        return tuple(float(value) / self.customers for value in self.value)


@dataclass(frozen=True)
class Cohorts:
    """The newest cohorts, oldest first, and how many older ones are left out."""

    currency: str
    cohorts: tuple[Cohort, ...]
    left_out: int

    @property
    def months(self) -> int:
        """How many months the oldest cohort has."""
        return max((len(cohort.active) for cohort in self.cohorts), default=0)

    def retention(self, month: int) -> float | None:
        """The share of the customers of all cohorts that have this month; None where none has."""
        reached = self._reached(month)
        customers = sum(cohort.customers for cohort in reached)
        return sum(cohort.active[month] for cohort in reached) / customers if customers else None

    def value_each(self, month: int) -> float | None:
        """Net value per customer by the end of a month: the sum over months of what the cohorts that have the month
        brought in it, per customer of theirs. So a young cohort counts in the months that it has. None where none has.
        """
        if not self._reached(month):
            return None
        total = 0.0
        for each in range(month + 1):
            reached = self._reached(each)
            gained = sum(cohort.value[each] - (cohort.value[each - 1] if each else 0) for cohort in reached)
            total += float(gained) / sum(cohort.customers for cohort in reached)
        return total

    def _reached(self, month: int) -> list[Cohort]:
        return [cohort for cohort in self.cohorts if len(cohort.active) > month]


def read_cohorts(published: Published, timezone: str, *, at_once: int = AT_ONCE) -> Cohorts | None:
    """The cohorts of purchases up to the publication's day; None if silver.conversions is not published or has none.

    Months are those of the reporting zone `timezone`. A purchase that was refunded in full is a purchase of value 0.
    About `at_once` purchases are grouped at a time, which bounds the memory and changes no figure.
    """
    if not published.has(SILVER_CONVERSIONS):
        return None
    return published.once(("cohorts", timezone, at_once), lambda: _read(published, timezone, at_once))


def _read(published: Published, timezone: str, at_once: int) -> Cohorts | None:
    counted = "select count(*) as purchases from silver_conversions where conversion_type = 'purchase'"
    slices = 1 + published.rows(counted, SILVER_CONVERSIONS)[0]["purchases"] // at_once
    found: dict[tuple[date, date], tuple[int, Decimal]] = {}
    currency = ""
    for part in range(slices):
        for row in published.rows(_sql(published.as_of, timezone, part, slices), SILVER_CONVERSIONS):
            active, value = found.get((row["cohort"], row["month"]), (0, Decimal(0)))
            found[row["cohort"], row["month"]] = (active + int(row["active"]), value + row["value"])
            currency = row["currency"]
    if not found:
        return None
    months = sorted({cohort for cohort, _ in found})
    return Cohorts(
        currency=currency,
        cohorts=tuple(_cohort(month, found, published.as_of) for month in months[-MOST_COHORTS:]),
        left_out=max(len(months) - MOST_COHORTS, 0),
    )


def _sql(as_of: date, timezone: str, part: int, slices: int) -> str:
    """By cohort and month, the customers who bought and their net value, of one slice of the persons."""
    local = f"converted_at at time zone {quoted(timezone)}"
    month = f"cast(date_trunc('month', {local}) as date)"
    purchases = f"""
        silver_conversions where conversion_type = 'purchase'
          and cast(to_local_time({local}) as date) <= date '{as_of.isoformat()}'
          and (ascii(right(person_id, 1)) * 31 + ascii(right(person_id, 2))) % {slices} = {part}
    """
    return f"""
        with monthly as (
            select person_id, {month} as month, sum(report_value) as value, max(report_currency) as currency
            from {purchases} group by person_id, {month}
        ),
        firsts as (select person_id, min({month}) as cohort from {purchases} group by person_id)
        select cohort, month, count(*) as active, sum(value) as value, max(currency) as currency
        from monthly join firsts using (person_id) group by cohort, month
    """


def _cohort(month: date, found: dict[tuple[date, date], tuple[int, Decimal]], as_of: date) -> Cohort:
    active: list[int] = []
    value: list[Decimal] = []
    each = month
    while (following := next_month(each)) - timedelta(days=1) <= as_of:
        bought, gained = found.get((month, each), (0, Decimal(0)))
        active.append(bought)
        value.append((value[-1] if value else Decimal(0)) + gained)
        each = following
    return Cohort(month, found[month, month][0], tuple(active), tuple(value))


def next_month(month: date) -> date:
    """The first day of the month after that of a first day."""
    return (month + timedelta(days=31)).replace(day=1)
