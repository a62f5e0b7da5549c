-- questions: [18]
-- question:
--   en: Which small step predicts a purchase?
--   ko: 어떤 보조 행동이 구매를 예고하는가?
-- sentence:
--   en: >-
--     Of visits with a step such as add_to_cart, how many were followed by a purchase within the days, beside
--     visits without it, over all channels; lift is the ratio, with its 95% interval (log ratio of two shares,
--     visits taken as independent). People who want to buy take more steps: a lift is no effect of the step.
--   ko: >-
--     장바구니 담기 같은 보조 행동이 있었던 방문 가운데 기간 안에 구매로 이어진 비율을 그 행동이 없었던 방문과 비교합니다(전체 채널). lift는 두 비율의 비이며 95% 구간(로그 비, 방문은
--     서로 독립으로 가정)을 함께 보여 줍니다. 살 사람이 더 많이 행동하므로 lift는 행동의 효과가 아닙니다.
-- grain: step
-- key: [step]
-- tables: [gold.conversion_links]
-- example: select step, probability, other_probability, lift, lift_lower from steps_before_purchase order by lift desc
select auxiliary_type as step, within_days, visits, followed, probability, probability_lower, probability_upper,
       other_visits, other_followed, cast(other_followed as double) / nullif(other_visits, 0) as other_probability,
       lift, lift_lower, lift_upper
from gold_conversion_links
where conversion_type = 'purchase' and channel = '(all)'
