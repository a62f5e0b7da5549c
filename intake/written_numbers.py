"""Numbers as people write them: thousands separators, decimal commas, currency signs, dashes for no data."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from intake.knobs import Export

# Outer blanks of any kind: no-break and narrow ones, and marks that a text begins with.
BLANK = r"[\x00-\x20\x{85}\x{A0}\x{1680}\x{2000}-\x{200F}\x{2028}\x{2029}\x{202F}\x{205F}\x{2060}\x{3000}\x{FEFF}]"
# In lower case: what exports write for no data.
NO_DATA_MARKS = ("-", "--", "---", "\u2013", "\u2014", "\u2212", "n/a", "#n/a", "\\n")
NO_DATA = (*NO_DATA_MARKS, "na", "null", "(null)", "none", "nil")
# Signs of one currency alone. $, ¥ and kr are of several.
SIGN_OF = {"\u20ac": "EUR", "\u00a3": "GBP", "\u20a9": "KRW", "\uc6d0": "KRW", "\u20b9": "INR", "\u20ba": "TRY"}
_SIGNS = r"[\x{24}\x{A2}-\x{A5}\x{20A0}-\x{20C0}\x{C6D0}\x{5186}\x{5143}\x{FFE5}\x{FFE6}]"
_CURRENCY = rf"(?:[A-Z]{{0,3}}{_SIGNS}|[A-Z]{{3}}|kr[.]?|z\x{{142}})"
_MINUS = r"\x{2212}-"
# Groups of three or, as in India, two digits; blanks and apostrophes are in the middle of a number in any country.
_SPACED = r" \x{A0}\x{202F}\x{2009}'\x{2019}"
_GROUP = rf"[0-9]{{1,3}}(?:[{_SPACED}][0-9]{{3}})+"
# By decimal sign: its pattern, the pattern of a number in groups, and the signs of the groups.
_SPELLING = {
    ".": ("[.]", r"[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}", ","),
    ",": (",", r"[0-9]{1,3}(?:[.][0-9]{2,3})*[.][0-9]{3}", "."),
}


def trimmed(text: Column) -> Column:
    """The text without outer blanks, those that a spreadsheet does not show included."""
    return F.regexp_replace(text, rf"^{BLANK}+|{BLANK}+\z", "")


def given(text: Column) -> Column:
    """The text, null where it is blank or a mark of no data (`-`, ` --`, N/A)."""
    bare = trimmed(text)
    return F.when((bare != "") & ~F.lower(bare).isin(*NO_DATA), bare)


def plain_number(text: Column, export: Export) -> Column:
    """The number in digits 0 to 9, with a point and a minus where it has them; no number where the text is none.

    `export.decimal` is the decimal sign; the other one is a thousands separator, and only in its places: 1,5 is no
    number where the sign is a point. (12.50) and 12.50- are below 0.
    """
    point, groups, separator = _SPELLING[export.decimal]
    pattern = (
        rf"^([(]?)([+{_MINUS}]?) ?(?:{_CURRENCY}{BLANK}?([+{_MINUS}]?))?({groups}|{_GROUP}|[0-9]*)"
        rf"((?:{point}[0-9]*)?)((?:[eE][+-]?[0-9]+)?)(?:{BLANK}?{_CURRENCY})?([{_MINUS}]?)([)]?)\z"
    )
    # One step after the other, so that the text is read once: signs#whole#rest, then without separators.
    taken_apart = F.regexp_replace(trimmed(text), pattern, "$1$2$3$7$8#$4#$5$6")
    ungrouped = F.regexp_replace(taken_apart, f"[{separator}{_SPACED}]", "")
    if export.decimal == ",":
        # Of a text that is no such number nothing may be left that reads as another.
        ungrouped = F.regexp_replace(F.regexp_replace(ungrouped, "^[^#]*\\z", "?"), ",", ".")
    below_zero = F.regexp_replace(ungrouped, rf"^(?:[{_MINUS}]|[(][)])#", "-")
    return F.regexp_replace(F.regexp_replace(below_zero, "^[+]?#", ""), "#", "")


def has_sign_of_another(text: Column, currency: Column) -> Column:
    """Whether the amount has the sign of a currency that is not the row's, as €10 in a row of USD."""
    signs = [F.contains(text, F.lit(sign)) & (currency != code) for sign, code in SIGN_OF.items()]
    found = signs[0]
    for sign in signs[1:]:
        found = found | sign
    return F.coalesce(found, F.lit(False))
