-- questions: [1]
-- question:
--   en: What did each channel return on its spend in the last 30 days, under three models?
--   ko: 최근 30일 동안 채널별 ROAS는 세 가지 모델에서 각각 얼마인가?
-- sentence:
--   en: >-
--     Spend, and net revenue, conversions and ROAS of purchases under last touch, linear and Markov, dated by the
--     conversion. A model that is not credited has nulls; roas is null without spend.
--   ko: >-
--     최근 30일의 광고비와, 마지막 터치·선형·마르코프 모델이 배분한 구매의 순매출·전환 수·ROAS입니다(전환일 기준). 기여도를 계산하지 않은 모델은 비어 있고, 광고비가 없으면 ROAS도 비어
--     있습니다.
-- grain: channel (and currency)
-- key: [channel, currency]
-- tables: [gold.channel_performance, ops.published]
-- example: select channel, spend, roas_last_touch, roas_linear, roas_markov from roas_by_channel_30d
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
),
credited as (
    select p.channel, p.currency, p.model, sum(p.spend) as spend, sum(p.credited_value) as revenue,
           sum(p.credited_conversions) as conversions
    from gold_channel_performance as p cross join newest
    where p.conversion_type = 'purchase' and p.date_basis = 'conversion'
      and p.date > newest.last_day - interval '30' day and p.date <= newest.last_day
    group by p.channel, p.currency, p.model
),
-- Every model has a channel's whole spend: the largest of them is taken once.
side_by_side as (
    select channel, currency, max(spend) as spend,
           max(case when model = 'last_touch' then revenue end) as revenue_last_touch,
           max(case when model = 'linear' then revenue end) as revenue_linear,
           max(case when model = 'markov' then revenue end) as revenue_markov,
           max(case when model = 'last_touch' then conversions end) as conversions_last_touch,
           max(case when model = 'linear' then conversions end) as conversions_linear,
           max(case when model = 'markov' then conversions end) as conversions_markov
    from credited
    group by channel, currency
)
select channel, currency, spend,
       revenue_last_touch, revenue_linear, revenue_markov,
       conversions_last_touch, conversions_linear, conversions_markov,
       cast(revenue_last_touch as double) / cast(nullif(spend, 0) as double) as roas_last_touch,
       cast(revenue_linear as double) / cast(nullif(spend, 0) as double) as roas_linear,
       cast(revenue_markov as double) / cast(nullif(spend, 0) as double) as roas_markov
from side_by_side
