-- questions: [9]
-- question:
--   en: What is a customer worth beside what it cost to win, by channel?
--   ko: 채널별로 고객 생애 가치는 획득 비용의 몇 배인가?
-- sentence:
--   en: >-
--     Channels with spend, under last touch: what a new customer cost (cac), its margin by an age of 365 days, to date
--     and predicted (ltv), and ltv / cac with the interval that holds what the same spend would bring on average.
--     ltv_roas counts each new customer with ltv, and the revenue of customers won before as it is. Other models and
--     campaigns are in gold.channel_value.
--   ko: >-
--     마지막 터치 모델로 본, 광고비가 있는 채널별 신규 고객 획득 비용(cac), 첫 구매 후 365일까지의 마진(ltv, 실적과 예측의 합), 그리고 ltv / cac와 그 구간(같은 광고비를 다시 썼을 때의 평균)입니다.
--     ltv_roas는 신규 고객을 ltv로, 기존 고객의 매출을 실제 금액으로 계산합니다. 다른 모델과 캠페인은 gold.channel_value에 있습니다.
-- grain: channel with spend
-- key: [channel]
-- tables: [gold.channel_value]
-- example: select channel, cac, ltv, ltv_to_cac, ltv_to_cac_lower from ltv_to_cac_by_channel order by ltv_to_cac desc
select v.channel, v.currency, v.first_day, v.as_of, cast(v.spend as double) as spend, v.new_customers, v.cac, v.ltv,
       v.ltv_to_cac,
       v.lower as ltv_to_cac_lower,
       v.upper as ltv_to_cac_upper,
       v.ltv_roas
from gold_channel_value as v
where v.model = 'last_touch' and v.level = 'channel' and v.spend > 0
