"""Audiences: people who visited and did not buy since, as the ids that an ad platform can take."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from published.days import start_of
from published.publication import Published
from warehouse.tables import SILVER_CONVERSIONS, SILVER_TOUCHPOINTS

USER_ID, EMAIL, APP_DEVICE, COOKIE = "user_id", "email_sha256", "device_id", "cookie_id"
E_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# With its country, or as it is dialled at home: a login that is one is personal, and platforms hash phones differently.
PHONE_NUMBER = re.compile(r"\+[0-9][0-9 ().-]{8,20}|0[0-9]{1,3}[ .-]?[0-9]{3,4}[ .-]?[0-9]{4}")


class Member(NamedTuple):
    """One id of somebody in the audience, and of what kind it is."""

    id_type: str
    id: str


@dataclass(frozen=True)
class Audience:
    """The ids of an audience, sorted, the reporting days of its visits, and how many ids were left out as phone
    numbers."""

    first_day: date
    as_of: date
    members: tuple[Member, ...]
    phone_numbers: int


def read_audience(published: Published, *, days: int, timezone: str) -> Audience | None:
    """Who visited on the last `days` reporting days up to the publication's as_of and did not buy since.

    - A visit is the start or a change of source in a session of no robot; ad abuse and impressions are none. Only
      visits with consent to ads count, of people, and on devices, whose newest touch has it too.
    - Who bought at or after the first visit of these days is left out, and so are the devices that they used.
    - Logins and devices are members each. A login that is an e-mail address is its SHA-256 (in lower case).

    None where the tables are not published.
    """
    if not published.has(SILVER_TOUCHPOINTS, SILVER_CONVERSIONS):
        return None
    first_day = published.as_of - timedelta(days=days - 1)
    since, until = (start_of(day, timezone) for day in (first_day, published.as_of + timedelta(days=1)))
    rows = published.rows(
        f"""
        with touches as (
            select person_id, anonymous_id, platform, touched_at, consent_ads,
                   session_id is not null and interaction = 'click' and not coalesce(is_abuse, false)
                     and touched_at >= {since} and touched_at < {until} as is_visit,
                   row_number() over (
                     partition by person_id order by touched_at desc, consent_ads, touchpoint_id) as of_person,
                   row_number() over (
                     partition by anonymous_id order by touched_at desc, consent_ads, touchpoint_id) as of_device
            from silver_touchpoints
        ),
        visitors as (select person_id, min(touched_at) as first_at from touches where is_visit group by person_id),
        buyers as (
            select distinct visitors.person_id from visitors join silver_conversions as bought
              on bought.person_id = visitors.person_id and bought.conversion_type = 'purchase'
             and bought.converted_at >= visitors.first_at
        ),
        agreed as (select person_id from touches where of_person = 1 and consent_ads),
        devices as (
            select anonymous_id, platform from touches
            where of_device = 1 and consent_ads and anonymous_id is not null and anonymous_id not in (
              select anonymous_id from touches
              where is_visit and anonymous_id is not null and person_id in (select person_id from buyers))
        ),
        members as (
            select distinct person_id, anonymous_id from touches
            where is_visit and consent_ads and person_id in (select person_id from agreed)
              and person_id not in (select person_id from buyers)
        )
        select 'login' as kind, substr(person_id, 6) as id from members where person_id like 'user:%'
        union
        select case when devices.platform in ('ios', 'android') then 'app' else 'web' end as kind, devices.anonymous_id
        from members join devices on devices.anonymous_id = members.anonymous_id
        """,
        SILVER_TOUCHPOINTS,
        SILVER_CONVERSIONS,
    )
    is_phone = [PHONE_NUMBER.fullmatch(row["id"].strip()) is not None for row in rows]
    members = {member(row["kind"], row["id"]) for row, left_out in zip(rows, is_phone, strict=True) if not left_out}
    return Audience(first_day, published.as_of, tuple(sorted(members)), sum(is_phone))


def member(kind: str, id_: str) -> Member:
    """A login, an app's device or a browser's cookie as an audience has it; e-mail addresses are never plain.

    >>> from published.audiences import member
    >>> member("login", "Ann@Shop.example").id[:8]
    '6a0bf011'
    """
    if E_MAIL.fullmatch(id_.strip()):
        return Member(EMAIL, hashlib.sha256(id_.strip().lower().encode()).hexdigest())
    return Member({"login": USER_ID, "app": APP_DEVICE, "web": COOKIE}[kind], id_)


def counted(members: Iterable[Member]) -> dict[str, int]:
    """How many ids there are of each kind."""
    counts: dict[str, int] = {}
    for one in members:
        counts[one.id_type] = counts.get(one.id_type, 0) + 1
    return counts
