"""E-mail addresses in what a visitor's link carries: mailing tools put them into parameters, shops into paths."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

INSTEAD = "(e-mail)"
# What neither part of an address has in a parameter or a path.
_APART = r"\x00-\x20/?&=#@:;,'\"<>()|\\"
_AT = "(?:[@\uff20]|%(?:25)*40|%EF%BC%A0)"
_DOT = "(?:[.]|%(?:25)*2[Ee])"
EMAIL = f"[^{_APART}]+{_AT}(?:[^{_APART}.%]+{_DOT})+[^{_APART}.%0-9]{{2,}}"


def without_emails(text: Column) -> Column:
    """The text with (e-mail) for each e-mail address, written as it is or with %40."""
    signs = ("@", "40", "\uff20", "%EF%BC%A0")
    may_have_one = reduce(Column.__or__, (F.contains(text, F.lit(sign)) for sign in signs))
    return F.when(may_have_one, F.regexp_replace(text, EMAIL, INSTEAD)).otherwise(text)
