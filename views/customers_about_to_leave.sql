-- questions: [11]
-- question:
--   en: Who is about to leave?
--   ko: 어떤 고객이 곧 이탈할 것으로 보이는가?
-- sentence:
--   en: >-
--     Customers of the newest day whose probability of still being one is 0.2 to 0.8: neither certain nor lost.
--     With the value at risk: the margin expected of them within 365 days if they were certainly active, times the
--     probability that they are not. Personal: person_id.
--   ko: >-
--     최근 기준일에 활성 확률이 0.2~0.8인, 아직 남았는지 확실하지 않은 고객입니다. value_at_risk는 확실히 활성일 때 향후 365일 동안 기대되는 마진에 활성이 아닐 확률을 곱한
--     금액입니다. person_id는 개인정보입니다.
-- grain: customer
-- key: [person_id]
-- tables: [gold.customer_value, gold.customer_summary, ops.published]
-- example: select person_id, value_at_risk, last_order_at from customers_about_to_leave order by value_at_risk desc
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
),
scored_day as (
    select max(v.as_of) as day
    from gold_customer_value as v cross join newest
    where v.as_of <= newest.last_day
)
select v.person_id, v.as_of, v.p_alive, v.churn_30d, v.clv_365d as expected_value,
       cast(v.clv_365d as double) / v.p_alive * (1 - v.p_alive) as value_at_risk, v.currency,
       s.orders, s.last_order_at, v.acquisition_channel, v.segment, v.segment_reason
from gold_customer_value as v
join scored_day on v.as_of = scored_day.day
join gold_customer_summary as s on v.person_id = s.person_id and v.as_of = s.as_of
where v.p_alive >= 0.2 and v.p_alive <= 0.8
