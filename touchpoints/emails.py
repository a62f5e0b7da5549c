"""E-mail addresses in what a visitor's link carries: mailing tools put them into parameters, shops into paths."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

INSTEAD = "(e-mail)"
# What neither part of an address has in a parameter or a path.
_APART = r"\x00-\x20/?&=#@:;,'\"<>()|\\"
_AT = "(?:@|%(?:25)*40)"
EMAIL = f"[^{_APART}]+{_AT}(?:[^{_APART}.%]+\\.)+[^{_APART}.%0-9]{{2,}}"
COLUMNS = ("source", "medium", "campaign", "campaign_id", "content", "term", "landing_url")


def without_emails(text: Column) -> Column:
    """The text with (e-mail) for each e-mail address, written as it is or with %40."""
    may_have_one = F.contains(text, F.lit("@")) | F.contains(text, F.lit("40"))
    return F.when(may_have_one, F.regexp_replace(text, EMAIL, INSTEAD)).otherwise(text)
