-- sentence:
--   en: How does each channel's ROAS of a week compare with that of the four weeks before it?
--   ko: 채널의 주간 ROAS는 앞선 4주와 비교해 어떻습니까?
-- grain: week and channel, of weeks that are over
-- key: [week, channel]
-- owner: growth team
-- columns:
--   roas_before: revenue by spend of up to four weeks before; null without spend [ratio]
-- tests:
--   conserves:
--     every week that is over: {sum: "1", equals: "select count(*) from mart.channel_weeks where week + 6 <= :as_of"}
with over as (
    select
        week,
        channel,
        roas,
        sum(revenue) over before as revenue_before,
        sum(spend) over before as spend_before
    from mart.channel_weeks
    where week + 6 <= :as_of
    window before as (partition by channel order by week range between interval 28 days preceding and interval 7 days preceding)
)
select
    week,
    channel,
    roas,
    cast(revenue_before as double) / nullif(cast(spend_before as double), 0) as roas_before
from over
