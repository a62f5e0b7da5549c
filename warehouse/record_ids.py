"""What a landed row is about, as one text: so that a row that could not be read is found beside those that could."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def spend_record_id(spend_date: Column) -> Column:
    """Platform, account and day of a row of ad spend; null without a platform or a day. It is compared, never taken
    apart."""
    named = F.concat_ws(" ", "platform", "account_id", spend_date.cast("string"))
    return F.when(F.col("platform").isNotNull() & spend_date.isNotNull(), named)
