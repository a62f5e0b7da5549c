-- questions: [13]
-- question:
--   en: Do the customers of some channels buy again more often?
--   ko: 어떤 채널의 고객이 더 자주 재구매하는가?
-- sentence:
--   en: >-
--     The share of customers who bought on a second day within the month of their first purchase (age 0) or so many
--     months after it, by acquisition channel, with its 95% interval (Wilson). At an age only the cohorts count that
--     have reached it, so channels are compared at equal age of their customers.
--   ko: >-
--     획득 채널별로 첫 구매 월(age 0) 또는 그 후 몇 달 안에 두 번째 날에 구매한 고객의 비율과 95% 구간(윌슨)입니다. 각 age에는 그 나이에 이른 코호트만 포함되므로, 채널을 같은 고객 나이에서
--     비교합니다.
-- grain: acquisition channel and months since the first purchase
-- key: [acquisition_channel, age]
-- tables: [gold.cohort_value]
-- example: >-
--   select acquisition_channel, customers, repeat_rate from repeat_rate_by_channel where age = 1 order by repeat_rate desc
with counted as (
    select v.acquisition_channel, v.age, cast(sum(v.customers) as double) as customers,
           cast(sum(v.repeat_customers) as double) as repeat_customers
    from gold_cohort_value as v
    where v.is_complete
    group by v.acquisition_channel, v.age
),
shared as (
    select *, repeat_customers / customers as repeat_rate, 1 + 3.8416 / customers as scale from counted
)
select acquisition_channel, age, customers, repeat_customers, repeat_rate,
       greatest((repeat_rate + 1.9208 / customers - 1.96 * sqrt(
           repeat_rate * (1 - repeat_rate) / customers + 0.9604 / (customers * customers))) / scale, 0.0)
           as repeat_rate_lower,
       least((repeat_rate + 1.9208 / customers + 1.96 * sqrt(
           repeat_rate * (1 - repeat_rate) / customers + 0.9604 / (customers * customers))) / scale, 1.0)
           as repeat_rate_upper
from shared
