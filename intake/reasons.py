"""Why a row is set aside: every reason, what it means and the way out. docs/input.md has the same table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

A_TOTALS_ROW = "a totals row, no data"
A_REPEATED_HEADER = "the header again, no data"
A_FOOTER = "a line below the rows, no data"
A_CUT_ORDER = "the first row of this order is not in this file"
A_MONTH = "date is a month or a longer period, not a day"
ROUNDED = "a spreadsheet has rounded this id"


@dataclass(frozen=True)
class Reason:
    """A reason as bronze.quarantine has it; `<field>` stands for the name of a field."""

    text: str
    meaning: str
    way_out: str


REASONS = (
    # Any input
    Reason(
        f"<field>: {ROUNDED}",
        "4.50001E+15: several ids have become one, and the digits that tell them apart are gone",
        "export again and do not save the file with a spreadsheet, or format the column as text there before",
    ),
    Reason("<field> is missing", "the row has no value in a column that every row needs", "see the fields above; "
           "`columns` of the input names the export's own column, `constants` gives one text to all rows"),
    Reason(
        "<field> is before 1990 or after 2099",
        "a clock that was not set, or a spreadsheet's day 0",
        "correct the time in the sender, or land the row again with the right one under a new file name",
    ),
    Reason(
        "<field> is not a decimal number",
        "the text is no amount: letters, two decimal signs, or more digits than an amount may have",
        "for 1.234,50 write `decimal: \",\"` to the input",
    ),
    Reason("<field> is missing or not a decimal number", "as above, and the row needs the amount",
           "for 1.234,50 write `decimal: \",\"` to the input"),
    Reason("<field> is not a number", "the text is no number, and no mark of no data (`-`, `--`, N/A, blank)",
           "for 1.234,50 write `decimal: \",\"` to the input"),
    Reason("<field> is negative", "an amount below 0 in an input that has none",
           "returns come as refunded_value, or by the adapter order_lines as rows of their own"),
    Reason("<field> has the sign of another currency", "€10 in a row of USD",
           "correct the currency: a column of the file or `constants: {currency: …}`"),
    Reason("currency is not an ISO 4217 code", "a currency that is not three letters such as USD",
           "map the code: `columns` or `constants: {currency: …}`"),
    Reason("a value without currency", "an amount whose currency is not known",
           "`constants: {currency: …}` of the input, or conversions.default_currency"),
    Reason(A_TOTALS_ROW, "a sum of other rows (Total, Summe, 합계): counted, it would double them",
           "nothing to do; it does not count as bad"),
    Reason(A_REPEATED_HEADER, "files were joined with their headers", "nothing to do; it does not count as bad"),
    # Events and orders
    Reason("neither anonymous_id nor user_id is given", "nobody to whom the event or order could belong",
           "map the buyer: `columns: {user_id: …}`, e.g. the e-mail"),
    Reason("<field> is missing or not ISO 8601 with an offset", "2026-03-01 09:00 is another moment in every zone",
           "`timezone: Asia/Seoul` of the input; for other spellings `date_format: dd.MM.yyyy HH:mm`"),
    Reason("<field> is not ISO 8601 with an offset", "as above", "as above"),
    Reason("platform is not web, ios, android or server", "an unknown kind of sender", "map or leave the column out"),
    Reason("a refund without order_id", "no order to take the refund from", "send order_id with refunds"),
    Reason("status is not paid, refunded or cancelled", "a state of an order that is in no list of "
           "[known words](#states-of-an-order)", "map another column, or `constants: {status: paid}`"),
    Reason("a partial refund without refunded_value", "how much was paid back is not known",
           "map the column with the amount: `columns: {refunded_value: …}`"),
    Reason("deleted is neither true nor false", "the mark of a deleted order cannot be read", "true, false, 1 or 0"),
    # Order lines
    Reason("<field> is zero or not given and so is the amount", "a line that counts nothing", "map quantity and price, "
           "or line_value"),
    # Ad spend and rates
    Reason("date is missing or not a date", "no day, or one that can be read in two ways, such as 01/03/2026",
           "`date_format: dd/MM/yyyy` (or MM/dd/yyyy) of the input"),
    Reason(A_MONTH, "spend of a month cannot be set beside the sales of a day",
           "export again by day (in the platform: breakdown or segment by day)"),
    Reason("a spend without currency; ad_spend.accounts can give it", "an amount whose currency is not known",
           "ad_spend.accounts of the configuration, or `constants: {currency: …}` of the input"),
    Reason("<field> is not ISO 8601", "the time of the export decides which of two exports counts",
           "map another column, or leave it out: then the later file name counts"),
    Reason("rate is not above 0", "no exchange rate is 0", "correct the rate"),
    Reason("report_currency is not an ISO 4217 code", "a currency that is not three letters such as USD",
           "correct the code"),
    # Other formats
    Reason("not a CDNOW line", "a line of another shape than the transaction lists", "see the lists' description"),
    Reason(A_CUT_ORDER, "the rows of an order were cut in two",
           "nothing to do where the other file is landed too: the order's amounts are in its first row"),
)  # fmt: skip
FIELD = "<field>"


@cache
def known_reason(text: str) -> str:
    """The same text; ValueError where it is no reason of REASONS."""
    for reason in REASONS:
        pattern = re.escape(reason.text).replace(re.escape(FIELD), "[A-Za-z_ ]+")
        if re.fullmatch(pattern, text):
            return text
    raise ValueError(f"{text!r} is not listed in intake/reasons.py")
