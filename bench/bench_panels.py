"""How long every panel of the pages of paths, customers and churn takes over large tables, made up without Spark.

    python bench/bench_panels.py --customers 1000000 --journeys 500000 --lake /tmp/large

A customer has a row in customer value, in the history and, every second one, on the retention list. Of the journeys
every fourth converts; paths have 1 to 12 touches of 12 channels, three on average. Prints the median wall time and
processor time of several answers to each panel, each from the published tables, without what a server keeps.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

sys.path.insert(0, str(Path(__file__).parents[1]))

from dashboard.serve.address import Asked
from dashboard.serve.churn_page import PAGE as CHURN
from dashboard.serve.context import Context, Shop
from dashboard.serve.customers_page import PAGE as CUSTOMERS
from dashboard.serve.knobs import Serve
from dashboard.serve.paths_page import PAGE as PATHS
from published.publication import read_published
from tests.published_lake import arrow_schema, publish
from warehouse.contracts import Table
from warehouse.tables import (
    GOLD_CUSTOMER_SUMMARY,
    GOLD_CUSTOMER_VALUE,
    GOLD_RETENTION_LIST,
    GOLD_RETENTION_PROFIT,
    SILVER_JOURNEYS,
)
from warehouse.tables.gold_customer_value import SEGMENTS

AS_OF = date(2026, 3, 31)
MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)
CHANNELS = [f"Channel {number}" for number in range(12)]
ANSWERS = 5


def main() -> None:
    """Make the lake, or take the one that is there, and time the panels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--journeys", type=int, default=500_000)
    parser.add_argument("--lake", type=Path, required=True, help="where the tables are made; kept for the next time")
    options = parser.parse_args()
    if not options.lake.exists():
        make_lake(options.lake, customers=options.customers, journeys=options.journeys)
    for page in (PATHS, CUSTOMERS, CHURN):
        for part in page.parts:
            walls, processor = [], []
            for _ in range(ANSWERS):
                context = context_over(options.lake, f"/{page.key}/{part.key}")
                wall, cpu = time.perf_counter(), time.process_time()
                part.make(context)
                walls.append(time.perf_counter() - wall)
                processor.append(time.process_time() - cpu)
            sys.stdout.write(
                f"{page.key}/{part.key}: {statistics.median(walls) * 1000:.0f} ms, "
                f"processor {statistics.median(processor) * 1000:.0f} ms\n"
            )


def context_over(lake: Path, path: str) -> Context:
    """What a request for a panel is answered from, with a cell opened."""
    knobs = Serve(
        host="127.0.0.1",
        port=8765,
        hosts=(),
        token_file=None,
        user_header=None,
        personal_for=("local",),
        smallest_count=30,
    )
    shop = Shop(str(lake), None, "Asia/Seoul", None, 30, {}, "en", knobs)
    return Context(shop, read_published(str(lake)), Asked(open="p0-s6"), "local", path)


def make_lake(lake: Path, *, customers: int, journeys: int) -> None:
    """The tables, published together."""
    chance = np.random.default_rng(20260301)
    publish(
        lake,
        {
            SILVER_JOURNEYS: write(lake, SILVER_JOURNEYS, journey_columns(journeys, chance)),
            **{table: write(lake, table, columns) for table, columns in customer_columns(customers, chance).items()},
            GOLD_RETENTION_PROFIT: write(lake, GOLD_RETENTION_PROFIT, {"as_of": pa.array([], pa.date32())}),
        },
        as_of=AS_OF,
    )


def write(lake: Path, table: Table, columns: dict[str, pa.Array]) -> int:
    """Write the columns and return the version; columns that are missing are 0, empty or null."""
    schema = arrow_schema(table)
    rows = len(next(iter(columns.values())))
    full = [columns[field.name] if field.name in columns else filled(field, rows) for field in schema]
    write_deltalake(
        lake / table.layer / table.name,
        pa.table([array.cast(field.type) for array, field in zip(full, schema, strict=True)], schema=schema),
    )
    return 0


def filled(field: pa.Field, rows: int) -> pa.Array:
    """A column without information."""
    if field.nullable:
        return pa.nulls(rows, field.type)
    if pa.types.is_date(field.type):
        return pa.repeat(AS_OF, rows)
    if pa.types.is_list(field.type):
        return pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], field.type.value_type))
    value = {"string": "KRW", "bool": False}.get(str(field.type), 0)
    return pa.repeat(pa.scalar(Decimal(0) if pa.types.is_decimal(field.type) else value, field.type), rows)


def journey_columns(journeys: int, chance: np.random.Generator) -> dict[str, pa.Array]:
    """Journeys of the last 60 days, most of them without a conversion."""
    touches = np.minimum(chance.geometric(1 / 3, journeys), 12)
    ends = np.concatenate([[0], np.cumsum(touches)]).astype(np.int32)
    ended = moments(chance.integers(0, 60 * 86_400, journeys))
    seconds = np.repeat(chance.integers(0, 30 * 86_400, journeys), touches)
    names = pa.array([f"j{number:09}" for number in range(journeys)])
    none = pa.nulls(int(ends[-1]), pa.string())
    touched = moments(seconds).cast(pa.timestamp("us", "UTC"))
    fields = {
        "touched_at": touched,
        "touchpoint_id": pa.array([f"t{number:011}" for number in range(int(ends[-1]))]),
        "channel": pa.array(CHANNELS).take(pa.array(chance.integers(0, len(CHANNELS), int(ends[-1])))),
        **dict.fromkeys(("source", "medium", "campaign", "campaign_id"), none),
    }
    converts = pa.array(chance.random(journeys) < 0.25)
    return {
        "journey_id": names,
        "conversion_type": pa.repeat("purchase", journeys),
        "conversion_id": pa.compute.if_else(converts, names, pa.scalar(None, pa.string())),
        "ended_at": ended,
        "path": pa.ListArray.from_arrays(pa.array(ends), pa.StructArray.from_arrays(fields.values(), fields.keys())),
    }


def customer_columns(customers: int, chance: np.random.Generator) -> dict[Table, dict[str, pa.Array]]:
    """Customers with value and history, half of them on the retention list."""
    persons = pa.array([f"user:u{number:08}" for number in range(customers)])
    alive = chance.random(customers)
    shared = {
        "person_id": persons,
        "acquisition_channel": pa.array(CHANNELS).take(pa.array(chance.integers(0, len(CHANNELS), customers))),
    }
    money = pa.array(chance.gamma(1, 50_000, customers).round(2)).cast(pa.decimal128(28, 6), safe=False)
    listed = pa.array(np.arange(0, customers, 2))
    return {
        GOLD_CUSTOMER_VALUE: shared
        | {
            "p_alive": pa.array(alive),
            "churn_30d": pa.array(1 - alive * chance.random(customers)),
            "clv_365d": money,
            "segment": pa.array(SEGMENTS).take(pa.array(chance.integers(0, len(SEGMENTS), customers))),
            "segment_reason": pa.repeat("11 purchases, none for 150 days.", customers),
        },
        GOLD_CUSTOMER_SUMMARY: shared
        | {
            "frequency": pa.array(chance.geometric(0.5, customers) - 1),
            "orders": pa.array(chance.geometric(0.5, customers)),
            "last_order_at": moments(chance.integers(0, 600 * 86_400, customers)),
        },
        GOLD_RETENTION_LIST: {name: array.take(listed) for name, array in shared.items()}
        | {"rank": pa.array(np.arange(1, len(listed) + 1)), "value_at_risk": money.take(listed)},
    }


def moments(seconds_before: Sequence[int] | np.ndarray) -> pa.Array:  # type: ignore[type-arg]
    """Moments so many seconds before the end of AS_OF."""
    end = int((MIDNIGHT - timedelta(seconds=1)).timestamp())
    return pa.array((end - np.asarray(seconds_before)) * 1_000_000).cast(pa.timestamp("us", "UTC"))


if __name__ == "__main__":
    main()
