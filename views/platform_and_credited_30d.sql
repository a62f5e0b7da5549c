-- questions: [15]
-- question:
--   en: How do the platforms' own claims compare with credit?
--   ko: 광고 플랫폼이 보고한 성과와 기여도 결과는 어떻게 다른가?
-- sentence:
--   en: >-
--     Conversions and revenue of the last 30 days that the platforms of a channel claim, beside those credited to
--     it for purchases under last touch. Platforms count the same sale each for itself: never add their claims up,
--     and never to credit.
--   ko: >-
--     최근 30일 채널별로 플랫폼이 보고한 전환 수·매출과, 마지막 터치 모델이 구매에 대해 배분한 전환 수·매출입니다. 플랫폼마다 같은 판매를 각자 집계하므로 플랫폼 보고 값끼리, 또는 기여도와
--     합산하지 마십시오.
-- grain: channel with claims (and currency)
-- key: [channel, currency]
-- tables: [gold.channel_performance, ops.published]
-- example: select channel, platform_revenue, credited_revenue, platform_roas, roas from platform_and_credited_30d
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
)
select p.channel, p.currency, sum(p.spend) as spend,
       sum(p.platform_conversions) as platform_conversions,
       sum(p.credited_conversions) as credited_conversions,
       sum(p.platform_conversion_value) as platform_revenue,
       sum(p.credited_value) as credited_revenue,
       sum(p.platform_conversions) / nullif(sum(p.credited_conversions), 0) as claimed_per_credited,
       cast(sum(p.platform_conversion_value) as double) / cast(nullif(sum(p.spend), 0) as double) as platform_roas,
       cast(sum(p.credited_value) as double) / cast(nullif(sum(p.spend), 0) as double) as roas
from gold_channel_performance as p cross join newest
where p.conversion_type = 'purchase' and p.date_basis = 'conversion'
      and p.date > newest.last_day - interval '30' day and p.date <= newest.last_day and p.model = 'last_touch'
group by p.channel, p.currency
having sum(p.platform_conversions) > 0
