"""The small shop, published once; tests only read it."""

from __future__ import annotations

from tests.shop_fixtures import published, shop

__all__ = ["published", "shop"]
