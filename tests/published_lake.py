"""Small Delta tables in the layout of a lake, written with delta-rs from the contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from warehouse.contracts import Table
from warehouse.tables import OPS_PUBLISHED
from warehouse.tables.silver_journeys import MILESTONES, TOUCH_STRUCT

AS_OF = date(2026, 3, 31)
PUBLISHED_AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
MOMENT = pa.timestamp("us", "UTC")
TOUCH_FIELDS = ("touchpoint_id", "channel", "source", "medium", "campaign", "campaign_id")
ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": MOMENT,
    "decimal(18,6)": pa.decimal128(18, 6),
    "decimal(28,6)": pa.decimal128(28, 6),
    "array<string>": pa.list_(pa.string()),
    "map<string,bigint>": pa.map_(pa.string(), pa.int64()),
    f"array<{TOUCH_STRUCT}>": pa.list_(
        pa.struct([pa.field("touched_at", MOMENT), *(pa.field(name, pa.string()) for name in TOUCH_FIELDS)])
    ),
    MILESTONES: pa.list_(pa.struct([pa.field("conversion_type", pa.string()), pa.field("converted_at", MOMENT)])),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The columns with their comments, as Spark writes them: DataFusion trips over comments that differ in a union."""
    comments = [{"comment": column.meaning} for column in table.columns]
    return pa.schema(
        [
            pa.field(column.name, ARROW_TYPES[column.type], column.nullable, comment)
            for column, comment in zip(table.columns, comments, strict=True)
        ]
    )


def write_table(
    lake: Path, table: Table, rows: Iterable[Mapping[str, Any]], *, mode: Literal["append", "overwrite"] = "overwrite"
) -> int:
    """Write the rows and return the table's new version. Columns that are missing in a row are null."""
    schema = arrow_schema(table)
    place = lake / table.layer / table.name
    arrow = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    if mode == "append":
        write_deltalake(place, arrow, mode="append")
    else:
        write_deltalake(place, arrow, mode="overwrite")
    return DeltaTable(place).version()


def publish(
    lake: Path,
    versions: Mapping[Table, int],
    *,
    run_id: str = "run-1",
    as_of: date = AS_OF,
    published_at: datetime = PUBLISHED_AT,
    publication: int | None = None,
    ids: Mapping[Table, str] | None = None,
    published: Table = OPS_PUBLISHED,
) -> None:
    rows = [
        {
            "run_id": run_id,
            "table_name": table.full_name,
            "version": version,
            "as_of": as_of,
            "published_at": published_at,
            "table_id": (ids or {}).get(table),
            "publication": publication,
        }
        for table, version in versions.items()
    ]
    write_table(lake, published, rows, mode="append")
