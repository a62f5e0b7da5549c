"""SQL that gives credits and spend the source, medium and campaign that gold.channel_performance has them under.

The same rules as warehouse.campaign_names, whose docstrings say why; a test compares both.
"""

from __future__ import annotations

# Campaigns with an id: by what they are known, and under which name on which day (campaign_names._keys).
_KEYS = """
identified as (
    select lower(campaign_id) as id, campaign, channel, source, medium, spend_date
    from silver_ad_spend where campaign_id is not null
),
ids as (
    select id, count(*) as origins, min(channel) as channel, min(source) as source, min(medium) as medium
    from (select distinct id, channel, source, medium from identified) group by id
),
paid as (
    select id, case when is_one then channel end as paid_channel,
           case when is_one then lower(source) end as paid_source,
           case when is_one then lower(medium) end as paid_medium
    from (select *, origins = 1 and source is not null and medium is not null as is_one from ids)
),
daily as (
    select id, spend_date, min(campaign) as named from identified where campaign is not null group by id, spend_date
),
name_starts as (
    select * from (
        select *, lag(named) over (partition by id order by spend_date) as previous from daily
    ) where previous is null or previous <> named
),
periods as (
    select id, named, case when previous is not null then spend_date end as named_from,
           lead(spend_date) over (partition by id order by spend_date) as named_until
    from name_starts
),
ids_of_names as (
    select channel, campaign as campaign_key, min(id) as id from identified where campaign is not null
    group by channel, campaign having min(id) = max(id)
),
keys as (
    select paid.id as campaign_key, cast(null as varchar) as key_channel, coalesce(named, paid.id) as known_campaign,
           named_from, named_until, paid_channel, paid_source, paid_medium
    from paid left join periods on periods.id = paid.id
    union all
    select campaign_key, channel, named, named_from, named_until,
           cast(null as varchar), cast(null as varchar), cast(null as varchar)
    from ids_of_names join periods on periods.id = ids_of_names.id
    where campaign_key not in (select id from ids)
)
"""

# Spend under the names of its campaigns (campaign_names._named), and their source and medium (_origins).
_NAMED_SPEND = """
spend_rows as (
    select *, coalesce(lower(campaign_id), campaign) as spend_key, lower(source) as low_source,
           lower(medium) as low_medium
    from silver_ad_spend
),
named_spend as (
    select spend_rows.*,
           coalesce(case when campaign_id is not null then campaign end, known_campaign, campaign) as named_campaign
    from spend_rows left join keys
      on spend_key = campaign_key and (campaign_id is not null) = (key_channel is null)
     and (named_from is null or spend_date >= named_from) and (named_until is null or spend_date < named_until)
     and (key_channel is null or channel = key_channel)
),
origins as (
    select channel as spend_channel, named_campaign as spend_campaign, case when of_campaign > 1 then source end as
           key_source, source as spend_source, medium as spend_medium
    from (
        select *, count(*) over (partition by channel, named_campaign) as of_campaign,
               count(*) over (partition by channel, named_campaign, source) as of_source
        from (
            select distinct channel, named_campaign, coalesce(low_source, '(not set)') as source,
                   coalesce(low_medium, '(not set)') as medium
            from named_spend where named_campaign is not null
        )
    ) where of_campaign = 1 or of_source = 1
)
"""

_FOUND_ON_DAY = """
    (found.named_from is null or low.date >= found.named_from)
    and (found.named_until is null or low.date < found.named_until)
    and (found.key_channel is null or low.channel = found.key_channel)
"""


def named_spend() -> str:
    """CTEs that end with `spend`: the rows of silver_ad_spend, with date, source, medium and campaign of gold."""
    return f"""{_KEYS}, {_NAMED_SPEND}, spend as (
    select *, spend_date as date, coalesce(low_source, '(not set)') as gold_source,
           coalesce(low_medium, '(not set)') as gold_medium, coalesce(named_campaign, '(not set)') as gold_campaign
    from named_spend
)"""


def named_credits(touched: str) -> str:
    """CTEs that end with `credits`: the rows of `touched` (a query; columns date, channel, source, medium, campaign,
    campaign_id) with source, medium and campaign of gold (campaign_names.with_known_campaign)."""
    return f"""{_KEYS}, {_NAMED_SPEND}, low as (
    select *, lower(source) as low_source, lower(medium) as low_medium, lower(campaign) as low_campaign,
           lower(campaign_id) as low_id
    from ({touched})
),
by_id as (
    select low.*, found.known_campaign as id_campaign, found.paid_channel, found.paid_source, found.paid_medium
    from low left join keys as found
      on low.low_id = found.campaign_key and found.key_channel is null and {_FOUND_ON_DAY}
),
known as (
    select low.*, coalesce(low.id_campaign, found.known_campaign, low.low_campaign, low.low_id) as known_campaign,
           case when low.id_campaign is not null then low.paid_channel else found.paid_channel end as of_channel,
           case when low.id_campaign is not null then low.paid_source else found.paid_source end as of_source,
           case when low.id_campaign is not null then low.paid_medium else found.paid_medium end as of_medium
    from by_id as low left join keys as found on low.low_campaign = found.campaign_key and {_FOUND_ON_DAY}
),
credits as (
    select known.* except (source, medium, campaign),
           coalesce(case when of_channel = channel then of_source end, spend_source, low_source, '(not set)') as source,
           coalesce(case when of_channel = channel then of_medium end, spend_medium, low_medium, '(not set)') as medium,
           coalesce(known_campaign, '(not set)') as campaign
    from known left join origins
      on channel = spend_channel and known_campaign = spend_campaign
     and (key_source is null or low_source = key_source)
)"""
