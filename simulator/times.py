"""Times as text."""

from __future__ import annotations

import numpy as np

from simulator.shop import Floats, Shop


def utc_times(seconds: Floats) -> list[str]:
    """Seconds since 1970 UTC to ISO 8601 with milliseconds and Z."""
    milliseconds = np.round(seconds * 1000).astype("int64").astype("datetime64[ms]")
    return [f"{text}Z" for text in np.datetime_as_string(milliseconds, unit="ms").tolist()]


def iso_times(shop: Shop, seconds: Floats) -> list[str]:
    """Seconds since 1970 UTC to ISO 8601 with the shop's own offset, e.g. 2026-03-01T09:00:00.000+09:00."""
    offset = int(shop.offset.total_seconds())
    sign, hours, minutes = "-" if offset < 0 else "+", abs(offset) // 3600, abs(offset) % 3600 // 60
    return [f"{text[:-1]}{sign}{hours:02d}:{minutes:02d}" for text in utc_times(seconds + offset)]
