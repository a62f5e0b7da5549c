"""Why a row is set aside: every reason, what it means and the way out. docs/input.md has the same table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

NOTHING = "nothing to do; it does not count as bad"
A_TOTALS_ROW = "a totals row, no data"
A_REPEATED_HEADER = "the header again, no data"
A_FOOTER = "a line below the rows, no data"
A_TEST = "sent by a test environment, no data"
NOBODY = "names nobody: no consent, or an ad without a device, no data"
A_CUT_ORDER = "the first row of this order is not in this file"
A_MONTH = "date is a month or a longer period, not a day"
ROUNDED = "a spreadsheet has rounded this id"


@dataclass(frozen=True)
class Reason:
    """A reason as bronze.quarantine has it; `<field>` stands for the name of a field, `<number>` for a number."""

    text: str
    meaning: str
    way_out: str


A_ZONE = "`timezone: Asia/Seoul` of the input; for other spellings also `date_format: dd.MM.yyyy HH:mm`"
DECIMAL = 'for 1.234,50 write `decimal: ","` to the input'
REASONS = (
    # The reader
    Reason("not a JSON object", "a line of a JSON Lines file that does not begin with `{`", "one object a line"),
    Reason("not JSON", "the line cannot be read as JSON", "write the line with a JSON library"),
    Reason("more than one JSON object", "something follows the object in its line", "one object a line"),
    Reason("a field is given twice", "one name has two values", "send each field once"),
    Reason(
        "does not have the header's <number> fields",
        "a quote that is not closed, or a delimiter in a field without quotes",
        "quote fields that hold the delimiter",
    ),
    Reason("is not <encoding>, the encoding of its input (landing.inputs)", "bytes that are no text in this encoding",
           "`encoding: cp949` (or another) of the input"),
    Reason("is not UTF-8; the encoding of the input can be given (landing.inputs, encoding)",
           "bytes that are no text in UTF-8", "`encoding: cp949` (or another) of the input"),
    Reason("a quote is opened and not closed", "everything after it would be one field", "close or double the quote"),
    # Any input
    Reason(
        f"<field>: {ROUNDED}",
        "4.50001E+15: several ids have become one, and the digits that tell them apart are gone",
        "export again and do not save the file with a spreadsheet, or format the column as text there before",
    ),
    Reason("<field> is missing", "the row has no value in a column that every row needs",
           "`columns` of the input names the export's own column, `constants` gives one text to all rows"),
    Reason("<field> is before 1990 or after 2099", "a clock that was not set, or a spreadsheet's day 0",
           "land the row again with the right time under a new file name"),
    Reason("<field> is not a decimal number", "no amount: letters, two decimal signs, too many digits", DECIMAL),
    Reason("<field> is missing or not a decimal number", "as above, and the row needs the amount", DECIMAL),
    Reason("<field> is not a number", "no number, and no mark of no data (`-`, `--`, N/A, blank)", DECIMAL),
    Reason("<field> is more than any real amount (<number>)", "digits of another column, or a joined pair of numbers",
           "correct the amount and land the row again under a new file name"),
    Reason("<field> is negative", "an amount below 0 in an input that has none",
           "returns come as refunded_value, or by the adapter `order_lines` as rows of their own"),
    Reason("<field> has the sign of another currency", "€10 in a row of USD",
           "correct the currency: a column of the file or `constants: {currency: …}`"),
    Reason("currency is not an ISO 4217 code", "a currency that is not three letters such as USD",
           "`columns` or `constants: {currency: …}` of the input"),
    Reason("a value without currency", "an amount whose currency is not known",
           "`constants: {currency: …}` of the input, or conversions.default_currency"),
    Reason(A_TOTALS_ROW, "a sum of other rows (Total, Summe, 합계): it would count them twice", NOTHING),
    Reason(A_REPEATED_HEADER, "files were joined with their headers", NOTHING),
    Reason(A_FOOTER, "a copyright line or the like", NOTHING),
    # Events and orders
    Reason("neither anonymous_id nor user_id is given", "nobody to whom the event or order could belong",
           "`columns: {user_id: …}` of the input, e.g. the e-mail"),
    Reason("<field> is missing or not ISO 8601 with an offset", "2026-03-01 09:00 is another moment in every zone",
           A_ZONE),
    Reason("<field> is not ISO 8601 with an offset", "as above", A_ZONE),
    Reason(NOBODY, "GA4 without consent to analytics, an ad's click or view that no device is known of",
           "nothing to do; it does not count as bad. What such a purchase was worth is in the orders feed"),
    Reason(A_TEST, "an event of the sandbox", NOTHING),
    Reason("platform is not web, ios, android or server", "an unknown kind of sender", "one of these, or leave it out"),
    Reason("a refund without order_id", "no order to take the refund from", "send order_id with refunds"),
    Reason("status is not paid, refunded or cancelled", "no [known word](#states-of-an-order) for a state",
           "map another column, or `constants: {status: paid}`"),
    Reason("a partial refund without refunded_value", "how much was paid back is not known",
           "`columns: {refunded_value: …}` of the input"),
    Reason("deleted is neither true nor false", "the mark of a deleted order cannot be read", "true, false, 1 or 0"),
    Reason(A_CUT_ORDER, "Shopify: the rows of an order were cut in two; its amounts are in its first row", NOTHING),
    Reason("not a CDNOW line", "a line of another shape than the transaction lists", "see the lists' description"),
    # Ad spend and rates
    Reason("date is missing or not a date", "no day, or one whose year comes last: 24.10.2026, 01/03/2026",
           "`date_format: dd.MM.yyyy` of the input; for 01/03/2026 dd/MM/yyyy or MM/dd/yyyy, whichever it means"),
    Reason(A_MONTH, "spend of a month cannot be set beside the sales of a day", "export again by day"),
    Reason("a spend without currency; ad_spend.accounts can give it", "an amount whose currency is not known",
           "ad_spend.accounts of the configuration, or `constants: {currency: …}` of the input"),
    Reason("<field> is not ISO 8601", "the time of the export decides which of two exports counts",
           "map another column, or leave it out: then the later file name counts"),
    Reason("rate is not above 0", "no exchange rate is 0", "correct the rate"),
    # Apple's postbacks
    Reason("jws_string is not header.payload.signature", "AdAttributionKit's signed part is cut, or no such text",
           "land the postback as Apple sent it"),
    Reason("did_win is neither true nor false", "whether the ad won cannot be read", "true, false, 1 or 0"),
    Reason("redownload is neither true nor false", "likewise for a download again", "true, false, 1 or 0"),
    Reason("<field> is not a whole number from 0 to <number>",
           "conversion values are 0 to 63, postbacks are numbered 0 to 2", "land the postback as Apple sent it"),
    Reason("coarse_conversion_value is not low, medium or high", "another word than Apple's",
           "land the postback as Apple sent it"),
    Reason("conversion_type is not download, redownload or re-engagement", "another word than Apple's",
           "land the postback as Apple sent it"),
    Reason("report_currency is not an ISO 4217 code", "a currency that is not three letters such as USD", "correct it"),
)  # fmt: skip
PLACEHOLDER = re.compile("<[a-z]+>")


def known_reason(text: str) -> str:
    """The same text; ValueError where it is no reason of REASONS."""
    if _reason_of(text) is None:
        raise ValueError(f"{text!r} is not listed in intake/reasons.py")
    return text


def way_out(text: str) -> str | None:
    """What to do about a reason as bronze.quarantine has it; None where there is nothing to do, or it is not listed.

    >>> way_out("order_ts is missing or not ISO 8601 with an offset")
    '`timezone: Asia/Seoul` of the input; for other spellings also `date_format: dd.MM.yyyy HH:mm`'
    """
    reason = _reason_of(text)
    return None if reason is None or reason.way_out == NOTHING else reason.way_out


@cache
def _reason_of(text: str) -> Reason | None:
    return next((reason for reason in REASONS if re.fullmatch(_pattern(reason.text), text)), None)


def _pattern(text: str) -> str:
    """A reason as a pattern, in which its placeholders are any word."""
    return "[A-Za-z0-9_, -]+".join(re.escape(part) for part in PLACEHOLDER.split(text))
