"""The retention list as a page shows it: contacts with the reason why each may be leaving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from published.publication import Published
from warehouse.contracts import Table
from warehouse.tables import GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE, GOLD_RETENTION_LIST

SILENT_CHANCE_DAYS = 90


class Leaver(NamedTuple):
    """A customer worth contacting, in the order of gold.retention_list.

    `segment`, `reason`, `purchase_days` and `buys_again`, the chance of a purchase within SILENT_CHANCE_DAYS, are None
    where customer value of that day is not published or is of an earlier release.
    """

    rank: int
    person_id: str
    is_valuable: bool
    last_purchase_on: date
    silent_days: int
    leaving: float
    value_at_risk: Decimal
    expected_gain: Decimal
    expected_gain_lower: Decimal
    expected_gain_upper: Decimal
    acquisition_channel: str
    segment: str | None
    reason: str | None
    purchase_days: int | None
    buys_again: float | None


@dataclass(frozen=True)
class Leavers:
    """The first contacts of the list, of `customers` on it, `valuable` of them of high value; money in `currency`.

    `value_at_risk` and `expected_gain` are of all on the list.
    """

    as_of: date
    currency: str
    customers: int
    valuable: int
    value_at_risk: Decimal
    expected_gain: Decimal
    listed: tuple[Leaver, ...]


def read_leavers(published: Published, *, most: int, valuable_only: bool = False) -> Leavers | None:
    """The first `most` contacts by rank; None where no list is published, or nobody is on it.

    With `valuable_only` those of high value alone, who keep their rank; the sums are of all all the same.
    """
    if not published.has(GOLD_RETENTION_LIST):
        return None
    day = f"date '{published.as_of.isoformat()}'"
    total = published.rows(
        f"""
        select count(*) as customers, sum(case when is_valuable then 1 else 0 end) as valuable,
               sum(value_at_risk) as value_at_risk, sum(expected_gain) as expected_gain, max(currency) as currency
        from gold_retention_list where as_of = {day}
        """,
        GOLD_RETENTION_LIST,
    )[0]
    if not total["customers"]:
        return None
    why, tables = _why(published, day)
    rows = published.rows(
        f"""
        with listed as (
            select * from gold_retention_list where as_of = {day} {"and is_valuable" if valuable_only else ""}
            order by rank limit {int(most)}
        )
        select rank, listed.person_id, is_valuable, last_purchase_on,
               cast({day} - last_purchase_on as int) as silent_days, leaving, value_at_risk, expected_gain,
               expected_gain_lower, expected_gain_upper, listed.acquisition_channel, {why}
        order by rank
        """,
        GOLD_RETENTION_LIST,
        *tables,
    )
    return Leavers(
        published.as_of,
        total["currency"],
        total["customers"],
        int(total["valuable"]),
        total["value_at_risk"],
        total["expected_gain"],
        tuple(Leaver(**row) for row in rows),
    )


def _why(published: Published, day: str) -> tuple[str, tuple[Table, ...]]:
    """What is known of the listed customers beside the list, and where from, as SQL."""
    tables = (GOLD_CUSTOMER_VALUE, GOLD_CUSTOMER_SUMMARY)
    if not published.has_column(GOLD_CUSTOMER_VALUE, "segment") or not published.has(GOLD_CUSTOMER_SUMMARY):
        nothing = (
            "cast(null as string) as segment, cast(null as string) as reason, cast(null as bigint) as purchase_days"
        )
        return f"{nothing}, cast(null as double) as buys_again from listed", ()
    # The listed ids stand inside, so that the large tables are cut down before they are joined.
    listed = f"as_of = {day} and person_id in (select person_id from listed)"
    return (
        f"""worth.segment, worth.segment_reason as reason, history.frequency + 1 as purchase_days,
               1 - worth.churn_{SILENT_CHANCE_DAYS}d as buys_again
        from listed
        left join (select * from gold_customer_value where {listed}) as worth on worth.person_id = listed.person_id
        left join (select * from gold_customer_summary where {listed}) as history
          on history.person_id = listed.person_id""",
        tables,
    )
