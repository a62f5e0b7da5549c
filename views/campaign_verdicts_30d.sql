-- questions: [3]
-- question:
--   en: Which campaigns should be stopped?
--   ko: 어떤 캠페인을 중단해야 하는가?
-- sentence:
--   en: >-
--     Campaigns with spend in the last 30 days: ROAS of purchases under last touch with its 95% interval, and a
--     verdict. loses: even the upper bound is below 1; earns: even the lower bound is above 1; too few to say: the
--     interval holds 1; no touch matched: no touch carries the campaign, so its revenue is counted elsewhere.
--     Revenue is taken for a sum of purchases at random times: it varies as a Poisson count of steps of sum(value
--     squared) / sum(value), over all purchases, does (Byar's approximation). With a margin m, compare roas_upper
--     with 1 / m instead of 1. Credit is no proof of cause: what would have been bought anyway is in it.
--   ko: >-
--     최근 30일에 광고비를 쓴 캠페인의 ROAS(마지막 터치 모델, 구매 기준)와 95% 구간, 판정입니다. loses: 상한도 1보다 낮음, earns: 하한도 1보다 높음, too few to
--     say: 구간에 1이 포함되어 판단할 수 없음, no touch matched: 연결된 터치가 없어 매출이 다른 곳에 집계됨. 매출은 임의 시점의 구매를 합한 값으로 보고, 모든 구매의
--     sum(금액의 제곱) / sum(금액)을 한 단위로 하는 푸아송 구간을 씁니다. 마진율이 m이면 roas_upper를 1 대신 1 / m과 비교하십시오. 기여도는 인과의 증거가 아니며, 광고가
--     없어도 일어났을 구매가 포함됩니다.
-- grain: channel, source, medium and campaign with spend (and currency)
-- key: [channel, source, medium, campaign, currency]
-- tables: [gold.channel_performance, gold.unmatched_spend, silver.conversions, ops.published]
-- example: select * from campaign_verdicts_30d where verdict = 'loses' order by spend desc
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
),
spent as (
    select p.channel, p.source, p.medium, p.campaign, p.currency, cast(sum(p.spend) as double) as spend,
           sum(p.credited_conversions) as conversions, cast(sum(p.credited_value) as double) as revenue
    from gold_channel_performance as p cross join newest
    where p.conversion_type = 'purchase' and p.date_basis = 'conversion'
      and p.date > newest.last_day - interval '30' day and p.date <= newest.last_day and p.model = 'last_touch'
    group by p.channel, p.source, p.medium, p.campaign, p.currency
    having sum(p.spend) > 0
),
-- A sum of n purchases has the variance n x E[value^2]: that of a Poisson count of steps of this size.
step as (
    select sum(cast(report_value as double) * cast(report_value as double))
           / nullif(sum(cast(report_value as double)), 0) as size
    from silver_conversions
    where conversion_type = 'purchase'
),
counted as (
    select s.*, step.size, s.revenue / step.size as steps
    from spent as s cross join step
),
bounded as (
    select *, revenue / spend as roas,
           size / spend * case when steps > 0 then steps * power(
               greatest(1 - 1 / (9 * steps) - 1.96 / (3 * sqrt(steps)), 0.0), 3) else 0.0 end as roas_lower,
           size / spend * (steps + 1) * power(
               1 - 1 / (9 * (steps + 1)) + 1.96 / (3 * sqrt(steps + 1)), 3) as roas_upper
    from counted
)
select b.channel, b.source, b.medium, b.campaign, b.currency, b.spend, b.conversions, b.revenue,
       b.roas, b.roas_lower, b.roas_upper,
       case when u.lacks is not null then 'no touch matched'
            when b.roas_upper < 1 then 'loses'
            when b.roas_lower > 1 then 'earns'
            else 'too few to say' end as verdict
from bounded as b
left join (select * from gold_unmatched_spend where lacks = 'touches') as u
    on b.channel = u.channel and b.source = u.source and b.medium = u.medium and b.campaign = u.campaign
