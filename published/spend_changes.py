"""SQL over two publications: spend that moved, by channel and cause."""

from __future__ import annotations

from published.change_causes import LATE, NEW_DAYS, RATE_TOLERANCE, RATES, RESTATED, RULES
from published.publication import Published
from published.view import View
from warehouse.tables import SILVER_AD_SPEND

# What a platform reports spend of; source and medium follow from it and from conf.
UNIT = ("spend_date", "platform", "account_id", "campaign_id", "campaign", "currency")
NONE = "cast(0 as decimal(28, 6))"
SMALLEST = 0.000001  # of an amount


def spend_counts(published: Published, view: View) -> str:
    """Whether spend counts in a publication: its day is in the view and not after as_of."""
    days = view.within_days.replace("date >=", "spend_date >=").replace("date <=", "spend_date <=")
    return f"{days} and spend_date <= date '{published.as_of.isoformat()}'"


def spend_parts_sql(before: Published, after: Published, view: View) -> str:
    """One row per channel and cause with spend that moved: after less before.

    Restated spend is counted at the rate of before; what is left is the rate's.
    """
    old, new = sorted((before.as_of, after.as_of))
    is_new_day = f"spend_date > date '{old.isoformat()}'" if old < new else "false"
    held = "spend_before + restated"
    return f"""
        with {_rows(before, after, view)},
        split as (
            select *, case when own_before is null or own_after is null or own_before = own_after then {NONE}
                           when coalesce(abs(rate_after - rate_before) > rate_before * {RATE_TOLERANCE} + slack, false)
                             then cast(cast(own_after - own_before as double) * rate_before as decimal(28, 6))
                           ELSE cast(spend_after - spend_before as decimal(28, 6)) end as restated,
                   case when {is_new_day} then '{NEW_DAYS}'
                        when own_before is not null and own_after is not null then null
                        when coalesce(gone = come, false) then '{RULES}'
                        when own_before is null and not was_reported then '{LATE}'
                        ELSE '{RESTATED}' end as whole_cause
            from rows
        )
        select part['channel'] as channel, part['cause'] as cause, sum(part['spend']) as spend
        from (select unnest([
            {_part("old_channel", "whole_cause", "0 - spend_before", where="whole_cause is not null")},
            {_part("new_channel", "whole_cause", "spend_after", where="whole_cause is not null")},
            {_part("old_channel", f"'{RESTATED}'", "restated", where="whole_cause is null")},
            {_part("old_channel", f"'{RULES}'", f"0 - ({held})", where=_IS_MOVED)},
            {_part("new_channel", f"'{RULES}'", held, where=_IS_MOVED)},
            {_part("new_channel", f"'{RATES}'", f"spend_after - ({held})", where="whole_cause is null")}
        ]) as part from split)
        where part['spend'] <> 0 group by part['channel'], part['cause'] order by channel, cause
        """


_IS_MOVED = "whole_cause is null and old_channel <> new_channel"


def _rows(before: Published, after: Published, view: View) -> str:
    """`rows`: spend that differs, both sides of each key; own_ is in its own currency, null where there is none."""
    key = ", ".join(SILVER_AD_SPEND.key)

    def side(published: Published, name: str) -> str:
        return f"""
            select '{name}' as side, {spend_counts(published, view)} as counts, {key}, channel, spend, report_spend
            from {name}_silver_ad_spend"""

    def of(name: str) -> str:
        of_side = f"filter (where side = '{name}')"
        return f"""
                max(channel) {of_side} as channel_{name}, sum(spend) {of_side} as own_{name},
                coalesce(sum(report_spend) filter (where side = '{name}' and counts), {NONE}) as spend_{name},
                cast(sum(report_spend) {of_side} as double) / nullif(cast(sum(spend) {of_side} as double), 0)
                  as rate_{name}"""

    unit = ", ".join(UNIT)
    return f"""
        sides as ({side(before, "before")} union all {side(after, "after")}),
        keys_ as (select {key}, {of("before")}, {of("after")} from sides group by {key}),
        rows as (
            select * from (
                select *, coalesce(channel_before, channel_after) as old_channel,
                       coalesce(channel_after, channel_before) as new_channel,
                       sum(case when own_after is null then own_before end) over (partition by {unit}) as gone,
                       sum(case when own_before is null then own_after end) over (partition by {unit}) as come,
                       count(own_before) over (partition by platform, account_id, spend_date) > 0 as was_reported,
                       {SMALLEST} / nullif(cast(own_before as double), 0)
                         + {SMALLEST} / nullif(cast(own_after as double), 0) as slack
                from keys_)
            where spend_before <> spend_after or (channel_before <> channel_after and spend_before <> 0)
        )"""


def _part(channel: str, cause: str, spend: str, *, where: str) -> str:
    amount = f"cast(case when {where} then {spend} ELSE {NONE} end as decimal(38, 6))"
    return f"named_struct('channel', {channel}, 'cause', {cause}, 'spend', {amount})"
