"""What trackers and their users call the events that we have a name for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from intake.knobs import Export

# By our name: other names of it, in lower case, with _ for all other signs, without those around it.
WORDS: Mapping[str, tuple[str, ...]] = {
    "page_view": ("page_view", "pageview", "page_viewed", "viewed_page", "loaded_a_page", "mp_web_page_view"),
    "screen_view": ("screen_view", "screen", "screen_viewed"),
    "view_item": ("view_item", "product_viewed", "viewed_product", "view_content", "af_content_view", "product_view"),
    "add_to_cart": ("add_to_cart", "product_added", "added_to_cart", "af_add_to_cart"),
    "begin_checkout": ("begin_checkout", "checkout_started", "initiate_checkout", "af_initiated_checkout"),
    "sign_up": (
        "sign_up",
        "signed_up",
        "signup",
        "user_signed_up",
        "complete_registration",
        "af_complete_registration",
    ),
    "login": ("login", "logged_in", "signed_in", "sign_in", "signin", "af_login"),
    "app_install": (
        "app_install", "application_install", "application_installed", "app_installed", "install", "first_open",
        "ae_first_open",
    ),
    "purchase": ("purchase", "purchased", "order_completed", "order_complete", "checkout_completed", "af_purchase"),
    "refund": ("refund", "refunded", "order_refunded", "af_refund"),
}  # fmt: skip
_SIGNS = "[^a-z0-9]+"


def own_name(name: Column, export: Export, *, words: Mapping[str, tuple[str, ...]] = WORDS) -> Column:
    """The event's name with us: that of the input's `event_names`, otherwise by `words`, otherwise as it was sent."""
    bare = F.regexp_replace(F.regexp_replace(F.lower(name), _SIGNS, "_"), r"^_|_\z", "")
    by_word = [F.when(bare.isin(*others), F.lit(own)) for own, others in words.items()]
    return named_by_settings(F.coalesce(*by_word, name), export, sent=name)


def named_by_settings(name: Column, export: Export, *, sent: Column) -> Column:
    """`name`, or what the input's `event_names` calls the event that was `sent` under that name."""
    chosen = export.event_names.items()
    return reduce(lambda other, pair: F.when(sent == pair[0], F.lit(pair[1])).otherwise(other), chosen, name)
