"""What the newest run found of both champions, on the page of models."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.published_lake import AS_OF, PUBLISHED_AT, write_table
from tests.served_pages import pages_over
from tests.small_shop import write_shop
from warehouse.tables import OPS_MODEL_MONITOR


def found(version: str, check: str, subject: str, **more: Any) -> dict[str, Any]:
    given = {"run_id": "run-1", "as_of": AS_OF, "model_version": version, "model_as_of": AS_OF - timedelta(days=9)}
    given |= {"check_name": check, "subject": subject, "since": AS_OF - timedelta(days=7), "until": AS_OF}
    return given | {"is_alarm": False, "detail": "as before", "checked_at": PUBLISHED_AT} | more


def test_the_panel_names_the_champions_that_were_tested_and_shows_alarms_first(tmp_path: Path) -> None:
    write_shop(tmp_path)
    late = {
        "is_alarm": True,
        "detail": "60.0% of 900 customers left, 50.0% were expected",
        "change": 0.5,
        "p_value": 0.0,
    }
    write_table(
        tmp_path,
        OPS_MODEL_MONITOR,
        [
            found("customer-value/3", "purchases", "newest 7 days"),
            found("churn/2", "churn_share", "7d", **late),
            found("churn/2", "churn_brier", "7d"),
            found("early_value/4", "early_total", "7d_of_30d"),
        ],
    )
    pages = pages_over(tmp_path)
    text = pages.get("/models").text
    assert "Tested as of 31 March 2026: early_value/4, customer-value/3 and churn/2. 1 of 4 checks are alarms" in text
    rows = pages.get("/models/drift.csv").text.splitlines()[1:]
    assert [row.split(",")[:4] for row in rows] == [
        ["churn/2", "churn_share", "7d", "true"],
        ["early_value/4", "early_total", "7d_of_30d", "false"],
        ["customer-value/3", "purchases", "newest 7 days", "false"],
        ["churn/2", "churn_brier", "7d", "false"],
    ]
    assert "share that left against prediction" in text
    assert "what new users have brought against what was expected by now" in text
