-- questions: [4]
-- question:
--   en: How do first touch and last touch differ by channel?
--   ko: 채널별로 첫 터치와 마지막 터치 모델의 결과는 어떻게 다른가?
-- sentence:
--   en: >-
--     Net revenue and conversions of purchases of the last 30 days under first touch and last touch, dated by the
--     conversion; revenue_change is first touch minus last touch. A channel with more under first touch starts
--     journeys, one with less ends them.
--   ko: >-
--     최근 30일 구매의 순매출과 전환 수를 첫 터치와 마지막 터치 모델로 나란히 보여 줍니다(전환일 기준). revenue_change는 첫 터치에서 마지막 터치를 뺀 값이며, 양수인 채널은 여정을
--     시작하고 음수인 채널은 여정을 마무리합니다.
-- grain: channel (and currency)
-- key: [channel, currency]
-- tables: [gold.channel_performance, ops.published]
-- example: select channel, revenue_first_touch, revenue_last_touch, revenue_change from first_and_last_touch_30d
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
)
select p.channel, p.currency,
       sum(case when p.model = 'first_touch' then p.credited_value else 0 end) as revenue_first_touch,
       sum(case when p.model = 'last_touch' then p.credited_value else 0 end) as revenue_last_touch,
       sum(case when p.model = 'first_touch' then p.credited_value else 0 end)
       - sum(case when p.model = 'last_touch' then p.credited_value else 0 end) as revenue_change,
       sum(case when p.model = 'first_touch' then p.credited_conversions else 0 end) as conversions_first_touch,
       sum(case when p.model = 'last_touch' then p.credited_conversions else 0 end) as conversions_last_touch
from gold_channel_performance as p cross join newest
where p.conversion_type = 'purchase' and p.date_basis = 'conversion'
      and p.date > newest.last_day - interval '30' day and p.date <= newest.last_day
group by p.channel, p.currency
