-- questions: [11]
-- question:
--   en: Which customers are worth a call before they leave?
--   ko: 이탈하기 전에 연락할 가치가 있는 고객은 누구인가?
-- sentence:
--   en: >-
--     Customers of the newest day whose contact is expected to bring more than it costs, by rank; where the
--     settings retention.contact_cost and uplift are given. Personal: person_id.
--   ko: >-
--     최근 기준일에 연락 비용보다 기대 이익이 큰 고객의 순위입니다. retention.contact_cost와 uplift를 설정한 경우에만 있습니다. person_id는 개인정보입니다.
-- grain: customer
-- key: [person_id]
-- tables: [gold.retention_list, ops.published]
-- example: select rank, person_id, value_at_risk, expected_gain from customers_worth_contacting where rank <= 100
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
),
listed_day as (
    select max(l.as_of) as day
    from gold_retention_list as l cross join newest
    where l.as_of <= newest.last_day
)
select l.person_id, l.as_of, l.rank, l.is_valuable, l.last_purchase_on, l.leaving, l.value_if_kept, l.value_at_risk,
       l.expected_gain, l.expected_gain_lower, l.expected_gain_upper, l.currency, l.acquisition_channel
from gold_retention_list as l
join listed_day on l.as_of = listed_day.day
