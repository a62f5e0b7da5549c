"""Generated events of a shop, by seed, as rows of bronze.events: the input of the benchmark of the build.

About five events per session. Most visitors come once or twice, a few very often; 5% of the sessions buy. Landing pages
have UTM parameters, click ids, a referrer, or nothing. Some visitors log in, and some of those use two devices.
Spark expressions make all values from hashes of (seed, number, purpose), so the same seed gives the same rows.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.tables import BRONZE_EVENTS

OWN_DOMAIN = "shop.example"
FIRST_DAY = "2026-01-01 00:00:00"
EVENTS_PER_SESSION = 5
SESSIONS_PER_VISITOR = 2
MOMENTS = 2.0**53

# Landing pages: (share of all landings, query, referrer). {n} is a random number, {c} the number of a campaign.
LANDINGS = (
    (0.10, "utm_source=google&utm_medium=cpc&utm_campaign=brand_{c}&utm_term=shoes&gclid=Cj0K{n}", "https://www.google.com/"),
    (0.08, "gclid=EAIaIQ{n}", "https://www.google.com/"),
    (0.06, "utm_source=facebook&utm_medium=paid_social&utm_campaign=spring_{c}&utm_content=video+{c}&fbclid=IwAR{n}", "https://l.facebook.com/"),
    (0.05, "utm_source=newsletter&utm_medium=email&utm_campaign=week_{c}", None),
    (0.03, "utm_source=partner&utm_medium=affiliate&utm_campaign=aff%20{c}", "https://blog.partner.example/post"),
    (0.03, "fbclid=IwAR{n}", "https://m.facebook.com/"),
    (0.02, "utm_source=naver&utm_medium=display&utm_campaign=gfa_{c}", "https://www.naver.com/"),
    (0.20, None, "https://www.google.com/"),
    (0.04, None, "https://www.bing.com/"),
    (0.03, None, "https://search.naver.com/search.naver?query=shoes"),
    (0.03, None, "https://t.co/"),
    (0.04, None, "https://news.site.example/article/1"),
    (0.02, None, "https://chatgpt.com/"),
)  # fmt: skip  # the remaining landings are direct
CAMPAIGNS = 20
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{v} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Mobile Safari",
)
AGENT_VERSIONS = 20
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def make_events(
    spark: SparkSession, events: int, seed: int, days: int = 60, *, visitors: int | None = None
) -> DataFrame:
    """About `events` rows of bronze.events over `days` days, of `visitors` visitors if given."""
    sessions = _sessions(spark, max(events // EVENTS_PER_SESSION, 1), seed, days, visitors)
    return conform(_events(sessions, seed), BRONZE_EVENTS)


def _chance(seed: int, name: str, *of: str) -> Column:
    """A number in [0, 1) that is the same for the same row."""
    hashed = F.xxhash64(F.lit(f"{seed}/{name}"), *(F.col(column) for column in of))
    return F.shiftrightunsigned(hashed, 11) / F.lit(MOMENTS)


def _whole(seed: int, name: str, below: int, *of: str) -> Column:
    return F.floor(_chance(seed, name, *of) * below).cast("bigint")


def _sessions(spark: SparkSession, sessions: int, seed: int, days: int, visitors: int | None) -> DataFrame:
    pool = visitors or max(sessions // SESSIONS_PER_VISITOR, 1)
    # The square draws low numbers often: the first visitors come hundreds of times, most once or twice.
    drawn = spark.range(sessions).select(
        F.col("id").alias("session"),
        F.floor(F.pow(_chance(seed, "visitor", "id"), 2) * pool).cast("bigint").alias("visitor"),
        (F.lit(1) + F.least(F.floor(F.log1p(-_chance(seed, "length", "id")) * -4.5), F.lit(60))).alias("length"),
        _whole(seed, "start", days * 86_400_000_000, "id").alias("start_micros"),
        _chance(seed, "landing", "id").alias("landing"),
        _whole(seed, "campaign", CAMPAIGNS, "id").alias("campaign_number"),
        (_chance(seed, "buys", "id") < 0.05).alias("buys"),
        (_chance(seed, "signs up", "id") < 0.01).alias("signs_up"),
        (_chance(seed, "logs in", "id") < 0.4).alias("logs_in"),
    )
    has_login = _chance(seed, "login", "visitor") < 0.2
    # In half of the pairs of neighbouring visitors with a login, both are one person with two devices.
    user = F.when(_chance(seed, "household", "pair") < 0.5, F.col("pair") * 2).otherwise(F.col("visitor"))
    return drawn.withColumn("pair", F.shiftright("visitor", 1)).select(
        "*",
        F.when(has_login, F.concat(F.lit("user-"), user)).alias("login"),
        F.concat(F.shiftrightunsigned(F.xxhash64("visitor"), 30), F.lit("."), F.col("visitor")).alias("anonymous_id"),
        (_chance(seed, "robot", "visitor") < 0.005).alias("is_robot"),
    )


def _events(sessions: DataFrame, seed: int) -> DataFrame:
    is_first, is_last = F.col("step") == 0, F.col("step") == F.col("length") - 1
    stepped = sessions.select(
        "*", F.explode(F.sequence(F.lit(0).cast("bigint"), (F.col("length") - 1).cast("bigint"))).alias("step")
    )
    name = (
        F.when(is_last & F.col("buys"), "purchase")
        .when(is_last & F.col("signs_up"), "sign_up")
        .when((F.col("step") == 1) & F.col("logs_in") & F.col("login").isNotNull(), "login")
        .when(_chance(seed, "item", "session", "step") < 0.3, "view_item")
        .otherwise("page_view")
    )
    described = stepped.withColumns(
        {
            "event_name": name,
            # Sometimes a second campaign within the visit, as from an e-mail opened in another tab.
            "lands": is_first | ((F.col("step") == 3) & (_chance(seed, "again", "session") < 0.08)),
            "second": F.when(is_first, F.col("landing")).otherwise(_chance(seed, "second", "session")),
            "event_micros": F.col("start_micros")
            + F.col("step") * 45_000_000
            + _whole(seed, "pause", 40_000_000, "session", "step"),
        }
    )
    is_purchase = F.col("event_name") == "purchase"
    happened = F.timestamp_micros(F.unix_micros(F.lit(FIRST_DAY).cast("timestamp")) + F.col("event_micros"))
    page = F.concat(
        F.lit(f"https://{OWN_DOMAIN}/"),
        F.element_at(
            F.array(*map(F.lit, ("", "shoes", "shirts", "sale", "cart"))),
            (_whole(seed, "group", 5, "session", "step") + 1).cast("int"),
        ),
        F.lit("/"),
        _whole(seed, "page", 5000, "session", "step"),
    )
    query = F.when(F.col("lands"), _of_landing(1))
    return described.select(
        F.md5(F.concat_ws("/", F.lit(str(seed)), "session", "step")).alias("event_id"),
        "event_name",
        happened.alias("event_at"),
        happened.alias("sent_event_at"),
        F.lit(False).alias("is_clock_skewed"),
        (happened + F.expr("INTERVAL 2 SECONDS")).alias("received_at"),
        "anonymous_id",
        F.when(F.col("logs_in") & (F.col("step") >= 1), F.col("login")).alias("user_id"),
        *(F.lit(None).alias(field) for field in ("session_id", "source", "medium", "campaign", "content", "term")),
        F.lit("web").alias("platform"),
        F.when(query.isNotNull(), F.concat(page, F.lit("?"), query)).otherwise(page).alias("page_url"),
        F.when(F.col("lands"), _of_landing(2))
        .otherwise(F.concat(F.lit(f"https://{OWN_DOMAIN}/"), _whole(seed, "before", 5000, "session", "step")))
        .alias("referrer"),
        F.lit(None).alias("install_referrer"),
        F.when(F.col("is_robot"), F.lit(BOT)).otherwise(_agent(seed)).alias("user_agent"),
        F.concat_ws(".", F.lit("203"), *(_whole(seed, part, 256, "visitor") for part in "abc")).alias("ip"),
        F.lit("US").alias("country"),
        F.lit(None).alias("consent_analytics"),
        F.when(_chance(seed, "consent", "visitor") < 0.7, F.lit(True)).alias("consent_ads"),
        F.lit(None).cast("timestamp").alias("clicked_at"),
        *(F.lit(None).cast("string").alias(field) for field in ("id_kind", "att_status")),
        F.when(is_purchase, F.concat(F.lit("order-"), F.col("session"))).alias("order_id"),
        F.when(is_purchase, F.round(F.lit(20) + _chance(seed, "value", "session") * 180, 2)).alias("value"),
        F.when(is_purchase, F.lit("USD")).alias("currency"),
        F.concat(F.lit('{"screen":"1920x1080","experiment":"'), _whole(seed, "try", 100, "session"), F.lit('"}')).alias(
            "properties"
        ),
        F.lit(None).alias("extra"),
        F.xxhash64("session", "step", "event_name").alias("payload_hash"),
        F.lit("events/made.jsonl").alias("source_file"),
        F.lit("bench").alias("batch_id"),
    )


def _of_landing(field: int) -> Column:
    """Query (1) or referrer (2) of the landing that the number `second` chooses; null for a direct visit."""
    chosen = F.lit(None).cast("string")
    bounds = [sum(landing[0] for landing in LANDINGS[: index + 1]) for index in range(len(LANDINGS))]
    for bound, landing in reversed(list(zip(bounds, LANDINGS, strict=True))):
        chosen = F.when(F.col("second") < bound, _filled(landing[field])).otherwise(chosen)
    return chosen


def _filled(text: str | None) -> Column:
    if text is None:
        return F.lit(None).cast("string")
    with_campaign = F.replace(F.lit(text), F.lit("{c}"), F.col("campaign_number").cast("string"))
    return F.replace(with_campaign, F.lit("{n}"), F.hex("session")) if "{n}" in text else with_campaign


def _agent(seed: int) -> Column:
    agents = F.array(*(F.lit(agent) for agent in AGENTS))
    kind = (_whole(seed, "agent", len(AGENTS), "visitor") + 1).cast("int")
    version = (_whole(seed, "version", AGENT_VERSIONS, "visitor") + 100).cast("string")
    return F.replace(F.element_at(agents, kind), F.lit("{v}"), version)
