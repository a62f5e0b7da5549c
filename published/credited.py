"""Where the rows of channel performance come from: the published table, or its credits of some conversions alone."""

from __future__ import annotations

from dataclasses import dataclass

from published.publication import quoted
from published.view import View
from warehouse.contracts import Table
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE, SILVER_TOUCHPOINTS
from warehouse.terms import NOT_SET


@dataclass(frozen=True)
class Source:
    """What stands behind `from`, with the columns of gold.channel_performance but roas and cpa, and its tables."""

    sql: str
    tables: tuple[Table, ...]


def performance_source(view: View) -> Source:
    """The rows of gold.channel_performance that the view's customers and platform leave.

    Credit of new customers is that of first purchases in all history. Credit on a platform is that of its touches;
    what is unattributed has none. Spend, impressions, clicks and the platforms' claims are not divided: they stay
    whole. Where credit is chosen by row, campaigns have the name that their links give, in lower case.
    """
    if view.customers == "all" and view.platform is None:
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
    halves = [
        _credit_rows(basis, moment, credits, chosen, view.timezone)
        for basis, moment in (("conversion", "converted_at"), ("touch", "touched_at"))
    ]
    return Source(f"({' union all '.join([_SPEND_ROWS, *halves])}) as gold_channel_performance", tuple(tables))


_SPEND_ROWS = """
    select model, conversion_type, date_basis, date, channel, source, medium, campaign, is_retargeting,
           spend, impressions, clicks, cast(0 as double) as credited_conversions,
           cast(0 as decimal(28, 6)) as credited_value, cast(0 as decimal(28, 6)) as gross_value, currency,
           cast(0 as double) as new_customers, platform_conversions, platform_conversion_value
    from gold_channel_performance
"""


def _credit_rows(basis: str, moment: str, credits: str, chosen: str, timezone: str) -> str:
    in_zone = f"arrow_cast({moment}, 'Timestamp(Microsecond, Some(\"{timezone}\"))')"
    named = ", ".join(
        f"coalesce(lower({name}), {quoted(NOT_SET)}) as {name}" for name in ("source", "medium", "campaign")
    )
    return f"""
        select model, conversion_type, {quoted(basis)} as date_basis, cast(to_local_time({in_zone}) as date) as date,
               channel, {named}, false as is_retargeting,
               cast(0 as decimal(28, 6)) as spend, cast(0 as bigint) as impressions, cast(0 as bigint) as clicks,
               credit as credited_conversions, cast(credited_value as decimal(28, 6)) as credited_value,
               cast(gross_value as decimal(28, 6)) as gross_value, currency,
               case when is_first_purchase then credit else cast(0 as double) end as new_customers,
               cast(0 as double) as platform_conversions, cast(0 as decimal(28, 6)) as platform_conversion_value
        from {credits} where {chosen}
    """
