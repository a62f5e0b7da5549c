"""The pages over a small lake, asked as a browser asks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from dashboard.serve.app import create_app
from dashboard.serve.context import Shop
from dashboard.serve.knobs import Serve

KNOBS = Serve(
    host="127.0.0.1",
    port=8765,
    hosts=("testserver",),
    token_file=None,
    user_header=None,
    personal_for=("local",),
    smallest_count=30,
)


def shop_over(lake: Path, **changes: Any) -> Shop:
    knobs = KNOBS.model_copy(update=changes.pop("knobs", {}))
    shop: dict[str, Any] = {
        "lake": str(lake),
        "title": None,
        "timezone": "Asia/Seoul",
        "landing_root": None,
        "lookback_days": 30,
        "targets": {},
        "language": "en",
        "knobs": knobs,
    }
    return Shop(**{**shop, **changes})


def pages_over(lake: Path, **changes: Any) -> TestClient:
    return TestClient(create_app(shop_over(lake, **changes)), headers={"accept-language": "en"})
