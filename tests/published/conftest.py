"""The small shop, published once: tests read it and change nothing."""

from __future__ import annotations

from tests.shop_fixtures import published, shop

__all__ = ["published", "shop"]
