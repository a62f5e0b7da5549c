"""Channel figures: sums within one model, type and date basis, and ratios of those sums."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from published.performance import Performance, read_performance
from published.publication import Published, read_published
from published.view import View
from tests.published_lake import AS_OF, publish, write_table
from tests.small_shop import DAYS, performance_row
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_PATH_SUMMARY


@pytest.fixture(scope="module")
def performance(published: Published) -> Performance:
    found = read_performance(published, View())
    assert found is not None
    return found


def read_rows(rows: list[dict[str, Any]], lake: Path) -> Performance | None:
    publish(lake, {GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, rows)})
    return read_performance(read_published(str(lake)), View())


def test_spend_counts_once_though_it_repeats_for_every_model_type_and_date_basis(performance: Performance) -> None:
    assert {channel.channel: channel.spend for channel in performance.channels} == {
        "Search": 1000,
        "Display": 500,
        "Direct": 0,
    }
    assert performance.total.spend == 1500


def test_roas_is_the_ratio_of_the_sums_and_missing_without_spend(performance: Performance) -> None:
    sums = {channel.channel: channel for channel in performance.channels}
    assert [sums["Search"].roas(model) for model in ("last_touch", "first_touch")] == [3.0, 2.0]
    assert [sums["Display"].roas(model) for model in ("last_touch", "first_touch")] == [0.0, 2.0]
    assert sums["Direct"].roas("last_touch") is None
    assert performance.total.roas("last_touch") == performance.total.roas("first_touch") == 2.0


def test_the_type_with_the_most_value_is_shown(performance: Performance) -> None:
    assert performance.conversion_type == "purchase"
    assert performance.conversions_by_type == pytest.approx({"purchase": 10.0, "sign_up": 10.0})
    assert performance.gross_value == 6000
    assert performance.new_customers == pytest.approx(5.0)


def test_last_touch_is_the_model_that_others_are_compared_with(performance: Performance) -> None:
    assert (performance.reference, performance.models) == ("last_touch", ("last_touch", "first_touch"))


def test_days_are_under_linear_if_it_is_published(performance: Performance, tmp_path: Path) -> None:
    rows = [
        performance_row("linear", "purchase", "conversion", AS_OF, "Search", spend=1, value=7),
        performance_row("last_touch", "purchase", "conversion", AS_OF, "Search", spend=1, value=9),
    ]
    found = read_rows(rows, tmp_path)
    assert found is not None
    assert (found.reference, found.time_model, found.days[0].value_by_conversion) == ("last_touch", "linear", 7)
    assert performance.time_model == "last_touch"


def test_channels_are_sorted_by_roas_and_channels_without_spend_follow(performance: Performance) -> None:
    assert [channel.channel for channel in performance.channels] == ["Search", "Display", "Direct"]
    assert [channel.channel for channel in performance.paid] == ["Search", "Display"]


def test_the_days_are_those_with_spend_or_conversions(performance: Performance) -> None:
    assert (performance.first_day, performance.last_day) == (DAYS[0], AS_OF)


def test_credit_by_touch_is_on_the_day_of_the_touch(performance: Performance) -> None:
    # Each touch is on the day before its purchase, so the first touches are before the first spend.
    by_day = {day.day: (day.spend, day.value_by_touch, day.value_by_conversion) for day in performance.days}
    assert by_day[DAYS[0] - timedelta(days=1)] == (0, 300, 0)
    assert by_day[DAYS[0]] == (150, 300, 300)
    assert by_day[AS_OF] == (150, 0, 300)


def test_weeks_end_on_the_last_day_and_are_whole(performance: Performance) -> None:
    (week,) = performance.weeks
    assert (week.day, week.spend, week.value_by_touch, week.value_by_conversion) == (AS_OF, 1050, 1800, 2100)


def test_without_a_whole_week_the_partial_one_is_shown(tmp_path: Path) -> None:
    rows = [
        performance_row("linear", "purchase", "conversion", AS_OF - timedelta(days=back), "Search", spend=10, value=30)
        for back in range(3)
    ]
    found = read_rows(rows, tmp_path)
    assert found is not None
    assert [(week.day, week.spend) for week in found.weeks] == [(AS_OF, 30)]


def test_a_channel_without_credit_under_a_model_has_zero(tmp_path: Path) -> None:
    rows = [
        performance_row("linear", "purchase", "conversion", AS_OF, "Video", value=10, conversions=1),
        performance_row("last_touch", "purchase", "conversion", AS_OF, "Search", value=10, conversions=1),
    ]
    found = read_rows(rows, tmp_path)
    assert found is not None
    assert {channel.channel: channel.value for channel in found.channels} == {
        "Search": {"last_touch": 10, "linear": 0},
        "Video": {"last_touch": 0, "linear": 10},
    }


def test_names_may_contain_quotes(tmp_path: Path) -> None:
    rows = [performance_row("o'model", "it's", "conversion", AS_OF, "L'Éclair", spend=2, value=6)]
    found = read_rows(rows, tmp_path)
    assert found is not None
    assert [(day.spend, day.value_by_conversion) for day in found.days] == [(2, 6)]


def test_no_table_or_no_row_is_none(tmp_path: Path) -> None:
    assert read_rows([], tmp_path / "empty") is None
    publish(tmp_path / "other", {GOLD_PATH_SUMMARY: 0})
    assert read_performance(read_published(str(tmp_path / "other")), View()) is None


ROWS = st.lists(
    st.builds(
        performance_row,
        st.sampled_from(["last_touch", "linear", "shapley"]),
        st.sampled_from(["purchase", "sign_up"]),
        st.sampled_from(["conversion", "touch"]),
        st.dates(date(2026, 3, 1), date(2026, 3, 20)),
        st.sampled_from(["Search", "Video", "Direct"]),
        conversions=st.integers(0, 5).map(float),
        value=st.decimals(0, 1000, places=6),
    ),
    min_size=1,
    max_size=25,
)


@given(ROWS)
@settings(max_examples=12)
def test_values_equal_plain_sums(rows: list[dict[str, Any]]) -> None:
    # The oracle is one pass in plain Python. Spend is zero, so that no spend repeats.
    value: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["date_basis"] == "conversion":
            value[row["conversion_type"], row["channel"], row["model"]] += row["credited_value"]

    with TemporaryDirectory() as folder:
        found = read_rows(rows, Path(folder))

    if not value:
        assert found is None
        return
    assert found is not None
    sums = {(c.channel, model): v for c in found.channels for model, v in c.value.items() if v}
    wanted = {(c, model): v for (kind, c, model), v in value.items() if kind == found.conversion_type and v}
    assert sums == wanted
