"""What a device's id is, and whether its owner lets apps track: words of many formats as ours."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.contracts import ATT_STATUSES

COOKIE, THIRD_PARTY_COOKIE, ADVERTISING_ID, APP_INSTANCE_ID = (
    "first_party_cookie", "third_party_cookie", "advertising_id", "app_instance_id",
)  # fmt: skip
# Apple's own numbers of the statuses.
NUMBERS = {"0": "not_determined", "1": "restricted", "2": "denied", "3": "authorized"}


def known(text: Column, words: Sequence[str]) -> Column:
    """The text in lower case where it is one of `words`, otherwise null."""
    word = F.lower(F.trim(text))
    return F.when(word.isin(*words), word)


def att_status(text: Column) -> Column:
    """App Tracking Transparency as one of ATT_STATUSES: by name (notDetermined, af_authorized) or Apple's number."""
    letters = F.regexp_replace(F.regexp_replace(F.lower(text), "^ *af_", ""), "[^a-z0-9]", "")
    by_name = {name.replace("_", ""): name for name in ATT_STATUSES}
    return F.coalesce(*(F.when(letters == word, F.lit(name)) for word, name in (by_name | NUMBERS).items()))


def of_platform(platform: Column, anonymous_id: Column) -> Column:
    """What trackers know a device by: on the web a cookie of the site's own, in an app the id of its installation."""
    return F.when(
        anonymous_id.isNotNull(),
        F.when(F.lower(platform) == "web", F.lit(COOKIE)).when(
            F.lower(platform).isin("ios", "android"), F.lit(APP_INSTANCE_ID)
        ),
    )
