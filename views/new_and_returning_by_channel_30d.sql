-- questions: [8]
-- question:
--   en: How much revenue do new and returning customers bring by channel?
--   ko: 채널별로 신규 고객과 기존 고객의 매출은 각각 얼마인가?
-- sentence:
--   en: >-
--     Net revenue and purchases of the last 30 days under last touch, of first purchases in all history (new) and
--     of later ones (returning). Days are those of UTC.
--   ko: >-
--     최근 30일(UTC 기준) 구매의 순매출과 건수를 전체 이력의 첫 구매(new)와 재구매(returning)로 나눈 것입니다(마지막 터치 모델).
-- grain: channel (and currency)
-- key: [channel, currency]
-- tables: [gold.attribution_credits, ops.published]
-- example: select channel, revenue_new, revenue_returning from new_and_returning_by_channel_30d
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
)
select c.channel, c.currency,
       sum(case when c.is_first_purchase then c.credited_value else 0 end) as revenue_new,
       sum(case when c.is_first_purchase then 0 else c.credited_value end) as revenue_returning,
       sum(case when c.is_first_purchase then c.credit else 0.0 end) as purchases_new,
       sum(case when c.is_first_purchase then 0.0 else c.credit end) as purchases_returning
from gold_attribution_credits as c cross join newest
where c.model = 'last_touch' and c.conversion_type = 'purchase'
  and cast(c.converted_at as date) > newest.last_day - interval '30' day
  and cast(c.converted_at as date) <= newest.last_day
group by c.channel, c.currency
