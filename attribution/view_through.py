"""View-through touches: an impression counts only where its journey ends soon after it."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.tables.silver_journeys import TOUCH_STRUCT

MICROS_PER_HOUR = 3_600_000_000
KIND = "interaction"
# A path while its touches still have their KIND.
KIND_PATH = f"array<{TOUCH_STRUCT[:-1]}, {KIND}:string>>"
FIELDS = tuple(field.split(":")[0] for field in TOUCH_STRUCT.removeprefix("struct<").removesuffix(">").split(", "))


def counted_touches(path: Column, ended_at: Column, hours: int) -> Column:
    """The path of type KIND_PATH without the impressions more than `hours` before `ended_at`, and without KIND.

    Exactly so many hours before still counts. Clicks stay, however old: their window is the journey's.
    """
    opens = F.unix_micros(ended_at) - F.lit(hours * MICROS_PER_HOUR)
    counted = F.filter(path, lambda touch: (touch[KIND] == "click") | (F.unix_micros(touch["touched_at"]) >= opens))
    plain = F.transform(counted, lambda touch: F.struct(*(touch[name].alias(name) for name in FIELDS)))
    return plain.cast(f"array<{TOUCH_STRUCT}>")
