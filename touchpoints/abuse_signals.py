"""Ad abuse: clicks that claim a purchase or an install which they did not lead to.

Several signals look at each claim. Each is for abuse, against it, or says nothing. What a signal is worth is written
down here and fitted on nothing, so the same events give the same probability on any day and in any cut of the input.
Signals look at one device alone, within an hour, so that whom a late event concerns is among its affected persons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.knobs import AdAbuse
from warehouse.numbers import rounded

SECOND = 1_000_000  # microseconds
HOUR = 3600 * SECOND
SUCCESSES = ("purchase", "app_install", "sign_up")  # what a click can claim
SHARE_OF_ABUSE = 0.018  # of claims, before anything is known of them


@dataclass(frozen=True)
class Signal:
    """How often a signal is seen among abusive and among honest claims."""

    name: str
    of_abuse: float
    of_honest: float

    @property
    def weight(self) -> float:
        """What it adds to the log odds of abuse."""
        return math.log(self.of_abuse / self.of_honest)


# Judged, not measured, and with a margin: a rare click of a person must not be enough.
LANDS = Signal("lands on a page", 0.05, 0.6)
DOES_NOT_LAND = Signal("lands nowhere", 0.95, 0.24)
ON_SITE = Signal("while the visitor is on the site", 0.5, 0.04)
BEFORE_SUCCESS = Signal("just before a success", 0.6, 0.05)
SEVERAL = Signal("several clicks in an hour", 0.8, 0.033)
MANY = Signal("many clicks in an hour", 0.4, 0.02)
IN_SECONDS = Signal("several clicks in a minute", 0.3, 0.0055)
INSTALL_TOO_SOON = Signal("installed sooner than an app is downloaded", 0.6, 0.0003)
SIGNALS = (
    LANDS, DOES_NOT_LAND, ON_SITE, BEFORE_SUCCESS, SEVERAL, MANY, IN_SECONDS, INSTALL_TOO_SOON,
)  # fmt: skip
CLICKS_IN_SECONDS = 5  # claims of one device within a minute, around it
MANY_TIMES = 3  # so many times `several_clicks` are many


def with_abuse(rows: DataFrame, knobs: AdAbuse) -> DataFrame:
    """`rows` with abuse_probability, abuse_signals and is_abuse; the first two are null for what claims nothing.

    `rows` are touches and successes of `build_visits` without those of robots. A claim is an ad_click, a visit's touch
    with a click id, or an install whose referrer names a source. A claim that lands is followed, within two minutes on
    the device, by a page that begins a visit or names a source; a landing itself is one.
    """
    device = Window.partitionBy("device_key", "device").orderBy(F.unix_micros("event_at"))
    is_click = F.col("event_name") == "ad_click"
    is_install = F.col("event_name") == "app_install"
    in_visit = F.col("is_touch") & F.col("session_id").isNotNull()
    is_landing = in_visit & ~is_install
    is_claim = is_click | (is_landing & F.col("click_id").isNotNull())
    is_claimed_install = in_visit & is_install & F.col("source").isNotNull()

    def seen(what: Column, first: int, last: int) -> Column:
        """How many rows of the device are so, from `first` to `last` microseconds after this one."""
        return F.coalesce(F.sum(what.cast("int")).over(device.rangeBetween(first, last)), F.lit(0))

    is_success = F.col("event_name").isin(*SUCCESSES)
    soon = knobs.install_seconds * SECOND
    counted = rows.withColumns(
        {
            "is_claim": F.coalesce(is_claim, F.lit(False)),
            "is_claimed_install": F.coalesce(is_claimed_install, F.lit(False)),
            "is_landing": F.coalesce(is_landing, F.lit(False)),
        }
    ).select(
        "*",
        seen(F.col("is_landing"), 0, 120 * SECOND).alias("landings_after"),
        seen(F.col("is_claim"), -HOUR, HOUR).alias("claims_in_hours"),
        seen(F.col("is_claim"), -30 * SECOND, 30 * SECOND).alias("claims_in_minute"),
        seen(is_success, 0, HOUR).alias("successes_after"),
        seen(is_install, 0, soon).alias("installs_after"),
        seen(is_click, -soon, 0).alias("clicks_before"),
    )
    # By the tracker's own time of the click, which may be after the install.
    download = F.unix_micros("event_at") - F.unix_micros("clicked_at")
    is_clicked_late = F.coalesce(download <= soon, F.lit(False))
    lands = F.col("is_landing") | (F.col("landings_after") > 0)
    fires = {
        LANDS: lands & ~F.col("is_claimed_install"),
        DOES_NOT_LAND: ~lands & is_click,
        ON_SITE: ~lands & is_click & (F.col("since_page_ms") <= knobs.on_site_seconds * 1000),
        BEFORE_SUCCESS: ~lands & is_click & (F.col("successes_after") > 0),
        SEVERAL: F.col("is_claim") & (F.col("claims_in_hours") >= knobs.several_clicks),
        MANY: F.col("is_claim") & (F.col("claims_in_hours") >= MANY_TIMES * knobs.several_clicks),
        IN_SECONDS: F.col("is_claim") & (F.col("claims_in_minute") >= CLICKS_IN_SECONDS),
        INSTALL_TOO_SOON: (is_click & (F.col("installs_after") > 0))
        | (F.col("is_claimed_install") & ((F.col("clicks_before") > 0) | is_clicked_late)),
    }
    fired = {signal: F.coalesce(column, F.lit(False)) for signal, column in fires.items()}
    odds = F.lit(math.log(SHARE_OF_ABUSE / (1 - SHARE_OF_ABUSE)))
    for signal in SIGNALS:
        odds = odds + F.when(fired[signal], F.lit(signal.weight)).otherwise(F.lit(0.0))
    is_judged = F.col("is_claim") | F.col("is_claimed_install")
    names = F.array_join(F.array_compact(F.array(*(F.when(fired[one], F.lit(one.name)) for one in SIGNALS))), ", ")
    probability = rounded(F.lit(1.0) / (F.lit(1.0) + F.exp(-odds)), 6)
    judged = counted.select(
        *rows.columns,
        F.when(is_judged, probability).alias("abuse_probability"),
        F.when(is_judged, names).alias("abuse_signals"),
    )
    is_abuse = F.coalesce(F.col("abuse_probability") >= knobs.min_probability, F.lit(False))
    return judged.withColumn("is_abuse", is_abuse)
