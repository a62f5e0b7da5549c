"""What an error of the disk, of a table's files or of the machine ends a run with.

The texts are those of Spark 4.2, Delta 4.4, delta-rs and Arrow; real faults are in tests/jobs/test_damaged_lake.py.
"""

from __future__ import annotations

import errno
import os

import pytest

from warehouse.arrow.log import CommitConflictError
from warehouse.errors import (
    DamagedTable,
    DistributaryError,
    InputError,
    LakeInUse,
    NotInstalled,
    NotWritable,
    UsageError,
)
from warehouse.faults import expected, look_at

LAKE = "/data/a lake"
COMMIT = f"{LAKE}/silver/orders/_delta_log/00000000000000000007.json"


def no_such_space(name: str) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


@pytest.mark.parametrize(
    ("error", "kind", "line"),
    [
        (
            no_such_space(f"{LAKE}/gold/path_summary/x.parquet"),
            NotWritable,
            f"gold.path_summary, {LAKE}/gold/path_summary/x.parquet: no space is left on the disk; free some",
        ),
        (no_such_space("/elsewhere/report.html"), NotWritable, "/elsewhere/report.html: no space is left on the disk"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), NotWritable, "the lake: no space is left on the disk"),
        (
            PermissionError(errno.EACCES, os.strerror(errno.EACCES), f"{LAKE}/_lock"),
            NotWritable,
            f"{LAKE}/_lock: may not be written; see owner, rights",
        ),
        (
            RuntimeError("Mkdirs failed to create file:/data/other/_staging/x (exists=false, cwd=file:/home)"),
            NotWritable,
            "the lake: may not be written",
        ),
        (
            CommitConflictError(f"{COMMIT}: another process has made this commit"),
            LakeInUse,
            f"silver.orders, {COMMIT}: another program has written",
        ),
        (RuntimeError("java.lang.OutOfMemoryError: Java heap space"), UsageError, "Spark ran out of memory: raise"),
        (ModuleNotFoundError("No module named 'psycopg2'"), NotInstalled, "the package psycopg2 is not installed"),
        (
            RuntimeError(f"file:{LAKE.replace(' ', '%20')}/silver/orders/part-0.parquet is not a Parquet file"),
            DamagedTable,
            f"silver.orders, {LAKE}/silver/orders/part-0.parquet: the file is missing, cut or damaged; remove "
            f"{LAKE}/silver/orders: the next run makes the table again",
        ),
        (
            RuntimeError(f"[FAILED_READ_FILE.FILE_NOT_EXIST] file:{LAKE.replace(' ', '%20')}/bronze/events/p.parquet"),
            DamagedTable,
            f"bronze.events, {LAKE}/bronze/events/p.parquet: the file is missing, cut or damaged; bring "
            f"{LAKE}/bronze/events back from a backup",
        ),
        (
            RuntimeError("[DELTA_TRUNCATED_TRANSACTION_LOG] /x/_delta_log/00000000000000000003.json"),
            DamagedTable,
            "the lake: the table's log is damaged or incomplete",
        ),
        (
            RuntimeError("java.net.URISyntaxException: Relative path in absolute URI: 2026-03-01T00:00.jsonl"),
            InputError,
            "2026-03-01T00:00.jsonl: a name with a colon cannot be read; give it another name",
        ),
    ],
)
def test_a_fault_that_is_foreseen_names_its_place_and_the_way_out(
    error: BaseException, kind: type[DistributaryError], line: str
) -> None:
    found = expected(error, LAKE)
    assert type(found) is kind
    assert str(found).startswith(line), str(found)
    assert "\n" not in str(found)


def test_the_cause_of_an_error_is_looked_at_too() -> None:
    try:
        try:
            raise no_such_space(f"{LAKE}/_staging/x")
        except OSError as error:
            raise RuntimeError("the step failed") from error
    except RuntimeError as error:
        assert isinstance(expected(error, LAKE), NotWritable)


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("x"), RuntimeError(f"{LAKE}/silver/orders is odd")])
def test_what_nobody_foresaw_stays_what_it_is(error: Exception) -> None:
    assert expected(error, LAKE) is None


def test_a_table_is_named_where_an_unforeseen_error_has_its_path() -> None:
    assert look_at(RuntimeError("broken: file:/lake/gold/path_summary/part-1.parquet, x"), "/lake").place == (
        "gold.path_summary, /lake/gold/path_summary/part-1.parquet"
    )


def test_errors_that_led_to_each_other_are_read_once_each() -> None:
    first, second = no_such_space(f"{LAKE}/bronze/events/x.parquet"), RuntimeError("the write has failed")
    first.__context__, second.__context__ = second, first
    assert look_at(second, LAKE).text.count("the write has failed") == 1
    assert isinstance(expected(second, LAKE), NotWritable)
