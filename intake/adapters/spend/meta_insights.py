"""Meta's Insights API rows, one per campaign (or ad) and day: JSON Lines, or CSV with lists as JSON.

actions has a row for each kind of action, of which many count the same purchase: one kind is taken, never their sum.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.spend import ad_spend
from intake.flat_export import in_own_format
from intake.written_numbers import given

COLUMNS = (
    "date_start", "date_stop", "account_id", "campaign_id", "campaign_name", "impressions", "inline_link_clicks",
    "spend", "account_currency", "actions", "action_values", "action_type", "exported_at",
)  # fmt: skip
LIST = "array<struct<action_type:string,value:string>>"
# The kind of action that is taken where the input's constants give no other.
ACTION_TYPE = "purchase"


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of ad spend: spend, clicks on links, and the action of one type (`constants: {action_type: …}`)."""
    start, stop = given(F.col("date_start")), given(F.col("date_stop"))
    day = F.when(stop.isNull() | (start == stop), start).otherwise(F.concat(start, F.lit(" - "), stop))
    has_actions = F.col("actions").isNotNull()
    fields = {
        "date": day,
        "platform": F.lit("meta"),
        "account_id": F.col("account_id"),
        "campaign_id": F.col("campaign_id"),
        "campaign_name": F.col("campaign_name"),
        "impressions": F.col("impressions"),
        "clicks": F.col("inline_link_clicks"),
        "spend": F.col("spend"),
        "currency": F.col("account_currency"),
        # A row without any action of this type, in an export that has actions, has none of them.
        "platform_conversions": F.when(has_actions, F.coalesce(_of_type("actions"), F.lit("0"))),
        "platform_conversion_value": _of_type("action_values"),
        "exported_at": F.col("exported_at"),
    }
    return ad_spend.parse(in_own_format(rows, ad_spend.ADAPTER, fields), defaults, lookups)


def chosen_type() -> Column:
    """The kind of action that is taken."""
    return F.coalesce("action_type", F.lit(ACTION_TYPE))


def _of_type(column: str) -> Column:
    """What a list of actions has for the chosen kind; null where it has none of it."""
    same = F.filter(F.from_json(column, LIST), lambda one: one["action_type"] == chosen_type())
    return F.get(same, F.lit(0))["value"]


ADAPTER = Adapter(
    table=ad_spend.ADAPTER.table,
    columns=COLUMNS,
    required=("date_start", "campaign_id", "spend"),
    parse=parse,
    required_without_accounts=("account_currency",),
    names={"account_currency": ("currency",), "date_start": ("date",)},
)
