-- questions: [7]
-- question:
--   en: Which channels assist conversions that another channel ends?
--   ko: 어떤 채널이 다른 채널에서 끝나는 전환을 지원하는가?
-- sentence:
--   en: >-
--     Conversions over all days that a channel touched at all, those it assisted (a touch before the last one) and
--     those it ended (the last touch). One conversion counts for each channel of its path: never sum over channels.
--     Needs the model linear.
--   ko: >-
--     전체 기간에서 채널이 경로에 포함된 전환 수, 지원한 전환 수(마지막 터치 이전에 터치), 마무리한 전환 수(마지막 터치)입니다. 전환 한 건이 경로의 모든 채널에 집계되므로 채널끼리 합산하지
--     마십시오. 선형 모델의 기여도가 필요합니다.
-- grain: conversion type and channel
-- key: [conversion_type, channel]
-- tables: [gold.attribution_credits]
-- example: select channel, assisted, ended from assisted_conversions where conversion_type = 'purchase'
with touched as (
    select conversion_type, channel, conversion_id, min(position) as first_position, max(position) as last_position,
           max(path_length) as path_length
    from gold_attribution_credits
    where model = 'linear' and position > 0
    group by conversion_type, channel, conversion_id
)
select conversion_type, channel, count(*) as touched,
       sum(case when first_position < path_length then 1 else 0 end) as assisted,
       sum(case when last_position = path_length then 1 else 0 end) as ended,
       cast(sum(case when first_position < path_length then 1 else 0 end) as double)
       / nullif(sum(case when last_position = path_length then 1 else 0 end), 0) as assisted_per_ended
from touched
group by conversion_type, channel
