-- questions: [2]
-- question:
--   en: What does a new customer cost by campaign?
--   ko: 캠페인별로 신규 고객 1명을 얻는 데 드는 비용은 얼마인가?
-- sentence:
--   en: >-
--     Campaigns with spend in the last 30 days: spend, new customers (first purchases in all history, under last
--     touch, dated by the conversion), and spend per new customer with its 95% interval by the count of new
--     customers (Poisson, Byar's approximation; an upper bound of null is no bound). is_matched is false where no
--     touch carries the campaign: its customers are counted elsewhere, and cpa says nothing.
--   ko: >-
--     최근 30일에 광고비를 쓴 캠페인의 광고비, 신규 고객 수(전체 이력의 첫 구매, 마지막 터치 모델, 전환일 기준), 신규 고객 1명당 광고비와 그 95% 구간(신규 고객 수의 푸아송 구간,
--     상한이 비어 있으면 상한 없음)입니다. is_matched가 false이면 이 캠페인과 연결된 터치가 없어 고객이 다른 곳에 집계되므로 CPA에 의미가 없습니다.
-- grain: channel, source, medium and campaign with spend (and currency)
-- key: [channel, source, medium, campaign, currency]
-- tables: [gold.channel_performance, gold.unmatched_spend, ops.published]
-- example: >-
--   select campaign, spend, new_customers, cpa, cpa_lower, cpa_upper from new_customer_cpa_by_campaign_30d where
--   is_matched order by cpa
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
),
spent as (
    select p.channel, p.source, p.medium, p.campaign, p.currency, cast(sum(p.spend) as double) as spend,
           sum(p.new_customers) as new_customers
    from gold_channel_performance as p cross join newest
    where p.conversion_type = 'purchase' and p.date_basis = 'conversion'
      and p.date > newest.last_day - interval '30' day and p.date <= newest.last_day and p.model = 'last_touch'
    group by p.channel, p.source, p.medium, p.campaign, p.currency
    having sum(p.spend) > 0
),
bounded as (
    select *,
           case when new_customers > 0 then new_customers * power(
               greatest(1 - 1 / (9 * new_customers) - 1.96 / (3 * sqrt(new_customers)), 0.0), 3) else 0.0 end as fewest,
           (new_customers + 1) * power(
               1 - 1 / (9 * (new_customers + 1)) + 1.96 / (3 * sqrt(new_customers + 1)), 3) as most
    from spent
)
select b.channel, b.source, b.medium, b.campaign, b.currency, b.spend, b.new_customers,
       b.spend / nullif(b.new_customers, 0) as cpa,
       b.spend / b.most as cpa_lower,
       b.spend / nullif(b.fewest, 0) as cpa_upper,
       u.lacks is null as is_matched
from bounded as b
left join (select * from gold_unmatched_spend where lacks = 'touches') as u
    on b.channel = u.channel and b.source = u.source and b.medium = u.medium and b.campaign = u.campaign
