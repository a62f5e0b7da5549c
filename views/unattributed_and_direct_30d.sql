-- questions: [14]
-- question:
--   en: What share of conversions is unattributed, and what share is Direct?
--   ko: 기여 채널이 없는 전환과 직접 유입 전환의 비율은 얼마인가?
-- sentence:
--   en: >-
--     Conversions of the last 30 days, dated by the conversion, and the shares of them without a touch (the same
--     under every model) and credited to Direct. Filter on one model.
--   ko: >-
--     최근 30일 전환 수(전환일 기준)와 그 가운데 터치가 없는 전환(어느 모델에서나 같음)과 직접 유입(Direct)으로 배분된 전환의 비율입니다. 모델 하나를 골라 보십시오.
-- grain: model and conversion type
-- key: [model, conversion_type]
-- tables: [gold.channel_performance, ops.published]
-- example: select * from unattributed_and_direct_30d where model = 'last_touch' and conversion_type = 'purchase'
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
),
counted as (
    select p.model, p.conversion_type, sum(p.credited_conversions) as conversions,
           sum(case when p.channel = '(unattributed)' then p.credited_conversions else 0.0 end) as unattributed,
           sum(case when p.channel = 'Direct' then p.credited_conversions else 0.0 end) as direct
    from gold_channel_performance as p cross join newest
    where p.date_basis = 'conversion'
      and p.date > newest.last_day - interval '30' day and p.date <= newest.last_day
    group by p.model, p.conversion_type
)
select model, conversion_type, conversions, unattributed, direct,
       unattributed / nullif(conversions, 0) as unattributed_share,
       direct / nullif(conversions, 0) as direct_share
from counted
