"""One middle-sized shop, written once."""

from __future__ import annotations

import pytest
from landed_shop import Landed

from simulator import Shop, write_landing


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    shop = Shop(days=30, visitors=4_000, shared_device_share=0.05, malformed_share=0.003, missing_field_share=0.002)
    folder = tmp_path_factory.mktemp("shop")
    return Landed(shop, folder, write_landing(shop, folder))
