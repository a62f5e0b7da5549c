"""What to do about a failed check: one section per kind of check, for the page of data and docs/runbook.md.

The texts are in the locales under `runbook`.
"""

from __future__ import annotations

import re

from dashboard.words import Words, words_in

# Section: the names of its checks. Every name that a check can have belongs to exactly one, which a test proves.
SECTIONS: dict[str, re.Pattern[str]] = {
    section: re.compile(pattern)
    for section, pattern in {
        "files": r"^(files |rows kept by ingest |rows set aside are the rows of bronze)",
        "landed_money": r" amounts in .*: what (the files say is what became of it|was kept is in )",
        "ledger": (
            r"^(rows|amounts) set aside are those of the ledger$"
            r"|: what became of the amounts adds up to bronze$|: the amounts that count are those of silver$"
        ),
        "unsettled": r"^share of the value of orders whose newest row is in quarantine",
        "keys": r"^keys that stand twice in ",
        "nulls": r"^nulls in ",
        "ranges": r"^values out of range in ",
        "aliases": r"^(logins that are aliases of several buyers|aliases that are buyers with aliases)$",
        "identities": r"^intervals of a device that are empty or overlap$",
        "sessions": (
            r"^(events of sessions are |sessions that end before they start$|events in activity beside "
            r"|touches of a session that does not exist$)"
        ),
        "personal_links": r" says an e-mail address or phone number$",
        "robots": r"^(visits by reason |events by reason |people's visits )",
        "source_findings": r"^touches from own pages are self-referrals$",
        "orders": (
            r"^(orders of the feed that count|orders refunded by more than their value|purchases are the orders that "
            r"count|value of purchases is the value of orders|buyers have one first purchase each)$"
        ),
        "spend": r"^spend of ",
        "journeys": r"^(conversions of credited types end one journey each|value of journeys is the value of )",
        "credits": (
            r": (conversions|net value|gross value) credited$|: conversions whose credit is not 1$"
            r"|: conversions credited with another value$|^models that were not requested$"
        ),
        "performance": r": (conversions|value|gross value|spend)$",
        "paths": r" in path_summary$",
        "links": r" in conversion_links$",
        "unmatched": r"^matched and unmatched spend are all spend$",
        "ad_abuse": r"^(claims |spend on ad abuse )",
        "postbacks": r"^postbacks ",
        "losses": (
            r"^(conversions without a touch have a cause|value of conversions without a touch|kinds of losses that are "
            r"more than there is|(conversions|value) lost to consent and log-out)$"
        ),
        "fits": r"^(fits whose channel shares |states whose transition probabilities )",
        "customers": r"^(orders of customers are |net value of customers is |customers scored are )",
        "totals": r"^totals (of channels that do not add up |outside of their intervals)",
        "cohorts": (
            r"^(customers of cohorts are |orders of cohorts are |value of cohorts is |predicted value of cohorts is )"
            r"| of all \S+s, furthest from what it should be$"
        ),
        "behaviour": (
            r"^(purchases in features beside |rows of churn are |customers whose reasons of churn |"
            r"predictors of churn without |rows of early value are |value to date of new users is )"
        ),
        "retention": r"^(customers of the retention list |places of the retention list |profits outside of )",
        "forecasts": r"^(forecasts compared are |origins within |intervals that are narrower )",
        "marts": r"^(rows of \S+ without \(|total of \S+ \(|failures of )",
    }.items()
}


def section_of(check: str) -> str | None:
    """The section about a check; None for a name that this version does not know."""
    return next((section for section, pattern in SECTIONS.items() if pattern.search(check)), None)


def what_to_do(check: str, words: Words) -> str:
    """What to do where the check fails, in one or two sentences; '' for a check that this version does not know."""
    section = section_of(check)
    return words(f"runbook.{section}.do") if section else ""


def runbook_page() -> str:
    """docs/runbook.md: each section with what its checks mean and what to do."""
    words = words_in("en")
    parts = [f"# Runbook: when a check fails\n\n{words('runbook.heading')}\n"]
    for section, pattern in SECTIONS.items():
        means, do = words(f"runbook.{section}.means"), words(f"runbook.{section}.do")
        parts.append(
            f"## {words(f'runbook.{section}.title')}\n\n{means}\n\n{words('runbook.way_out')} {do}\n\n"
            f"{words('runbook.names')} `{pattern.pattern}`\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    import sys

    sys.stdout.write(runbook_page())
