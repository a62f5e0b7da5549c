-- questions: [10]
-- question:
--   en: When does a new customer pay back what it cost?
--   ko: 신규 고객의 획득 비용은 언제 회수되는가?
-- sentence:
--   en: >-
--     Channels with spend, under last touch: the age in days at which the margin of an average new customer, observed
--     and predicted, reaches what it cost (cac). payback says whether margin to date covers the spend already
--     (observed), only with predicted margin (predicted), or why there is no day.
--   ko: >-
--     마지막 터치 모델로 본, 광고비가 있는 채널별로 신규 고객 1명의 누적 마진(실적과 예측)이 획득 비용(cac)에 도달하는 고객 나이(일)입니다. payback은 지금까지의 마진으로 이미
--     회수했는지(observed), 예측 마진까지 더해야 회수되는지(predicted), 아니면 회수일이 없는 이유를 나타냅니다.
-- grain: channel with spend
-- key: [channel]
-- tables: [gold.channel_value]
-- example: select channel, cac, payback_days, payback from payback_by_channel order by payback_days
select v.channel, v.currency, v.first_day, v.as_of, v.new_customers, v.cac, v.payback_days, v.payback,
       v.margin * cast(v.value_to_date as double) / cast(v.spend as double) as margin_to_spend
from gold_channel_value as v
where v.model = 'last_touch' and v.level = 'channel' and v.spend > 0
