"""Fields read from text, shared by adapters: ids, money, numbers, statuses, and what makes a row unusable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.knobs import Export
from intake.reasons import (
    A_CUT_ORDER,
    A_FOOTER,
    A_REPEATED_HEADER,
    A_TEST,
    A_TOTALS_ROW,
    NOBODY,
    ROUNDED,
    known_reason,
)
from intake.written_numbers import BLANK, NO_DATA, NO_DATA_MARKS, given, plain_number, trimmed
from warehouse.contracts import MONEY
from warehouse.numbers import DOUBLE_BELOW, decimal_of
from warehouse.patterns import any_case, portable

# A number and, where it has one, its exponent. Blanks around it are no part of it.
NUMBER = r"^[\x00-\x20]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[\x00-\x20]*\z"
FIRST_YEAR, LAST_YEAR = 1990, 2099
IMPOSSIBLE = f"is before {FIRST_YEAR} or after {LAST_YEAR}"
NUL = "\x00"
COUNT_AT_MOST = 10**12  # of one row, so that sums stay far below COUNT_LIMIT of warehouse.contracts
AS_PROGRAMS_WRITE = Export()

# Most ids are like this, and are taken as they are at the price of one look.
PLAIN_ID = r"^[0-9A-Za-z_-]+\z"
NOT_BLANK = rf"[^{BLANK[1:-1]}\"'=]"
# ="00123" and '00123 keep a spreadsheet from reading a number; quotes are left over by some exports.
QUOTED_ID = rf"^(?:=?\"{BLANK}*([^\"]*?){BLANK}*\"|'{BLANK}*([^']*?){BLANK}*'?)\z"
# A whole number that was read as one with places: 77.0.
WHOLE_ID = r"^(-?[0-9]+)[.]0+\z"
# 4.50001E+15, 1E+15, 4.5e15: what a spreadsheet or a program makes of a long number. 5e10 may be an id in hex.
ROUNDED_ID = r"^[+-]?[0-9](?:[.,][0-9]+[eE][+]?|[eE][+])[0-9]{1,3}\z"
# Sums that exports put below, or above, their rows; total: account is Google's.
_TOTAL_WORDS = (
    *(any_case(word) for word in ("total", "totals", "grand total", "subtotal", "sum", "summe", "gesamt")),
    *(any_case(word) for word in ("gesamtsumme", "insgesamt", "totale", "totaal", "suma")),
    "합계", "총계", "총 ?합계", "소계", "合計", "合计",
)  # fmt: skip
TOTAL = portable(rf"^(?:{'|'.join(_TOTAL_WORDS)})(?:[ ]?[:(-].*| of [0-9].*)?\z")

# Reasons of rows that are no data, such as a totals row: they do not count for quality.max_quarantined_share.
NOT_DATA = (A_TOTALS_ROW, A_REPEATED_HEADER, A_FOOTER, A_CUT_ORDER, A_TEST, NOBODY)
# A copyright line, as Microsoft puts below its rows.
FOOTER = r"^\"?(?:©|\(c\)) ?[0-9]{4}"

# What shops call the states of an order, in lower case, without wc- and with blanks for _ and -.
STATUS_WORDS: Mapping[str, tuple[str, ...]] = {
    "paid": (
        "paid", "complete", "completed", "processing", "partially refunded", "fulfilled", "partially fulfilled",
        "shipped", "delivered", "succeeded", "success", "captured", "결제완료", "배송중",
        "배송완료", "구매확정",
    ),
    "pending": (
        "pending", "pending payment", "awaiting payment", "unpaid", "partially paid", "on hold", "authorized",
        "authorised", "draft", "checkout draft", "입금대기", "결제대기",
    ),
    "refunded": (
        "refunded", "fully refunded", "returned", "환불", "환불완료", "반품완료",
    ),
    "cancelled": (
        "cancelled", "canceled", "voided", "void", "failed", "declined", "expired", "trash", "취소",
        "취소완료", "주문취소",
    ),
}  # fmt: skip


def first_problem(*problems: tuple[Column, str]) -> Column:
    """The row's own `problem`, otherwise the reason of the first condition that holds; null where none does.

    ValueError for a reason that intake.reasons does not list.
    """
    return F.coalesce(
        F.when(F.col("problem").isNotNull() & F.col("raw").rlike(FOOTER), F.lit(A_FOOTER)),
        F.col("problem"),
        *(F.when(condition, F.lit(known_reason(reason))) for condition, reason in problems),
    )


def id_field(name: str, *, lower_case_emails: bool = True) -> Column:
    """An id as text, as it was written.

    Outer blanks and quotes go, and what a spreadsheet adds: '00123, ="00123", 77.0 for 77. An id with an @ is lower
    case where `lower_case_emails`. Null where it is blank.
    """
    text = F.col(name)
    unquoted = F.regexp_replace(trimmed(text), QUOTED_ID, "$1$2")
    whole = F.regexp_replace(unquoted, WHOLE_ID, "$1")
    if lower_case_emails:
        whole = F.when(F.contains(text, F.lit("@")), F.lower(whole)).otherwise(whole)
    return F.when(text.rlike(PLAIN_ID), text).when(text.rlike(NOT_BLANK), whole)


def order_id_field(name: str, defaults: Defaults) -> Column:
    """The id of an order, without a # before it, with its shop's prefix; null where it is a mark of no data."""
    id_ = F.regexp_replace(id_field(name, lower_case_emails=defaults.lower_case_emails), "^#", "")
    if defaults.export.shop:
        id_ = F.concat(F.lit(f"{defaults.export.shop}:"), id_)
    # undefined: what a page sends that does not know the order. One id for many orders would make them one.
    return F.when(~F.lower(F.trim(name)).isin(*NO_DATA, "undefined", "nan"), id_)


def person_id_field(name: str, defaults: Defaults) -> Column:
    """The id of a login or a device, of events and orders alike; null where it is a mark of no data.

    Words for nobody (null, guest) stay as they are written: touchpoints.ids knows them.
    """
    id_ = id_field(name, lower_case_emails=defaults.lower_case_emails)
    return F.when(~F.lower(F.trim(name)).isin(*NO_DATA_MARKS), id_)


def is_rounded_id(name: str) -> Column:
    """Whether an id is in E-notation: several ids became this one, and which it was cannot be known."""
    return F.coalesce(F.trim(name).rlike(ROUNDED_ID), F.lit(False))


def rounded_ids(*names: str) -> tuple[tuple[Column, str], ...]:
    """For `first_problem`: the ids of these columns that a spreadsheet has rounded."""
    return tuple((is_rounded_id(name), f"{name}: {ROUNDED}") for name in names)


def account_field(name: str) -> Column:
    """The id of an ad account: 123 for act_123, 1234567890 for 123-456-7890."""
    id_ = F.regexp_replace(id_field(name), f"^{any_case('act')}_", "")
    is_dashed = id_.rlike(r"^[0-9]{3}-[0-9]{3}-[0-9]{4}\z")
    return F.when(is_dashed, F.regexp_replace(id_, "-", "")).otherwise(id_)


def account_key(written: str) -> str:
    """The id of an ad account in the settings, as `account_field` reads it from a file."""
    bare = re.sub("^act_", "", written.strip(), flags=re.IGNORECASE)
    return bare.replace("-", "") if re.fullmatch(r"[0-9]{3}-[0-9]{3}-[0-9]{4}", bare) else bare


def of_account(name: str, account_id: Column, defaults: Defaults) -> Column:
    """The text of `name`, currency or timezone, otherwise the setting of the account `account_id`."""
    from_settings = [
        F.when(account_id == account_key(account), F.lit(getattr(of_settings, name)))
        for account, of_settings in defaults.accounts.items()
    ]
    return F.coalesce(given(F.col(name)), *from_settings)


def status_field(name: str) -> Column:
    """The state of an order as paid, pending, refunded or cancelled; as written where the word is not known.

    Blank is paid: most lists of orders hold sales alone.
    """
    word = F.regexp_replace(F.regexp_replace(F.lower(F.trim(name)), "^wc-", ""), "[_ -]+", " ")
    of_words = [F.when(word.isin(*words), F.lit(status)) for status, words in STATUS_WORDS.items()]
    return F.coalesce(*of_words, word, F.lit("paid"))


def amount_field(name: str, type_: str, export: Export = AS_PROGRAMS_WRITE) -> Column:
    """The text, as people write numbers, as a decimal; null where it is no number, or a mark of no data."""
    return decimal_field(plain_number(F.col(name), export), type_)


def money_field(name: str, export: Export = AS_PROGRAMS_WRITE) -> Column:
    """The text as decimal(18,6); null where it is no number, or a mark of no data."""
    return amount_field(name, MONEY, export)


def money_from_micros(amount: Column) -> Column:
    """Millionths of a currency unit, as text, as decimal(18,6); null where it is no number."""
    return (decimal_field(amount, "decimal(28,0)") * F.lit(Decimal("0.000001"))).try_cast(MONEY)


def decimal_field(text: Column, type_: str) -> Column:
    """The text as a decimal, rounded half up; null where it is no number in digits 0 to 9 or does not fit.

    With an exponent, as programs write very small and very large numbers (1e-05), it is read as a double first.
    """
    number, places = _found(text, NUMBER), int(type_.removesuffix(")").rsplit(",", 1)[1])
    has_exponent = text.rlike("[eE]")
    double = F.when(has_exponent, number).try_cast("double")
    of_double = decimal_of(F.when(F.abs(double) < DOUBLE_BELOW, double), places=places)
    return F.when(has_exponent, of_double.try_cast(type_)).otherwise(number.try_cast(type_))


def number_field(name: str, export: Export = AS_PROGRAMS_WRITE) -> Column:
    """The text as a double; null where it is no finite number."""
    number = _found(plain_number(F.col(name), export), NUMBER).try_cast("double")
    return F.when(F.abs(number) < float("inf"), number)


def count_field(name: str, export: Export = AS_PROGRAMS_WRITE) -> Column:
    """The text as a whole number; null where it is none, or beyond any count. '12.0' counts as 12."""
    number = decimal_field(plain_number(F.col(name), export), "decimal(20,4)").try_cast("bigint")
    return F.when(F.abs(number) <= COUNT_AT_MOST, number)


def impossible_time(at: Column) -> Column:
    """Whether a moment or date lies outside the years that are accepted; the reason ends with IMPOSSIBLE."""
    return ~F.year(at).between(FIRST_YEAR, LAST_YEAR)


def utc_text(moment: Column) -> Column:
    """The text of a moment with Z where it has no offset: for formats whose times are UTC."""
    return F.when(moment.rlike(portable(r"(Z|[+-]\d{2}:?\d{2})$")), moment).otherwise(F.concat(moment, F.lit("Z")))


def is_currency_code(code: Column) -> Column:
    """Whether the text has the form of an ISO 4217 code; null for null."""
    return code.rlike(r"^[A-Z]{3}\z")


def given_but_unread(name: str, read: Column) -> Column:
    """Whether the text was there but could not be read; marks of no data are nothing."""
    return given(F.col(name)).isNotNull() & read.isNull()


def is_total(names: Iterable[str], *, unless: Column) -> Column:
    """Whether a row is the sum of others: one of its texts says so, and what every row of data has (`unless`) is not
    there."""
    says_total = (F.coalesce(trimmed(F.col(name)).rlike(TOTAL), F.lit(False)) for name in names)
    return reduce(Column.__or__, says_total) & ~unless


def is_header(names: Mapping[str, Iterable[str]]) -> Column:
    """Whether a row repeats the header: each of these columns holds one of its own names."""
    same = (
        F.lower(trimmed(F.col(column))).isin(*{name.lower() for name in (column, *others)})
        for column, others in names.items()
    )
    return F.coalesce(reduce(Column.__and__, same), F.lit(False))


def content_hash(*columns: Column) -> Column:
    """A 64-bit hash of the columns' values; a null is a value of its own.

    A null is hashed as the text NUL, and a text that begins with NUL with one more. (All other rows have the hash that
    they have in lakes of before.)
    """

    def text(column: Column) -> Column:
        written = column.cast("string")
        begins_with_nul = F.startswith(written, F.lit(NUL))
        return F.coalesce(F.when(begins_with_nul, F.concat(F.lit(NUL), written)).otherwise(written), F.lit(NUL))

    return F.xxhash64(*map(text, columns))


def _found(text: Column, pattern: str) -> Column:
    """The first group of the pattern; blank, which is no number, where the text does not match."""
    return F.regexp_extract(text, pattern, 1)
