-- questions: [5]
-- question:
--   en: Which paths lead to most conversions?
--   ko: 어떤 전환 경로가 전환을 가장 많이 만드는가?
-- sentence:
--   en: >-
--     Paths of channels before a conversion, over all days, ranked by conversions within each conversion type, then
--     by net revenue; equal ones share a rank. Conversions without a touch are not among them.
--   ko: >-
--     전체 기간의 전환 전 채널 경로를 전환 유형별로 전환 수, 순매출 순으로 매긴 순위입니다. 같은 값은 같은 순위입니다. 터치가 없는 전환은 포함하지 않습니다.
-- grain: conversion type and path with conversions
-- key: [conversion_type, path]
-- tables: [gold.path_summary]
-- example: select rank, path, conversions, revenue from top_paths where conversion_type = 'purchase' and rank <= 10
select conversion_type, path, conversions, value as revenue, currency, days_to_convert,
       rank() over (partition by conversion_type order by conversions desc, value desc) as rank
from gold_path_summary
where conversions > 0 and days_to_convert is not null
