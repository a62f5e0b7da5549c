"""What the platforms that attribute installs call an ad network: its source and medium.

Lists of 2026-11. A network that is not in them is its own source, with the medium of a paid click or view.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

# By source and medium: names in lower case, with _ for other signs and without _int at their end.
NETWORKS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("google", "cpc"): (
        "google", "googleadwords", "google_ads", "google_ads_acq", "google_ads_ace", "google_ads_search",
        "google_ads_uac", "google_ads_aci", "google_adwords", "google_adwords_aci", "adwords",
        "google_universal_app_campaigns",
    ),
    ("google", "display"): ("google_marketing_platform", "doubleclick", "dv360", "google_ads_display"),
    ("youtube", "paid_video"): ("youtube", "google_ads_video"),
    ("apple", "cpc"): ("apple_search_ads", "apple_ads", "apple_searchads", "applesearchads"),
    ("facebook", "paid_social"): (
        "facebook_ads", "facebook", "facebook_installs", "meta", "meta_ads", "restricted", "off_facebook_installs",
        "facebook_business", "facebook_messenger_installs", "facebook_audience_network_installs",
    ),
    ("instagram", "paid_social"): ("instagram", "instagram_installs", "instagram_ads"),
    ("tiktok", "paid_social"): (
        "bytedanceglobal", "tiktokglobal", "tiktok", "tiktok_ads", "tiktok_for_business", "tiktok_for_business_san",
        "tiktok_san",
    ),
    ("snapchat", "paid_social"): ("snapchat", "snapchat_installs", "snap"),
    ("twitter", "paid_social"): ("twitter", "twitter_installs", "x_ads", "x_installs", "twitter_ads"),
    ("pinterest", "paid_social"): ("pinterest", "pinterest_san"),
    ("reddit", "paid_social"): ("reddit", "reddit_ads"),
    ("linkedin", "paid_social"): ("linkedin", "linkedin_ads"),
    ("line", "paid_social"): ("line_ads", "lineads", "line"),
    ("naver", "cpc"): ("naver_searchad", "naver_search_ads", "naver_search", "naver", "naver_sa"),
    ("naver", "display"): ("naver_gfa", "naver_performance_display_ad", "naver_display"),
    ("kakao", "paid_social"): ("kakao_moment", "kakaomoment", "kakao", "kakao_ads"),
    ("karrot", "paid_social"): ("karrot", "daangn", "danggeun"),
    ("yahoo", "cpc"): ("yahoojapan", "yahoo_japan", "yahoo_ads"),
    ("bing", "cpc"): ("microsoft_ads", "bing", "bing_ads", "microsoft_advertising"),
    # Links of the shop's own.
    ("email", "email"): ("email", "newsletter", "braze", "mailchimp", "airbridge_email"),
    ("sms", "sms"): ("sms", "lms"),
    ("push", "push"): ("push", "push_notification"),
    ("af_app_invites", "referral"): ("af_app_invites", "user_invite", "referral", "invite"),
    ("qr", "qr"): ("qr_code", "qr", "qrcode", "offline"),
}  # fmt: skip
# Nobody's ad: a visitor of whom no click is known.
ORGANIC = ("organic", "unattributed", "google_organic_search", "google_play_store_organic", "no_user_consent", "none")


def network_of(media_source: Column, *, medium: Column | None = None) -> tuple[Column, Column]:
    """Source and medium of a network by the name that its attribution has; both null for organic.

    `medium`: what the link itself says, where the network is in no list; otherwise it is cpc.
    """
    signs = F.regexp_replace(F.lower(media_source), "[^a-z0-9\\x{AC00}-\\x{D7A3}]+", "_")
    name = F.regexp_replace(F.regexp_replace(signs, r"^_|_\z", ""), r"_int\z", "")
    is_organic = name.isin(*ORGANIC) | (name == "")
    sources = [F.when(name.isin(*names), F.lit(source)) for (source, _), names in NETWORKS.items()]
    mediums = [F.when(name.isin(*names), F.lit(known)) for (_, known), names in NETWORKS.items()]
    other = F.lit("cpc") if medium is None else F.coalesce(medium, F.lit("cpc"))
    return (
        F.when(~is_organic, F.coalesce(*sources, name)),
        F.when(~is_organic, F.coalesce(*mediums, other)),
    )
