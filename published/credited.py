"""Where the rows of channel performance come from: the published table, or its credits of some conversions alone."""

from __future__ import annotations

from dataclasses import dataclass

from published.publication import quoted
from published.view import View
from warehouse.contracts import Table
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE, SILVER_CONVERSIONS, SILVER_TOUCHPOINTS
from warehouse.terms import NOT_SET


@dataclass(frozen=True)
class Source:
    """What stands behind `from`, with the columns of gold.channel_performance but roas and cpa, and its tables."""

    sql: str
    tables: tuple[Table, ...]


def performance_source(view: View) -> Source:
    """The rows of gold.channel_performance that the view's customers, platform and currency leave.

    Credit of new customers is that of first purchases in all history. Credit on a platform is that of its touches;
    what is unattributed has none. Credit in a currency is that of conversions whose own amount is in it. Spend,
    impressions, clicks and the platforms' claims are not divided: they stay whole. Where credit is chosen by row,
    campaigns have the name that their links give, in lower case.
    """
    if view.customers == "all" and view.platform is None and view.currency is None:
        return Source("gold_channel_performance", (GOLD_CHANNEL_PERFORMANCE,))
    chosen = {"all": "true", "new": "is_first_purchase", "returning": "not is_first_purchase"}[view.customers]
    credits, tables = "gold_attribution_credits as credits", [GOLD_CHANNEL_PERFORMANCE, GOLD_ATTRIBUTION_CREDITS]
    if view.platform is not None:
        tables.append(SILVER_TOUCHPOINTS)
        credits += f"""
            inner join (select touchpoint_id as of_platform from silver_touchpoints
                        where platform = {quoted(view.platform)}) as touches
            on credits.touchpoint_id = touches.of_platform
        """
    if view.currency is not None:
        tables.append(SILVER_CONVERSIONS)
        credits += f"""
            inner join (select conversion_id as in_currency from silver_conversions
                        where currency = {quoted(view.currency)}) as conversions
            on credits.conversion_id = conversions.in_currency
        """
    halves = [
        _credit_rows(basis, moment, credits, chosen, view.timezone)
        for basis, moment in (("conversion", "converted_at"), ("touch", "touched_at"))
    ]
    return Source(f"({' union all '.join([_SPEND_ROWS, *halves])}) as gold_channel_performance", tuple(tables))


# Both halves are sums over texts and days that are made by an expression: a plain column brings its comment along, and
# DataFusion refuses a union of columns whose comments differ.
_KEYS = ("model", "conversion_type", "channel", "source", "medium", "campaign", "currency")
_SPEND_ROWS = f"""
    select {", ".join(f"concat({name}, '') as {name}" for name in _KEYS)}, concat(date_basis, '') as date_basis,
           cast(concat(cast(date as varchar), '') as date) as date, bool_or(is_retargeting) as is_retargeting,
           sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks,
           cast(0 as double) as credited_conversions, cast(0 as decimal(28, 6)) as credited_value,
           cast(0 as decimal(28, 6)) as gross_value, cast(0 as double) as new_customers,
           sum(platform_conversions) as platform_conversions,
           sum(platform_conversion_value) as platform_conversion_value
    from gold_channel_performance group by {", ".join(_KEYS)}, date_basis, date
"""


def _credit_rows(basis: str, moment: str, credits: str, chosen: str, timezone: str) -> str:
    in_zone = f"arrow_cast({moment}, 'Timestamp(Microsecond, Some(\"{timezone}\"))')"
    names = ("source", "medium", "campaign")
    keys = [
        f"coalesce(lower({key}), {quoted(NOT_SET)}) as {key}" if key in names else f"concat({key}, '') as {key}"
        for key in _KEYS
    ]
    return f"""
        select {", ".join(keys)}, {quoted(basis)} as date_basis, cast(to_local_time({in_zone}) as date) as date,
               false as is_retargeting, cast(0 as decimal(28, 6)) as spend, cast(0 as bigint) as impressions,
               cast(0 as bigint) as clicks, sum(credit) as credited_conversions, sum(credited_value) as credited_value,
               sum(gross_value) as gross_value,
               sum(case when is_first_purchase then credit else cast(0 as double) end) as new_customers,
               cast(0 as double) as platform_conversions, cast(0 as decimal(28, 6)) as platform_conversion_value
        from {credits} where {chosen}
        group by {", ".join(_KEYS)}, cast(to_local_time({in_zone}) as date)
    """
