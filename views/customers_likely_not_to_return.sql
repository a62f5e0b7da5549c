-- questions: [11]
-- question:
--   en: Who of the customers who were here lately is likely not to come back, and why?
--   ko: 최근 활동한 고객 중 누가 왜 다시 오지 않을 것으로 보이는가?
-- sentence:
--   en: >-
--     Customers of the newest day who visited or bought in the last 30 days, with the probability of neither within each
--     horizon, from all they do, and three reasons with what each adds to the log-odds. Personal: person_id.
--   ko: >-
--     최근 기준일 전 30일 안에 방문하거나 구매한 고객과 각 기간 안에 방문도 구매도 하지 않을 확률, 그리고 세 가지 이유와 로그 오즈 기여도입니다. person_id는
--     개인정보입니다.
-- grain: customer and horizon
-- key: [person_id, horizon]
-- tables: [gold.churn, gold.person_features, ops.published]
-- example: select person_id, probability, reason_1 from customers_likely_not_to_return where horizon = '30d' order by probability desc
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
),
scored_day as (
    select max(c.as_of) as day
    from gold_churn as c cross join newest
    where c.as_of <= newest.last_day
)
select c.person_id, c.as_of, c.horizon, c.probability, c.base_rate, c.served,
       c.reason_1, c.contribution_1, c.reason_2, c.contribution_2, c.reason_3, c.contribution_3, c.other_contribution,
       f.days_since_active, c.model_version
from gold_churn as c
join scored_day on c.as_of = scored_day.day
join gold_person_features as f on c.person_id = f.person_id and c.as_of = f.as_of
where f.days_since_active <= 30
