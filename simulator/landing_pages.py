"""The first page of a visit: its URL with the campaign's parameters, and its referrer."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

from simulator.campaigns import Campaign

SCHEME = "exampleshop"  # of the app's deep links
PATHS = ("/", "/event/spring", "/c/outer", "/p/1042", "/p/2210", "/p/%EB%B4%84-%EC%9E%90%EC%BC%93", "/best")
TERMS = ("spring jacket", "봄 자켓", "trench coat", "바람막이", "linen+shirt")
IN_APP = f"{SCHEME}://home"


def landing_page(campaign: Campaign, *, domain: str, host: str, token: str, quirk: int) -> tuple[str, str]:
    """URL and referrer ('' = none) of a visit's first page.

    `host` is www, m or app; `token` is a random text for the click id. `quirk` (0 .. 999) chooses path and referrer,
    and sometimes one of the oddities of real links.
    """
    path = PATHS[quirk % len(PATHS)]
    query = _query(campaign, token, quirk)
    if host == "app" and campaign.tagging != "universal":
        target = f"{SCHEME}://{path.strip('/') or 'home'}"
    else:
        target = f"https://{'www' if host == 'app' else host}.{domain}{path}"
    url = f"{target}?{query}" if query else target
    if quirk % 41 == 0:
        url += "#reviews"
    referrer = campaign.referrers[quirk % len(campaign.referrers)] if campaign.referrers and host != "app" else ""
    if quirk % 29 == 0 and not referrer.startswith("android-app"):
        referrer = ""  # some browsers and apps send no referrer
    return url, referrer


def explicit_fields(campaign: Campaign) -> str:
    """The source fields of a JSON line that app trackers send with the event."""
    source_fields = (("source", campaign.source), ("medium", campaign.medium), ("campaign", campaign.name))
    return "".join(f',"{name}":"{value}"' for name, value in source_fields if value is not None)


def install_referrer(campaign: Campaign, token: str, *, injected: bool) -> str:
    """The install referrer that Google Play passes to a new app; `injected` = a fraudulent click claims the install."""
    if injected:
        return f"utm_source=adfast&utm_medium=affiliate&utm_campaign=cpa_boost&click_id={token}"
    if campaign.key == "app_install_ads":
        return f"utm_source=google&utm_medium=cpc&utm_campaign={campaign.name}&gclid={token}"
    return "utm_source=google-play&utm_medium=organic"


def _query(campaign: Campaign, token: str, quirk: int) -> str:
    parts = []
    if campaign.tagging in ("utm", "deep_link", "universal"):
        parts.append(_utm(campaign, quirk))
    if campaign.click_id == "NaPm":
        parts.append("NaPm=" + quote(f"ct={token[:8]}|ci={token}|tr=sa|hk={token[8:]}", safe=""))
    elif campaign.click_id == "fbclid" and campaign.tagging == "referrer":
        if quirk % 2:  # Meta adds fbclid to many organic clicks too
            parts.append(f"fbclid=IwAR0{token}")
    elif campaign.click_id:
        parts.append(f"{campaign.click_id}={campaign.key[:2].title()}0KCQ{token}")
    if campaign.extra_query:
        parts.append(campaign.extra_query)
    return "&".join(part for part in parts if part)


def _utm(campaign: Campaign, quirk: int) -> str:
    """The UTM parameters; some are in the wrong case or badly encoded, as in real links."""
    encode = quote_plus if quirk % 2 else quote
    parameters = [("utm_source", campaign.source), ("utm_medium", campaign.medium), ("utm_campaign", campaign.name)]
    if campaign.medium == "cpc":
        parameters.append(("utm_term", ("", "(not set)", *TERMS)[quirk % 7]))
    if quirk % 5 == 0:
        parameters.append(("utm_content", f"creative_{quirk % 4}"))
    if quirk % 97 == 0:
        parameters = [(name.upper(), value) for name, value in parameters]
    if quirk % 89 == 0:
        parameters[0] = (parameters[0][0], (campaign.source or "").title())
    query = "&".join(f"{name}={encode(value)}" for name, value in parameters if value is not None)
    if quirk % 101 == 0:
        query += "&utm_content=100%_wool"  # a percent sign that encodes nothing
    if quirk % 103 == 0:
        query += "&utm_source=second_value"  # the same parameter twice
    return query
