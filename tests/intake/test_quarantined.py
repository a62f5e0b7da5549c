"""What a row in quarantine is about."""

from __future__ import annotations

from pyspark.sql import SparkSession

from intake.quarantined import held_by
from intake.reasons import A_TEST, NOBODY
from warehouse.tables import BRONZE_EVENTS


def test_a_row_of_nobody_or_of_a_sandbox_is_no_version_of_its_order(spark: SparkSession) -> None:
    reasons = ["value is not a decimal number", NOBODY, A_TEST]
    values = ", ".join(f"({reason!r})" for reason in reasons)
    rows = spark.sql(
        "SELECT reason, 'e1' AS event_id, '00123' AS order_id, 5.00BD AS value, 'USD' AS currency, "
        f"TIMESTAMP'2026-03-01' AS event_at FROM VALUES {values} AS t(reason)"
    )
    found = rows.select("reason", *held_by(BRONZE_EVENTS)).collect()

    assert {row["reason"]: row["record_id"] for row in found} == dict(zip(reasons, ["00123", None, None], strict=True))
