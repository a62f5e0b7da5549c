-- sentence:
--   en: What did each channel cost in a week, and what did it bring back under last touch?
--   ko: 채널마다 한 주에 얼마를 쓰고, 마지막 접점 기준으로 얼마를 벌었습니까?
-- grain: week and channel
-- key: [week, channel]
-- owner: growth team
-- severity: keep_back
-- columns:
--   week: first day of the week, a Monday [date]
--   days: days of the week that have rows
--   spend: cost of ads [currency]
--   revenue: net value of purchases credited to the channel, by the day of the purchase [currency]
--   roas: revenue by spend; null without spend [ratio]
-- tests:
--   not_null: [spend, revenue, currency]
--   expressions:
--     a week has at most seven days: days between 1 and 7
--     weeks begin on Mondays: weekday(week) = 0
--   conserves:
--     all spend:
--       sum: spend
--       equals: >-
--         select sum(spend) from gold.channel_performance
--         where model = 'last_touch' and conversion_type = 'purchase' and date_basis = 'conversion'
with weeks as (
    select
        cast(date_trunc('week', date) as date) as week,
        channel,
        currency,
        count(distinct date) as days,
        sum(spend) as spend,
        sum(credited_value) as revenue
    from gold.channel_performance
    where model = 'last_touch' and conversion_type = 'purchase' and date_basis = 'conversion'
    group by 1, 2, 3
)
select
    week,
    channel,
    currency,
    days,
    cast(spend as decimal(28, 6)) as spend,
    cast(revenue as decimal(28, 6)) as revenue,
    cast(revenue as double) / nullif(cast(spend as double), 0) as roas
from weeks
