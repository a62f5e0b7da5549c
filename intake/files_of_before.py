"""Files that an older version took in: their times and amounts, as far as bronze has their rows."""

from __future__ import annotations

from intake.file_counts import dated_from_bronze
from intake.knobs import BelievableTimes
from intake.landed_money import money_from_bronze
from intake.suspect_times import is_of_before
from warehouse.store import Lake
from warehouse.tables.bronze_landed_files import BRONZE_LANDED_FILES
from warehouse.tables.bronze_landed_money import BRONZE_LANDED_MONEY


def look_at_files_of_before(lake: Lake, believable: BelievableTimes) -> None:
    """Fills rows_suspect and last_at of files that have neither, and bronze.landed_money of a lake without it."""
    files = lake.rows(BRONZE_LANDED_FILES)
    if undated := [file for file in files if is_of_before(file)]:
        dated = dated_from_bronze(undated, lake.read, believable)
        frame = lake.spark.createDataFrame([dict(file) for file in dated], BRONZE_LANDED_FILES.ddl)
        lake.merge(BRONZE_LANDED_FILES, frame, update_when="t.rows_suspect IS NULL", all_are_known=True)
    if not lake.exists(BRONZE_LANDED_MONEY):
        done = [file for file in files if file["status"] == "done"]
        if done and (rows := money_from_bronze(done, lake.read)):
            lake.append_rows(BRONZE_LANDED_MONEY, rows)
