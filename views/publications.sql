-- questions: [20]
-- question:
--   en: What was published when? `distributary changes` says what changed between two of them, and why.
--   ko: 언제 무엇이 게시되었는가? 두 게시 사이의 변화는 `distributary changes`로 확인합니다.
-- sentence:
--   en: >-
--     Every publication of the lake, the newest with the greatest number: the run, its last day, when, and how many
--     tables. The figures of an older one: `distributary sql --run RUN`.
--   ko: >-
--     레이크의 모든 게시 기록입니다. 번호가 가장 큰 것이 최신이며 실행, 기준일, 게시 시각, 테이블 수를 보여 줍니다. 이전 게시의 수치는 `distributary sql --run RUN`으로 볼
--     수 있습니다.
-- grain: publication
-- key: [run_id]
-- tables: [ops.published]
-- example: select * from publications order by publication desc
select run_id, max(coalesce(publication, 0)) as publication, max(as_of) as as_of, max(published_at) as published_at,
       count(*) as tables
from ops_published
group by run_id
