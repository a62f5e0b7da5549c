-- questions: [9]
-- question:
--   en: What will the new users of each campaign bring, by their first week?
--   ko: 캠페인별 신규 이용자는 첫 주의 행동으로 볼 때 얼마의 가치를 가져올 것인가?
-- sentence:
--   en: >-
--     New users whose first week is over, by acquisition campaign, at the end of it: how many they are and had bought,
--     what each had brought (value_to_date), and what each is expected to bring within horizon_days of the first day
--     (value, gross) with the 95% interval of their mean, chance and the model's own error together. Beside it the spend
--     of the same first days, for each new user and as value for each unit of it. Below some thirty new users the interval
--     says little.
--   ko: >-
--     첫 주가 지난 신규 이용자를 유입 캠페인별로 나누어 첫 주 말을 기준으로 본 인원, 구매자 수, 1인당 실적(value_to_date), 그리고 첫날부터 horizon_days일 동안의 1인당
--     예상 가치(value, 환불 전)와 그 평균의 95% 구간(우연과 모델 자체의 오차 포함)입니다. 같은 첫날들의 광고비, 신규 이용자 1인당 광고비, 광고비 1단위당 예상 가치를 함께 보여 줍니다. 신규
--     이용자가 30명에 못 미치면 구간은 참고용입니다.
-- grain: channel and campaign with new users or spend
-- key: [channel, campaign]
-- tables: [gold.early_value, gold.channel_performance, ops.published]
-- example: select channel, campaign, new_users, value, value_lower, value_upper from first_week_value_by_campaign order by new_users desc
with newest as (
    select max(as_of) as last_day
    from ops_published
    where coalesce(publication, 0) = (select max(coalesce(publication, 0)) from ops_published)
),
scored_day as (
    select max(e.as_of) as day
    from gold_early_value as e cross join newest
    where e.as_of <= newest.last_day
),
week as (
    select e.*
    from gold_early_value as e
    join scored_day on e.as_of = scored_day.day
    where e.age_days = 7
),
chosen as (
    select coalesce(max(case when w.horizon_days = 90 then w.horizon_days end), max(w.horizon_days)) as days from week as w
),
first_days as (
    select min(w.first_day) as since, max(w.first_day) as until, max(w.horizon_days) as days, max(w.currency) as currency,
           max(w.as_of) as as_of
    from week as w join chosen on w.horizon_days = chosen.days
),
users as (
    select w.acquisition_channel as channel, w.acquisition_campaign as campaign, count(*) as new_users,
           sum(case when w.has_bought then 1 else 0 end) as buyers, cast(sum(w.value_to_date) as double) as to_date,
           sum(w.buys_probability * w.amount_if_buys) as to_come, sum(w.buys_probability) as buyers_to_come,
           sum(w.standard_deviation * w.standard_deviation) as by_chance, max(w.model_error) as model_error
    from week as w join chosen on w.horizon_days = chosen.days
    group by w.acquisition_channel, w.acquisition_campaign
),
-- Spend is the same in each model, type and basis.
spent as (
    select s.channel, s.campaign, cast(sum(s.spend) as double) as spend
    from gold_channel_performance as s cross join first_days
    where s.model = 'last_touch' and s.conversion_type = 'purchase' and s.date_basis = 'conversion'
      and s.date >= first_days.since and s.date <= first_days.until
    group by s.channel, s.campaign
    having sum(s.spend) > 0
),
met as (
    select coalesce(u.channel, s.channel) as channel, coalesce(u.campaign, s.campaign) as campaign,
           cast(coalesce(u.new_users, 0) as double) as new_users, cast(coalesce(u.buyers, 0) as double) as buyers,
           coalesce(u.to_date, 0.0) as to_date, coalesce(u.to_come, 0.0) as to_come,
           coalesce(u.buyers_to_come, 0.0) as buyers_to_come, coalesce(u.by_chance, 0.0) as by_chance,
           coalesce(u.model_error, 0.0) as model_error, coalesce(s.spend, 0.0) as spend
    from users as u full join spent as s on u.channel = s.channel and u.campaign = s.campaign
),
-- What is to come varies about as a gamma distribution (Wilson and Hilferty); errors is its deviation by its mean. Where
-- at most 3.69 buyers are expected, nobody comes 1 time in 40.
spread as (
    select *, sqrt(by_chance + model_error * to_come * model_error * to_come) / nullif(to_come, 0.0) as errors from met
),
bounded as (
    select *,
           case when buyers_to_come > 3.689 then to_come * power(
               greatest(1 - errors * errors / 9 - 1.959963984540054 * errors / 3, 0.0), 3) else 0.0 end as lower,
           case when to_come > 0 then to_come * greatest(
               power(1 - errors * errors / 9 + 1.959963984540054 * errors / 3, 3), 1 + 1.959963984540054 * errors)
               else 0.0 end as upper
    from spread
)
select b.channel, b.campaign, f.as_of, f.since as first_day, f.until as last_day, f.days as horizon_days, f.currency,
       b.new_users, b.buyers,
       b.to_date / nullif(b.new_users, 0.0) as value_to_date,
       (b.to_date + b.to_come) / nullif(b.new_users, 0.0) as value,
       (b.to_date + b.lower) / nullif(b.new_users, 0.0) as value_lower,
       (b.to_date + b.upper) / nullif(b.new_users, 0.0) as value_upper,
       b.spend,
       case when b.spend > 0 then b.spend / nullif(b.new_users, 0.0) end as spend_per_new_user,
       (b.to_date + b.to_come) / nullif(b.spend, 0.0) as value_to_spend
from bounded as b cross join first_days as f
