"""The figures of paths and of customers."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from published.customers import CustomerFigures, count_customers, read_customers
from published.paths import PathSummary, read_paths
from published.publication import Published, read_published
from published.view import View
from tests.published_lake import AS_OF, publish, write_table
from tests.small_shop import NOON, VALUES, path_row, summary_row, value_row
from warehouse.tables import GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE, GOLD_PATH_SUMMARY


@pytest.fixture(scope="module")
def paths(published: Published) -> PathSummary:
    found = read_paths(published, View())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def customers(published: Published) -> CustomerFigures:
    found = read_customers(published, View())
    assert found is not None
    return found


def test_paths_are_sorted_by_conversions_then_value_then_name(paths: PathSummary) -> None:
    # One conversion of 300 each: "Direct > Search" before "Search > Search > …".
    assert [path.path for path in paths.top] == [
        ("Search",),
        ("Display", "Display", "Search"),
        ("Direct", "Search"),
        ("Search",) * 9,
    ]


def test_paths_of_several_channels_are_listed_separately(paths: PathSummary) -> None:
    assert [path.path for path in paths.top_mixed] == [("Display", "Display", "Search"), ("Direct", "Search")]


def test_repeats_in_a_row_become_one_step_with_a_count(paths: PathSummary) -> None:
    assert paths.top[1].steps == (("Display", 2), ("Search", 1))


def test_the_conversion_rate_counts_journeys_without_conversion(paths: PathSummary) -> None:
    assert [path.conversion_rate for path in paths.top] == [6 / 24, 1.0, 1 / 10, 1.0]


def test_conversions_are_counted_by_touches_and_separately_without_a_touch(paths: PathSummary) -> None:
    assert paths.by_touches == {1: 6, 2: 1, 3: 3, 8: 1}  # 8 means 8 or more
    assert (paths.untouched, paths.touched, paths.distinct_paths) == (5, 11, 4)


def test_a_type_without_conversions_has_no_paths(published: Published, tmp_path: Path) -> None:
    assert read_paths(published, View(conversion_type="sign_up")) is None
    publish(tmp_path, {GOLD_PATH_SUMMARY: write_table(tmp_path, GOLD_PATH_SUMMARY, [path_row(["Search"], 0, 9, 0)])})
    assert read_paths(read_published(str(tmp_path)), View()) is None


def test_only_the_newest_as_of_counts(customers: CustomerFigures, published: Published) -> None:
    assert (customers.as_of, customers.customers, customers.expected_value) == (AS_OF, 4, 1550)
    assert count_customers(published, View()) == 5  # one of them not scored


def test_a_probability_of_one_is_in_the_last_tenth(customers: CustomerFigures) -> None:
    assert customers.p_alive == (1, 0, 1, 0, 0, 1, 0, 0, 0, 1)  # 0, 0.25, 0.5, 1
    assert customers.churn == (1, 0, 0, 0, 0, 0, 1, 0, 1, 1)  # 0.05, 0.6, 0.8, 1


def test_likely_means_more_than_half(customers: CustomerFigures) -> None:
    assert customers.likely_alive == 1  # 0.5 is not more than half
    assert customers.likely_quiet == 3


def test_acquisition_channels_are_sorted_by_mean_value(customers: CustomerFigures) -> None:
    assert [(c.channel, c.customers, c.mean_value, c.total_value, c.p_alive) for c in customers.channels] == [
        ("Search", 2, 700, 1400, 0.75),
        ("Display", 2, 75, 150, 0.125),
    ]


def test_value_at_risk_is_the_value_if_active_times_the_chance_of_having_left(customers: CustomerFigures) -> None:
    # 400 / 0.5 × 0.5 = 400 and 150 / 0.25 × 0.75 = 450; certain customers (p_alive 0 or 1) are left out.
    assert [(person.person_id, person.value_at_risk) for person in customers.at_risk] == [
        ("user:perhaps", pytest.approx(450)),
        ("user:maybe", pytest.approx(400)),
    ]
    assert (customers.at_risk[0].orders, customers.at_risk[0].last_order_at) == (2, NOON - timedelta(days=10))


def test_values_without_histories_are_not_shown(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_CUSTOMER_VALUE: write_table(tmp_path, GOLD_CUSTOMER_VALUE, VALUES)})
    found = read_published(str(tmp_path))
    assert read_customers(found, View()) is None
    assert count_customers(found, View()) is None


def test_an_empty_value_table_is_none(tmp_path: Path) -> None:
    tables = {GOLD_CUSTOMER_VALUE: [], GOLD_CUSTOMER_SUMMARY: []}
    publish(tmp_path, {table: write_table(tmp_path, table, rows) for table, rows in tables.items()})
    assert read_customers(read_published(str(tmp_path)), View()) is None


def test_histograms_agree_with_plain_counting(tmp_path: Path) -> None:
    # The oracle counts whole thousandths, so that no rounding can move a customer to another bin.
    thousandths = [step * 37 % 1001 for step in range(300)]
    values = [
        value_row(f"u{n}", as_of=AS_OF, p_alive=t / 1000, churn=1 - t / 1000, clv=1, channel="Search")
        for n, t in enumerate(thousandths)
    ]
    tables = {
        GOLD_CUSTOMER_VALUE: values,
        GOLD_CUSTOMER_SUMMARY: [summary_row(f"u{n}", as_of=AS_OF) for n in range(len(values))],
    }
    publish(tmp_path, {table: write_table(tmp_path, table, rows) for table, rows in tables.items()})
    found = read_customers(read_published(str(tmp_path)), View())

    assert found is not None
    wanted = [sum(min(t // 100, 9) == tenth for t in thousandths) for tenth in range(10)]
    assert list(found.p_alive) == wanted
    assert math.fsum(found.churn) == 300
    assert found.expected_value == Decimal(300)
