"""Journeys and the credits of the seven rule models in DuckDB's SQL."""

from __future__ import annotations

from heart_duckdb_sql import quoted

from attribution.journeys import TOUCH as TOUCH_FIELDS
from attribution.knobs import Attribution
from jobs.settings import Settings

TOUCH = "{" + ", ".join(f"'{name}': {name}" for name in TOUCH_FIELDS) + "}"


def journeys_sql(settings: Settings) -> str:
    """Journeys with and without a conversion."""
    knobs = settings.attribution
    windows = ", ".join(f"('{name}', {knobs.lookback_of(name)})" for name in knobs.conversion_types)
    currency = settings.report.currency
    return f"""
CREATE TABLE journeys AS
WITH windows(conversion_type, days) AS (VALUES {windows}
), wanted AS (SELECT c.*, days FROM conversions c JOIN windows USING (conversion_type)
), touches AS (SELECT * FROM touchpoints WHERE interaction IN ({quoted(list(knobs.interactions))})
), paths AS (
  SELECT conversion_id, list({TOUCH} ORDER BY touched_at, touchpoint_id) AS path
  FROM wanted c JOIN touches t ON c.person_id = t.person_id AND touched_at <= converted_at
    AND touched_at >= converted_at - days * INTERVAL 24 HOURS
  GROUP BY conversion_id
), last AS (
  SELECT person_id, conversion_type, max(converted_at) AS last_at FROM wanted GROUP BY ALL
), after AS (
  SELECT t.*, w.conversion_type, days FROM touches t CROSS JOIN windows w
  LEFT JOIN last l ON l.person_id = t.person_id AND l.conversion_type = w.conversion_type
  WHERE last_at IS NULL OR touched_at > last_at
), null_touches AS (
  SELECT *, coalesce(touched_at - lag(touched_at) OVER w > days * INTERVAL 24 HOURS, true) AS starts FROM after
  WINDOW w AS (PARTITION BY person_id, conversion_type ORDER BY touched_at, touchpoint_id)
), parts AS (
  SELECT *, last_value(CASE WHEN starts THEN touchpoint_id END IGNORE NULLS) OVER (
    PARTITION BY person_id, conversion_type ORDER BY touched_at, touchpoint_id ROWS UNBOUNDED PRECEDING) AS first_id
  FROM null_touches
), nulls AS (
  SELECT person_id, conversion_type, first_id, max(touched_at) AS ended_at,
         list({TOUCH} ORDER BY touched_at, touchpoint_id) AS path
  FROM parts GROUP BY ALL
)
SELECT conversion_id AS journey_id, conversion_type, person_id, conversion_id, converted_at AS ended_at, report_value,
       report_gross_value, report_currency, is_first_purchase, coalesce(path, []) AS path,
       []::VARCHAR[] AS milestones
FROM wanted LEFT JOIN paths USING (conversion_id)
UNION ALL
SELECT md5('no conversion|' || conversion_type || '|' || first_id), conversion_type, person_id, NULL, ended_at,
       0, 0, '{currency}', false, path, [] FROM nulls"""


def credits_sql(knobs: Attribution) -> str:
    """Credits of the seven rule models: one row per model and touch."""
    weights = {
        "first_touch": "CASE WHEN position = 1 THEN 1.0 ELSE 0.0 END",
        "last_touch": "CASE WHEN position = path_length THEN 1.0 ELSE 0.0 END",
        "last_non_direct": "CASE WHEN position = coalesce(chosen, path_length) THEN 1.0 ELSE 0.0 END",
        "linear": "1.0",
        "position_based": f"""CASE WHEN path_length = 1 THEN 1.0 WHEN position = 1 THEN {knobs.position_based.first}
          WHEN position = path_length THEN {knobs.position_based.last}
          ELSE {round(1 - knobs.position_based.first - knobs.position_based.last, 12)} / (path_length - 2) END""",
        "time_decay": f"pow(2.0, (epoch_us(t.touched_at) - epoch_us(newest)) / {knobs.half_life_days * 86400e6})",
        "time_decay_by_order": f"pow({knobs.order_ratio}, path_length - position)",
    }
    model_rows = ", ".join(f"{{'model': '{name}', 'weight': ({weights[name]})::DOUBLE}}" for name in knobs.models)
    share = "(round(report{0}_value::DOUBLE * credit, 6))::DECIMAL(18, 6)"
    remainder = (
        "CASE WHEN position = max(position) OVER m THEN report{0}_value - sum(rounded{0}) OVER m + rounded{0} "
        "ELSE rounded{0} END"
    )
    return f"""
CREATE TABLE credits AS
WITH touched AS (
  SELECT * EXCLUDE (path), unnest(path) AS t, generate_subscripts(path, 1)::INTEGER AS position,
         len(path)::INTEGER AS path_length,
         list_max(list_transform(path, lambda touch, i: CASE WHEN touch.channel <> 'Direct' THEN i END)) AS chosen,
         path[-1].touched_at AS newest
  FROM journeys WHERE conversion_id IS NOT NULL AND len(path) > 0
), weighed AS (SELECT *, unnest([{model_rows}]) AS m FROM touched
), shared AS (
  SELECT *, m.model AS model, m.weight / sum(m.weight) OVER (PARTITION BY conversion_id, m.model) AS credit FROM weighed
), rounded AS (
  SELECT *, {share.format("")} AS rounded, {share.format("_gross")} AS rounded_gross FROM shared WHERE credit > 0
)
SELECT model, conversion_id, conversion_type, ended_at AS converted_at, person_id, t.touchpoint_id AS touchpoint_id,
       t.touched_at AS touched_at, position, path_length, t.channel AS channel, t.source AS source,
       t.medium AS medium, t.campaign AS campaign, t.campaign_id AS campaign_id, credit,
       ({remainder.format("")})::DECIMAL(18, 6) AS credited_value,
       ({remainder.format("_gross")})::DECIMAL(18, 6) AS gross_value, report_currency AS currency, is_first_purchase,
       'rules' AS model_version
FROM rounded WINDOW m AS (PARTITION BY conversion_id, model)
UNION ALL
SELECT unnest([{quoted(list(knobs.models))}]), conversion_id, conversion_type, ended_at, person_id, '(none)', ended_at,
       0, 0, '(unattributed)', NULL, NULL, NULL, NULL, 1.0, report_value, report_gross_value, report_currency,
       is_first_purchase, 'rules'
FROM journeys WHERE conversion_id IS NOT NULL AND len(path) = 0"""
