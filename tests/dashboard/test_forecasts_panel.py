"""The panel with the forecasts of all customers, and what became of earlier ones."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from dashboard.forecasts_panel import forecasts_panel
from dashboard.words import words_in
from published.figures import read_figures
from published.forecasts import ForecastFigures, read_forecasts
from published.publication import read_published
from tests.published_lake import AS_OF, publish, write_table
from warehouse.tables import GOLD_FORECAST_ACCURACY, GOLD_VALUE_TOTALS


def total(measure: str, days: int, predicted: float, lower: float, upper: float | None, **more: Any) -> dict[str, Any]:
    return {
        "as_of": AS_OF,
        "acquisition_channel": "(all)",
        "measure": measure,
        "days": days,
        "predicted": predicted,
        "lower": lower,
        "upper": upper,
        "lower_if_model_holds": lower,
        "upper_if_model_holds": upper,
        "own_error": 0.1,
        "origins": 5,
        "interval_level": 0.95,
        "margin": 1.0,
        "annual_discount_rate": 0.1,
        "currency": "KRW",
        "model_version": "customer-value/1",
        "model_as_of": AS_OF,
        **more,
    }


TOTALS = [
    total("purchases", 30, 12.4, 8.0, 17.0),
    total("value", 30, 1240.0, 800.0, None),
    total("value", 365, 9000.0, 7000.0, 11000.0),
    total("value", 365, 5000.0, 4000.0, 6000.0, acquisition_channel="Email"),
    total("value", 365, 8000.0, 4000.0, 9000.0, as_of=AS_OF - timedelta(days=1)),
    total("value", 365, 9999.0, 4000.0, 9999.0, as_of=AS_OF + timedelta(days=1)),  # of a run for a later day
]


def past(until: date, actual: float, *, held: bool, **more: Any) -> dict[str, Any]:
    made = until - timedelta(days=30)
    return total(
        "purchases",
        30,
        10.0,
        6.0,
        14.0,
        as_of=made,
        until=until,
        actual=actual,
        held=held,
        held_if_model_holds=held,
        **more,
    )


PAST = [
    past(AS_OF, 9.0, held=True),
    past(AS_OF - timedelta(days=1), 15.0, held=False),
    past(AS_OF, 3.0, held=False, acquisition_channel="Email"),
    past(AS_OF + timedelta(days=1), 99.0, held=False),
]


def lake_with(tmp_path: Path, totals: list[dict[str, Any]], accuracy: list[dict[str, Any]] | None) -> str:
    tables = {GOLD_VALUE_TOTALS: totals} | ({} if accuracy is None else {GOLD_FORECAST_ACCURACY: accuracy})
    names = {table: set(table.column_names) for table in tables}
    publish(
        tmp_path,
        {
            table: write_table(tmp_path, table, [{k: v for k, v in row.items() if k in names[table]} for row in rows])
            for table, rows in tables.items()
        },
    )
    return str(tmp_path)


def read(lake: str) -> ForecastFigures:
    found = read_forecasts(read_published(lake))
    assert found is not None
    return found


def test_forecasts_are_those_of_all_customers_on_the_newest_day(tmp_path: Path) -> None:
    found = read(lake_with(tmp_path, TOTALS, PAST))

    assert (found.as_of, found.currency, found.level) == (AS_OF, "KRW", 0.95)
    assert [(one.measure, one.days, one.predicted, one.upper) for one in found.totals] == [
        ("purchases", 30, 12.4, 17.0),
        ("value", 30, 1240.0, None),
        ("value", 365, 9000.0, 11000.0),
    ]
    assert [(one.until, one.actual, one.held) for one in found.past] == [
        (AS_OF, 9.0, True),
        (AS_OF - timedelta(days=1), 15.0, False),
    ]
    assert (found.compared, found.held) == (2, 1)


def test_the_panel_says_what_is_expected_and_how_many_intervals_held(tmp_path: Path) -> None:
    panel = forecasts_panel(read_figures(lake_with(tmp_path, TOTALS, PAST)), words_in("en"))

    assert panel is not None
    assert panel.sentence == (
        "The present customers are expected to bring ₩9,000 within 365 days (7,000 to 11,000). "
        "The intervals of 1 of 2 earlier forecasts held what came."
    )
    assert panel.table is not None
    assert panel.table.rows == (
        ("Purchase days within 30 days", "12", "8 to 17"),
        ("Value within 30 days", "1,240", "800 or more"),
        ("Value within 365 days", "9,000", "7,000 to 11,000"),
    )
    (earlier,) = panel.more
    assert earlier.rows == (
        ("Purchase days within 30 days", "2026-03-01", "10", "6 to 14", "9", "yes"),
        ("Purchase days within 30 days", "2026-02-28", "10", "6 to 14", "15", "no"),
    )


def test_before_a_period_is_over_the_panel_says_so(tmp_path: Path) -> None:
    lake = lake_with(tmp_path, TOTALS[:1], None)

    english, korean = (forecasts_panel(read_figures(lake), words_in(language)) for language in ("en", "ko"))

    assert english is not None
    assert korean is not None
    assert english.sentence == (
        "The present customers are expected to bring 12 purchase days within 30 days (8 to 17). "
        "The period of no earlier forecast is over yet."
    )
    assert english.more == ()
    assert korean.sentence == (
        "현재 고객에게서 향후 30일 동안 예상되는 합계: 구매일 12일(예측 구간 8~17). "
        "아직 기간이 끝난 이전 예측은 없습니다."
    )


def test_without_forecasts_there_is_no_panel(tmp_path: Path) -> None:
    assert forecasts_panel(read_figures(lake_with(tmp_path, [], None)), words_in("en")) is None
