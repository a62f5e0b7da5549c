"""The retention list that was published last: whom to contact so that they stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from published.publication import Published
from warehouse.tables import GOLD_RETENTION_LIST

LOGIN = "user:"


class Contact(NamedTuple):
    """A customer worth contacting. Money is in `currency`; value_at_risk is leaving x value_if_kept."""

    rank: int
    customer_id: str
    is_valuable: bool
    last_purchase_on: date
    leaving: float
    value_if_kept: float
    value_at_risk: float
    expected_gain: float
    expected_gain_lower: float
    expected_gain_upper: float
    currency: str
    acquisition_channel: str


@dataclass(frozen=True)
class RetentionList:
    """Contacts, best first, with the day that they are of, and how many customers were left out who have no login."""

    as_of: date
    contacts: tuple[Contact, ...]
    without_login: int


def read_retention_list(published: Published, *, high_value_only: bool = False) -> RetentionList | None:
    """The contacts of the publication's day; of the high-value customers alone where asked.

    customer_id is the login, as the shop has it. Buyers without a login cannot be found again and are left out. None
    where the table is not published.
    """
    if not published.has(GOLD_RETENTION_LIST):
        return None
    rows = published.rows(
        f"""
        select rank, person_id, is_valuable, last_purchase_on, leaving, value_if_kept, value_at_risk,
               expected_gain, expected_gain_lower, expected_gain_upper, currency, acquisition_channel
        from gold_retention_list
        where as_of = date '{published.as_of}' {"and is_valuable" if high_value_only else ""}
        order by rank
        """,
        GOLD_RETENTION_LIST,
    )
    known = [row for row in rows if row["person_id"].startswith(LOGIN)]
    contacts = tuple(
        Contact(
            customer_id=row["person_id"].removeprefix(LOGIN), **{name: row[name] for name in row if name != "person_id"}
        )
        for row in known
    )
    return RetentionList(published.as_of, contacts, len(rows) - len(known))
