"""Silver in DuckDB's SQL: the same rules as ours, written as one would write them for DuckDB.

The channel CASE, the click ids and the values that mean "no id" or "no value" come from the same lists as ours.
"""

from __future__ import annotations

from jobs.settings import Settings
from touchpoints.channel_rules import ChannelRules
from touchpoints.channel_sql import channel_steps
from touchpoints.channels import TOUCH_FIELDS
from touchpoints.ids import NOBODY
from touchpoints.marketing_params import UTM
from touchpoints.names import NOTHING
from touchpoints.source_list import ClickId, SourceList

START = "(^|&)(amp;)?"
ORIGIN = "{'source': source, 'medium': medium, 'campaign': coalesce(campaign, campaign_id), 'click_id': click_id}"


def quoted(texts: tuple[str, ...] | list[str]) -> str:
    """The texts as SQL literals, separated by commas."""
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def _id(name: str) -> str:
    return f"CASE WHEN lower({name}) NOT IN ({quoted(NOBODY)}) THEN {name} END"


def host_sql() -> str:
    """Host of the referrer, as on our side: without user, port, www. and final dot."""
    return (
        r"nullif(rtrim(lower(regexp_extract(referrer, "
        r"'^(?i:https?://(?:[^/?#@]*@)?(?:www\.)?)(\[[^\]]*\]|[^/?#:\s]+)', 1)), '.'), '')"
    )


def identities_sql(events: str, window_days: int) -> str:
    """One row per device and interval with one person, from the events with both ids."""
    window = f"INTERVAL {window_days} DAYS"
    micro = "INTERVAL 1 MICROSECOND"
    return f"""
CREATE TABLE identities AS
WITH logins AS (
  SELECT anonymous_id, event_at AS login_at, arg_min(user_id, event_id || '|' || user_id) AS first_user,
         arg_max(user_id, event_id || '|' || user_id) AS last_user
  FROM (SELECT {_id("anonymous_id")} AS anonymous_id, event_at, event_id, {_id("user_id")} AS user_id FROM {events})
  WHERE anonymous_id IS NOT NULL AND user_id IS NOT NULL GROUP BY ALL
), moments AS (
  SELECT *, lag(login_at) OVER w AS previous_at, lead(login_at) OVER w AS next_at
  FROM logins WINDOW w AS (PARTITION BY anonymous_id ORDER BY login_at)
), starts AS (
  SELECT anonymous_id, greatest(login_at - {window}, previous_at + {micro}) AS valid_from,
         first_user AS user_id, login_at
  FROM moments
  UNION ALL
  SELECT anonymous_id, login_at + {micro}, last_user, login_at FROM moments
  WHERE last_user <> first_user AND NOT coalesce(next_at - {window} <= login_at + {micro}, false)
  UNION ALL
  SELECT anonymous_id, login_at + {window} + {micro}, NULL, login_at FROM moments
  WHERE coalesce(next_at - {window} > login_at + {window} + {micro}, true)
), changes AS (
  SELECT *, lag(user_id) OVER w AS before, row_number() OVER w AS rank FROM starts
  WINDOW w AS (PARTITION BY anonymous_id ORDER BY valid_from)
)
SELECT coalesce('user:' || user_id, 'device:' || anonymous_id) AS person_id, anonymous_id, user_id, valid_from,
       lead(valid_from) OVER (PARTITION BY anonymous_id ORDER BY valid_from) AS valid_to,
       CASE WHEN user_id IS NOT NULL THEN login_at END AS known_at
FROM changes WHERE rank = 1 OR before IS DISTINCT FROM user_id"""


def _decoded(raw: str) -> str:
    return f"CASE WHEN contains({raw}, '%') THEN url_decode(replace({raw}, '+', ' ')) ELSE replace({raw}, '+', ' ') END"


def _something(text: str) -> str:
    return f"CASE WHEN lower(trim({text})) NOT IN ({quoted(NOTHING)}) THEN trim({text}) END"


def _click_case(click_ids: list[ClickId], value: str) -> str:
    cases = []
    for click_id in click_ids:
        is_there = f"regexp_matches(query, '(?i){START}{click_id.parameter}=[^&]')"
        if click_id.value_contains:
            found = _decoded(f"regexp_extract(query, '(?i){START}{click_id.parameter}=([^&]+)', 3)")
            is_there += f" AND contains(lower({found}), '{click_id.value_contains}')"
        if click_id.value_part:
            found = _decoded(f"regexp_extract(query, '(?i){START}{click_id.parameter}=([^&]+)', 3)")
            is_there += f" AND contains('|' || lower({found}) || '|', '|{click_id.value_part}|')"
        cases.append(f"WHEN {is_there} THEN {value.format(c=click_id)}")
    return f"CASE {' '.join(cases)} END"


def hits_sql(events: str, sources: SourceList, campaign_id_parameters: list[str]) -> str:
    """One row per event, with its source from fields, URL and referrer; only the few tagged URLs are parsed."""
    some = "|".join(dict.fromkeys(click_id.parameter for click_id in sources.click_ids))
    names = "'type': '{c.parameter}', 'source': '{c.source}', 'medium': '{c.medium}'"
    struct = f"{{{{{names}, 'paid': {{c.paid}}, 'weak': {{c.weak}}}}}}"
    utm = ", ".join(
        f"CASE WHEN contains(query_lower, 'utm_{name}=') "
        f"THEN regexp_extract(query, '(?i){START}utm_{name}=([^&]*)', 3) END AS utm_{name}"
        for name in UTM
    )
    ids = "coalesce({})".format(
        ", ".join(
            f"CASE WHEN contains(lower(query), '{name}=') "
            f"THEN nullif(regexp_extract(query, '(?i){START}{name}=([^&]*)', 3), '') END"
            for name in campaign_id_parameters
        )
    )
    utm_columns = ", ".join(
        f"coalesce({_something(f's_{name}')}, {_something(_decoded(f'utm_{name}'))}) AS {name}" for name in UTM
    )
    by_type = " ".join(
        f"WHEN '{parameter}' THEN regexp_extract(query, '(?i){START}{parameter}=([^&]+)', 3)"
        for parameter in dict.fromkeys(click_id.parameter for click_id in sources.click_ids)
    )
    value = f"CASE click.type {by_type} END"
    takes = "click IS NOT NULL AND CASE WHEN click.paid THEN medium IS NULL OR lower(medium) = 'organic' ELSE medium IS NULL AND source IS NULL END"  # noqa: E501
    return f"""
CREATE VIEW hits AS
WITH raw AS (
  SELECT event_id, event_name, event_at, {_id("anonymous_id")} AS anonymous_id, {_id("user_id")} AS login,
         session_id AS sent_session_id, platform,
         source AS s_source, medium AS s_medium, campaign AS s_campaign, content AS s_content, term AS s_term,
         CASE WHEN contains(page_url, '?') THEN nullif(regexp_extract(page_url, '\\?([^#]*)', 1), '') END AS query,
         regexp_extract(page_url, '^[^?#]*') AS landing_url, {host_sql()} AS host, user_agent,
         coalesce(consent_ads, true) AS consent_ads, order_id, value, currency
  FROM {events}
), found AS (
  SELECT *, lower(query) AS query_lower, {utm.replace("query_lower", "lower(query)")}, {ids} AS campaign_id,
         CASE WHEN regexp_matches(query, '(?i){START}({some})=[^&]') THEN {_click_case(sources.click_ids, struct)} END
           AS click
  FROM raw
), named AS (
  SELECT * EXCLUDE (query, query_lower), {utm_columns}, click.type AS click_id_type, {_decoded(value)} AS click_id
  FROM found
), filled AS (
  SELECT * EXCLUDE (source, medium), CASE WHEN {takes} THEN click.source ELSE source END AS source,
         CASE WHEN {takes} THEN click.medium ELSE medium END AS medium,
         coalesce({takes} AND click.weak AND campaign IS NULL, false) AS is_guessed
  FROM named
), joined AS (
  SELECT filled.*, coalesce(a.is_bot_agent AND platform <> 'server', false) AS is_bot, r.*,
         coalesce(source, medium, campaign, click_id) IS NOT NULL
           AND NOT coalesce(is_guessed AND referrer_source <> source, false) AS is_tagged
  FROM filled LEFT JOIN agents a USING (user_agent) LEFT JOIN referrers r ON host = r.referrer_host
)
SELECT event_id, event_name, event_at, anonymous_id, login, sent_session_id, platform, order_id, value, currency,
       event_name NOT LIKE 'ad\\_%' ESCAPE '\\' AND platform <> 'server' AS opens,
       is_tagged OR referrer_source IS NOT NULL AS has_origin,
       CASE WHEN is_tagged THEN source ELSE coalesce(referrer_source, source) END AS source,
       CASE WHEN NOT is_tagged AND referrer_source IS NOT NULL THEN referrer_medium ELSE medium END AS medium,
       campaign, campaign_id, content, term, click_id_type, click_id, NULL::VARCHAR AS click_kind,
       CASE WHEN NOT is_tagged AND referrer_source IS NOT NULL THEN 'referrer' WHEN is_tagged THEN 'tags'
            WHEN regexp_extract(landing_url, '^https?://(?:www[.])?([^/?#:]+)', 1) = host THEN 'own_page'
            WHEN is_ignored THEN 'no_source' END AS source_from,
       CASE WHEN NOT is_ignored THEN referrer_domain END AS referrer_domain, landing_url, consent_ads, is_bot
FROM joined"""


def visits_sql(timeout_minutes: int) -> str:
    """One row per hit, with its person and session."""
    return f"""
CREATE TABLE visits AS
WITH hits_of_persons AS (
  SELECT hits.*, coalesce('a:' || hits.anonymous_id, 'u:' || login, 'e:' || event_id) AS device,
         coalesce('user:' || login, i.person_id, 'device:' || hits.anonymous_id, 'event:' || event_id) AS person_id
  FROM hits ASOF LEFT JOIN identities i
    ON hits.anonymous_id = i.anonymous_id AND hits.event_at >= i.valid_from
), followed AS (
  SELECT *, lag(event_at) OVER w AS last_at, lag(person_id) OVER w AS last_person,
         lag(sent_session_id) OVER w AS last_sent
  FROM hits_of_persons WHERE opens WINDOW w AS (PARTITION BY device ORDER BY event_at, event_id)
), started AS (
  SELECT *, last_at IS NULL OR person_id <> last_person
         OR coalesce(sent_session_id <> last_sent, event_at > last_at + INTERVAL {timeout_minutes} MINUTES) AS is_start
  FROM followed
), placed AS (
  SELECT * EXCLUDE (last_at, last_person, last_sent),
         last_value(CASE WHEN is_start THEN event_id END IGNORE NULLS) OVER (
           PARTITION BY device ORDER BY event_at, event_id ROWS UNBOUNDED PRECEDING) AS start_event_id
  FROM started
)
SELECT * EXCLUDE (start_event_id), md5(device || '|' || start_event_id) AS session_id FROM placed"""


def touches_sql(rules: ChannelRules, sources: SourceList) -> str:
    """One row per touch, session starts included, with its channel; the rules run once per distinct origin."""
    fields = ", ".join(TOUCH_FIELDS)
    steps, before = [], "origins"
    for number, step in enumerate(channel_steps(rules, sources, "duckdb")):
        columns = ", ".join(f"{sql} AS {name}" for name, sql in step.items())
        steps.append(f"step_{number} AS (SELECT *, {columns} FROM {before})")
        before = f"step_{number}"
    steps_sql = ", ".join(steps)
    same = " AND ".join(f"t.{name} IS NOT DISTINCT FROM n.{name}" for name in TOUCH_FIELDS)
    return f"""
CREATE TABLE touches AS
WITH hits_with_origin AS (
  SELECT * FROM visits WHERE is_start OR has_origin
), compared AS (
  SELECT *, is_start OR lag({ORIGIN}) OVER (PARTITION BY session_id ORDER BY event_at, event_id)
                          IS DISTINCT FROM {ORIGIN} AS is_touch
  FROM hits_with_origin
), origin_changes AS (SELECT * FROM compared WHERE is_touch
), origins AS (
  SELECT DISTINCT {fields} FROM origin_changes
), {steps_sql}
SELECT t.*, n.channel, n.channel_rule, n.channel_trace FROM origin_changes t JOIN {before} n
  ON {same}"""


def silver_sql(settings: Settings) -> dict[str, str]:
    """The tables that follow visits and touches, in order."""
    finals = [name for name in settings.conversions.final if name != "purchase"]
    return {
        "sessions": f"""
CREATE TABLE sessions AS
WITH counted AS (
  SELECT session_id, any_value(person_id) AS person_id, any_value(anonymous_id) AS anonymous_id,
         min(event_at) AS started_at, max(event_at) AS ended_at, count(*) AS events,
         count(*) FILTER (event_name = 'page_view') AS page_views,
         bool_or(is_bot) OR count(*) > {settings.sessions.max_events} AS is_bot
  FROM visits GROUP BY session_id
)
SELECT c.session_id, c.person_id, c.anonymous_id, started_at, ended_at, events, page_views, platform, channel, source,
       medium, campaign, landing_url, c.is_bot
FROM counted c JOIN touches s ON c.session_id = s.session_id AND s.is_start""",
        "touchpoints": """
CREATE TABLE touchpoints AS
SELECT event_id AS touchpoint_id, person_id, session_id, anonymous_id, event_at AS touched_at, 'click' AS interaction,
       channel, channel_rule, channel_trace, source, medium, campaign, campaign_id, NULL::VARCHAR AS utm_id,
       NULL::VARCHAR AS gad_campaignid, NULL::VARCHAR AS utm_source_platform, NULL::VARCHAR AS utm_creative_format,
       NULL::VARCHAR AS utm_marketing_tactic, content, term, click_id_type, click_id, source_from,
       referrer_domain, landing_url, platform, consent_ads
FROM touches WHERE NOT is_bot AND session_id NOT IN (SELECT session_id FROM sessions WHERE is_bot)""",
        "orders": f"""
CREATE TABLE orders AS
WITH purchases AS (
  SELECT coalesce(order_id, 'event:' || event_id) AS order_id,
         arg_min({{'person_id': person_id, 'ordered_at': event_at, 'value': value, 'currency': currency,
                   'anonymous_id': anonymous_id, 'consent_ads': consent_ads}},
                 {{'event_at': event_at, 'event_id': event_id}}) FILTER (event_name = 'purchase') AS p,
         sum(value) FILTER (event_name = 'refund') AS refunded
  FROM visits WHERE event_name IN ('purchase', 'refund') GROUP BY ALL
)
SELECT order_id, p.person_id AS person_id, p.ordered_at AS ordered_at, coalesce(p.value, 0)::DECIMAL(18, 6) AS value,
       least(coalesce(refunded, 0), coalesce(p.value, 0))::DECIMAL(18, 6) AS refunded_value,
       coalesce(p.currency, '{settings.report.currency}') AS currency, NULL::BIGINT AS items,
       CASE WHEN least(coalesce(refunded, 0), coalesce(p.value, 0)) > 0 THEN 'refunded' ELSE 'paid' END AS status,
       'events' AS origin, p.person_id AS seen_person_id, p.anonymous_id AS seen_on,
       p.consent_ads AS seen_consent_ads
FROM purchases WHERE p IS NOT NULL""",
        "conversions": f"""
CREATE TABLE conversions AS
WITH counted AS (
  SELECT 'purchase' AS conversion_type, order_id AS of, order_id, NULL::VARCHAR AS session_id, person_id,
         ordered_at AS converted_at, value, refunded_value, currency, NULL::BOOLEAN AS consent_ads FROM orders
  UNION ALL
  SELECT event_name, event_id, NULL, session_id, person_id, event_at, 0, 0, '{settings.report.currency}', consent_ads
  FROM visits WHERE event_name IN ({quoted(finals)}) AND NOT is_bot
    AND coalesce(session_id NOT IN (SELECT session_id FROM sessions WHERE is_bot), true)
)
SELECT md5(conversion_type || '|' || of) AS conversion_id, conversion_type, true AS is_final, person_id, converted_at,
       order_id, session_id, value, refunded_value, currency, (value - refunded_value)::DECIMAL(18, 6) AS report_value,
       value AS report_gross_value, '{settings.report.currency}' AS report_currency,
       conversion_type = 'purchase' AND 1 = row_number() OVER (
         PARTITION BY person_id, conversion_type ORDER BY converted_at, md5(conversion_type || '|' || of)
       ) AS is_first_purchase,
       NULL::VARCHAR AS next_final_conversion_id, consent_ads
FROM counted""",
    }
