"""The order in which models are shown."""

from __future__ import annotations

from published.model_order import in_report_order
from warehouse.model_order import MODEL_ORDER


def test_known_models_come_first_and_others_follow_by_name() -> None:
    assert in_report_order(["shapley", "linear", "markov", "last_touch", "linear"]) == (
        "last_touch",
        "linear",
        "markov",
        "shapley",
    )
    assert in_report_order(reversed(MODEL_ORDER)) == MODEL_ORDER
