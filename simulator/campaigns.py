"""How people come to the shop: ad campaigns and unpaid sources, each with its effect and its cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Tagging = Literal["utm", "auto", "referrer", "deep_link", "universal", "explicit", "none"]
Surface = Literal["web", "app", "any"]


@dataclass(frozen=True)
class Rate:
    """What an ad account charges, in its currency: per click (`per_click`) or per thousand impressions (`per_mille`).

    An empty currency or time zone means the shop's. Prices fit a mean order of 60,000 KRW (43 USD) and scale with the
    shop's mean order value. `ctr` is clicks / impressions. `phantom_clicks` are clicks per day that cost money and
    bring no tagged visit.
    """

    account_id: str
    currency: str
    timezone: str
    per_click: float = 0.0
    per_mille: float = 0.0
    ctr: float = 0.02
    phantom_clicks: float = 0.0


@dataclass(frozen=True)
class Campaign:
    """One way into the shop.

    Visits draw their campaign by weight: `discover` for prospects, `loyal` for customers, `closing` for visits in which
    a person buys who had decided to buy before. `push` and `pull` are what one touch adds to the hazard of a first
    purchase, at once and over the following days: the purchases it is expected to cause in a person who has not bought
    yet. `tagging` is how the landing page names the campaign; `click_id` is the parameter that the network adds.
    """

    key: str
    source: str | None = None
    medium: str | None = None
    name: str | None = None
    tagging: Tagging = "utm"
    surface: Surface = "web"
    discover: float = 0.0
    loyal: float = 0.0
    closing: float = 0.0
    push: float = 0.0
    pull: float = 0.0
    referrers: tuple[str, ...] = ()
    click_id: str | None = None
    extra_query: str = ""
    logs_clicks: bool = False
    impressions: float = 0.0
    platform: str = ""
    campaign_id: str = ""
    rates: Rate | None = field(default=None, repr=False)


_GOOGLE = ("https://www.google.com/", "https://www.google.co.kr/")
_NAVER = ("https://search.naver.com/search.naver?query=%EB%B4%84+%EC%9E%90%EC%BC%93", "https://m.search.naver.com/")
_NAVER_QUERY = (
    "n_media=27758&n_query=%EB%B4%84%EC%9E%90%EC%BC%93&n_rank=1&n_ad_group=grp-a001-01-000000012"
    "&n_ad=nad-a001-01-000000345&n_campaign_type=1"
)


def _local(account: str, per_click: float, ctr: float = 0.03, phantom: float = 0.0) -> Rate:
    return Rate(account, "", "", per_click=per_click, ctr=ctr, phantom_clicks=phantom)


def _usd(account: str, zone: str, per_click: float, ctr: float = 0.012) -> Rate:
    return Rate(account, "USD", zone, per_click=per_click, ctr=ctr)


# fmt: off
# A table: one campaign a paragraph.
PAID = (
    Campaign("google_brand", "google", "cpc", "kr_brand_exact", discover=2, loyal=3, closing=12, push=0.004,
             pull=0.002, referrers=_GOOGLE, click_id="gclid", extra_query="gad_source=1", logs_clicks=True,
             platform="google_ads", campaign_id="20110001", rates=_local("1112223334", 760, 0.18)),
    Campaign("google_generic", "google", "cpc", "kr_generic_jackets", "auto", discover=8, loyal=1, closing=2,
             push=0.018, pull=0.022, referrers=_GOOGLE, click_id="gclid",
             extra_query="gad_source=1&gad_campaignid=20110002", platform="google_ads", campaign_id="20110002",
             rates=_local("1112223334", 790, 0.045)),
    Campaign("google_shopping", "google", "cpc", "kr_shopping_feed", discover=4, loyal=1, closing=2, push=0.03,
             pull=0.015, referrers=_GOOGLE, click_id="gclid", platform="google_ads", campaign_id="20110003",
             rates=_local("1112223334", 740, 0.02)),
    Campaign("google_pmax", "google", "cpc", "kr_cross-network_pmax", discover=4, loyal=1, closing=1, push=0.012,
             pull=0.014, referrers=_GOOGLE, click_id="wbraid", logs_clicks=True, platform="google_ads",
             campaign_id="20110004", rates=_local("1112223334", 760, 0.015)),
    Campaign("naver_search", "naver", "cpc", "파워링크_봄자켓", discover=9, loyal=2, closing=5, push=0.022, pull=0.02,
             referrers=_NAVER, extra_query=_NAVER_QUERY, platform="naver_searchad", campaign_id="cmp-a001-01-0001",
             rates=_local("987654", 820, 0.035)),
    Campaign("naver_shopping", "naver", None, "쇼핑검색_전상품", "auto", discover=5, loyal=1, closing=2, push=0.028,
             pull=0.012, referrers=("https://search.shopping.naver.com/",), click_id="NaPm",
             platform="naver_searchad", campaign_id="cmp-a001-02-0002", rates=_local("987654", 680, 0.02)),
    Campaign("bing_search", "bing", "cpc", "kr_bing_generic", discover=1.2, loyal=0.2, closing=0.5, push=0.02,
             pull=0.015, referrers=("https://www.bing.com/",), click_id="msclkid", platform="microsoft_ads",
             campaign_id="33300001", rates=_usd("F107XYZ", "America/Los_Angeles", 0.62, 0.03)),
    Campaign("youtube_video", "youtube", "cpv", "kr_video_spring_lookbook", discover=5, push=0.004, pull=0.045,
             referrers=("https://www.youtube.com/", "https://m.youtube.com/"), logs_clicks=True, impressions=6,
             platform="youtube", campaign_id="20110005",
             rates=Rate("1112223335", "", "", per_mille=5200, ctr=0.008)),
    Campaign("display_banner", "gdn", "cpm", "kr_banner_spring", discover=4, push=0.002, pull=0.01,
             referrers=("https://news.example.net/", "https://googleads.g.doubleclick.net/"), click_id="dclid",
             impressions=6, platform="google_ads", campaign_id="20110006",
             rates=Rate("1112223334", "", "", per_mille=1500, ctr=0.004)),
    Campaign("retargeting", "criteo", "retargeting", "dynamic_retargeting", loyal=2, closing=5, push=0.0005,
             pull=0.0005, referrers=("https://news.example.net/", "https://weather.example.net/"), impressions=2,
             platform="criteo", campaign_id="77001", rates=_usd("c-5501", "UTC", 0.44, 0.006)),
    Campaign("meta_paid", "facebook", "paid_social", "KR_Prospecting_Video", discover=8, loyal=1, push=0.008,
             pull=0.035, referrers=("https://l.facebook.com/", "https://m.facebook.com/"), click_id="fbclid",
             logs_clicks=True, platform="meta", campaign_id="6123450001",
             rates=_usd("act_4455", "America/Los_Angeles", 0.43)),
    Campaign("instagram_paid", "instagram", "paid_social", "KR_Reels 봄 신상", discover=7, loyal=1, push=0.009,
             pull=0.03, referrers=("https://l.instagram.com/",), click_id="fbclid", platform="meta",
             campaign_id="6123450002", rates=_usd("act_4455", "America/Los_Angeles", 0.39)),
    Campaign("tiktok_paid", "tiktok", "paid_social", "kr_spark_ads", discover=5, push=0.004, pull=0.022,
             referrers=("https://www.tiktok.com/",), click_id="ttclid", logs_clicks=True, platform="tiktok",
             campaign_id="179990001", rates=_usd("7000123", "UTC", 0.28)),
    Campaign("kakao_paid", "kakao", "paid_social", "kakao_bizboard", discover=4, loyal=1, push=0.012, pull=0.018,
             click_id="ko_click_id", platform="kakao_moment", campaign_id="880011",
             rates=_local("55001", 560, 0.006)),
    Campaign("kakao_message", "kakao", "paid_message", "friends_talk_weekly", "universal", discover=0.5, loyal=6,
             closing=2, push=0.012, pull=0.006, platform="kakao_moment", campaign_id="880012",
             rates=_local("55001", 1150, 0.04)),
    Campaign("affiliate", "linkprice", "affiliate", "cashback_partners", discover=2.5, loyal=1, closing=3,
             push=0.016, pull=0.004, referrers=("https://click.linkprice.com/",), extra_query="lpinfo=A100123456",
             platform="linkprice", campaign_id="lp-01", rates=_local("lp-merchant-9", 640, 0.05)),
    Campaign("app_install_ads", "google", "cpc", "kr_app_installs", "deep_link", "app", discover=6, push=0.01,
             pull=0.02, click_id="gclid", platform="google_ads", campaign_id="20110007",
             rates=_local("1112223334", 750, 0.02)),
    # Fake clicks, claimed just before a purchase or an install that would have happened anyway.
    Campaign("click_flood", "adfast", "affiliate", "cpa_boost", platform="adfast", campaign_id="af-1",
             rates=Rate("af-200", "", "", per_click=900, ctr=0.2)),
    # Spend that brings no tagged visit.
    Campaign("tv_sync", "tvsync", "paid_video", "tv_sync_awareness", platform="youtube", campaign_id="20110099",
             rates=_local("1112223335", 30, 0.001, phantom=400)),
)

UNPAID = (
    Campaign("newsletter", "newsletter", "email", "weekly_lookbook", discover=1, loyal=14, closing=5, push=0.014,
             pull=0.01, referrers=("", "https://mail.naver.com/"), click_id="mc_cid"),
    Campaign("sms", "sms", "sms", "weekend_coupon", loyal=2, closing=1, push=0.012, pull=0.002),
    Campaign("app_push", "push", "push", "price_drop", "deep_link", "app", loyal=9, closing=5, push=0.01,
             pull=0.002),
    Campaign("app_share", "kakaotalk", "social", "share_button", "deep_link", "app", discover=0.6, loyal=1.5,
             push=0.01 ),
    Campaign("app_partner", "toss", "partner", "toss_benefit", "explicit", "app", discover=0.8, loyal=1, push=0.01),
    Campaign("podcast", "audioclip", "audio", "host_read", discover=0.5, pull=0.02),
    Campaign("ai_chatgpt", "chatgpt.com", None, None, "utm", discover=1.5, loyal=0.3, closing=1, push=0.03,
             pull=0.02, referrers=("https://chatgpt.com/", "")),
    Campaign("ai_other", tagging="referrer", discover=1, loyal=0.2, closing=0.4, push=0.025, pull=0.02,
             referrers=("https://www.perplexity.ai/", "https://gemini.google.com/", "https://claude.ai/",
                        "https://copilot.microsoft.com/")),
    Campaign("organic_google", tagging="referrer", discover=9, loyal=6, closing=13, push=0.008, pull=0.006,
             referrers=(*_GOOGLE, "android-app://com.google.android.googlequicksearchbox/")),
    Campaign("organic_naver", tagging="referrer", discover=10, loyal=6, closing=14, push=0.01, pull=0.006,
             referrers=(*_NAVER, "https://m.naver.com/")),
    Campaign("organic_other_search", tagging="referrer", discover=1.5, loyal=1, closing=1, push=0.008, pull=0.006,
             referrers=("https://search.daum.net/search?q=%EC%9E%90%EC%BC%93", "https://www.bing.com/",
                        "https://duckduckgo.com/")),
    Campaign("organic_social", tagging="referrer", discover=5, loyal=2, closing=1, push=0.004, pull=0.012,
             referrers=("https://l.instagram.com/", "https://t.co/AbC123", "https://m.blog.naver.com/style/2233",
                        "https://cafe.naver.com/dieselmania/1", "https://www.threads.net/"),
             click_id="fbclid"),
    Campaign("organic_video", tagging="referrer", discover=2, loyal=1, push=0.003, pull=0.014,
             referrers=("https://www.youtube.com/watch?v=abc123", "https://m.youtube.com/")),
    Campaign("referral", tagging="referrer", discover=3, loyal=1, closing=1, push=0.012, pull=0.006,
             referrers=("https://fashionlog.example.org/best-jackets", "https://www.danawa.com/",
                        "https://www.ppomppu.co.kr/")),
    Campaign("direct", tagging="none", surface="any", discover=9, loyal=26, closing=24, push=0.003, pull=0.001),
)
# fmt: on

CAMPAIGNS: tuple[Campaign, ...] = PAID + UNPAID
INDEX: dict[str, int] = {campaign.key: index for index, campaign in enumerate(CAMPAIGNS)}
