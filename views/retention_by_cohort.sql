-- questions: [12]
-- question:
--   en: How many customers come back, by the month of their first purchase?
--   ko: 첫 구매 월별로 고객이 얼마나 다시 구매하는가?
-- sentence:
--   en: >-
--     Of the customers of each month, how many bought in each month after it, how many had bought on a second day by
--     then, and the net value per customer by then. Months that are over, and nothing predicted.
--   ko: >-
--     첫 구매 월의 고객 가운데 이후 달마다 구매한 비율, 그때까지 두 번째 날에 구매한 비율, 그때까지의 고객 1인당 순매출입니다. 끝난 달만 있고 예측은 없습니다.
-- grain: month of the first purchase and months since
-- key: [cohort, age]
-- tables: [gold.cohort_value]
-- example: select cohort, age, customers, retention from retention_by_cohort where age <= 12 order by cohort, age
select v.cohort, v.age, min(v.currency) as currency, sum(v.customers) as customers,
       sum(v.active_customers) as active_customers,
       cast(sum(v.active_customers) as double) / sum(v.customers) as retention,
       cast(sum(v.repeat_customers) as double) / sum(v.customers) as repeat_rate,
       cast(sum(v.value_to_date) as double) / sum(v.customers) as value_per_customer
from gold_cohort_value as v
where v.is_complete
group by v.cohort, v.age
