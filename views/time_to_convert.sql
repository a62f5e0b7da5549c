-- questions: [6]
-- question:
--   en: How long does it take to convert?
--   ko: 전환까지 얼마나 걸리는가?
-- sentence:
--   en: >-
--     Time from the first touch in the window to the conversion, in days of 86,400 s, over all conversions with a
--     touch: median, mean, and the share that converted within one and seven days. Needs the model linear.
--   ko: >-
--     룩백 기간 내 첫 터치부터 전환까지 걸린 시간(86,400초를 1일로 계산)의 중앙값, 평균, 1일·7일 안에 전환한 비율입니다. 터치가 있는 모든 전환이 대상이며, 선형 모델의 기여도가
--     필요합니다.
-- grain: conversion type
-- key: [conversion_type]
-- tables: [gold.attribution_credits]
-- example: select median_days, mean_days from time_to_convert where conversion_type = 'purchase'
with first_touches as (
    -- Engines subtract timestamps in ways of their own: days are counted from years and days of the year instead.
    select conversion_type,
           365.0 * (extract(year from converted_at) - extract(year from touched_at))
           + floor((extract(year from converted_at) - 1) / 4.0) - floor((extract(year from touched_at) - 1) / 4.0)
           + extract(doy from converted_at) - extract(doy from touched_at) as days,
           3600.0 * (extract(hour from converted_at) - extract(hour from touched_at))
           + 60.0 * (extract(minute from converted_at) - extract(minute from touched_at))
           + floor(extract(second from converted_at)) - floor(extract(second from touched_at)) as seconds
    from gold_attribution_credits
    where model = 'linear' and position = 1
),
taken as (
    select conversion_type, cast(days as double) + cast(seconds as double) / 86400 as days
    from first_touches
)
select conversion_type, count(*) as conversions, median(days) as median_days, avg(days) as mean_days,
       cast(sum(case when days <= 1 then 1 else 0 end) as double) / count(*) as within_1_day,
       cast(sum(case when days <= 7 then 1 else 0 end) as double) / count(*) as within_7_days
from taken
group by conversion_type
