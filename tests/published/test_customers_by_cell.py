"""The matrix of active customers, segments, the retention list with its profit, and what chance does not explain."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from published.alive_matrix import PURCHASES, SILENCE, Cell, cell_of, read_alive_matrix, read_cell
from published.chance import is_beyond_chance, mean_bounds, odds_bounds, share_bounds
from published.customers import read_customers
from published.leaving import read_leavers
from published.publication import Published, read_published
from published.retention_profit import read_past_forecasts, read_retention_profit
from published.segments import read_segments
from published.view import View
from tests.leaving_shop import backtest_row, leaving_shop, profit_row
from tests.published_lake import AS_OF, publish, write_table
from tests.small_shop import summary_row, value_row
from warehouse.tables import GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE, GOLD_RETENTION_PROFIT, GOLD_VALUE_BACKTEST


def customers(lake: Path, rows: list[tuple[str, int, datetime, float, int, str]]) -> Published:
    """A lake of customers: person, purchase days, last order, p_alive, value, channel."""
    values = [value_row(p, as_of=AS_OF, p_alive=a, churn=0.5, clv=v, channel=c) for p, _, _, a, v, c in rows]
    histories = [summary_row(p, as_of=AS_OF) | {"frequency": days - 1, "last_order_at": at} for p, days, at, *_ in rows]
    tables = {GOLD_CUSTOMER_VALUE: values, GOLD_CUSTOMER_SUMMARY: histories}
    publish(lake, {table: write_table(lake, table, written) for table, written in tables.items()})
    return read_published(str(lake))


def test_a_customer_stands_in_the_cell_of_the_own_purchase_days_and_silence(tmp_path: Path) -> None:
    # 7 days before AS_OF begin at 15:00 UTC of the day before in Seoul.
    border = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC) - timedelta(days=7, hours=9)
    published = customers(
        tmp_path,
        [
            ("user:a", 1, border, 0.9, 10, "Search"),
            ("user:b", 1, border - timedelta(seconds=1), 0.8, 20, "Search"),
            ("user:c", 5, border - timedelta(days=800), 0.1, 5, "Search"),
            ("user:d", 4, border - timedelta(days=800), 0.3, 7, "Search"),
            ("user:e", 40, border, 1.0, 70, "Search"),
        ],
    )
    found = read_alive_matrix(published, "Asia/Seoul")
    assert found is not None
    assert [(c.cell, c.customers, c.p_alive, c.value) for c in found.cells] == [
        (Cell(0, 0), 1, 0.9, 10),
        (Cell(0, 1), 1, 0.8, 20),
        (Cell(3, 7), 2, pytest.approx(0.2), 12),
        (Cell(5, 0), 1, 1.0, 70),
    ]
    for figures in found.cells:
        listed = read_cell(published, "Asia/Seoul", figures.cell, most=1)
        assert listed is not None
        assert listed.customers == figures.customers
    lost = read_cell(published, "Asia/Seoul", Cell(3, 7), most=9)
    assert lost is not None
    assert [(each.person_id, each.expected_value, each.purchase_days) for each in lost.listed] == [
        ("user:d", 7, 4),
        ("user:c", 5, 5),
    ], "without a retention list by expected value"


def test_pages_of_a_cell_have_each_customer_once_in_one_order(tmp_path: Path) -> None:
    at = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
    # Equal values, so that only the id orders them.
    published = customers(tmp_path, [(f"user:{n:02}", 1, at, 0.5, n % 2, "Search") for n in range(7)])
    listed: list[str] = []
    skip: int | None = 0
    while skip is not None:
        found = read_cell(published, "Asia/Seoul", Cell(0, 0), most=3, skip=skip)
        assert found is not None
        assert (found.customers, found.skipped) == (7, skip)
        listed += [each.person_id for each in found.listed]
        skip = found.after
    assert listed == [f"user:{n:02}" for n in (1, 3, 5, 0, 2, 4, 6)]
    assert read_cell(published, "Asia/Seoul", Cell(0, 0), most=3, skip=7) is None


def test_only_cells_that_there_are_have_an_address() -> None:
    cells = [Cell(p, s) for p in range(len(PURCHASES)) for s in range(len(SILENCE))]
    assert [cell_of(cell.key) for cell in cells] == cells
    assert [cell_of(key) for key in (None, "", "p9-s0", "p0-s99", "p0-s0 or true", "p0")] == [None] * 6


def test_the_channel_worth_most_is_named_beyond_chance_alone_and_among_comparable_customers(tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)

    def shop(best: int) -> list[tuple[str, int, datetime, float, int, str]]:
        return [
            *((f"user:a{n}", 1, at, 0.5, best + n % 40, "Email") for n in range(40)),
            *((f"user:b{n}", 1, at, 0.5, 100 + n % 50, "Search") for n in range(50)),
            *((f"user:c{n}", 1, at, 0.5, 1, "(unattributed)") for n in range(500)),
            ("user:d", 1, at, 0.5, 90_000, "Audio"),
        ]

    chance = read_customers(customers(tmp_path / "chance", shop(106)), View())
    clear = read_customers(customers(tmp_path / "clear", shop(4000)), View())
    assert chance is not None
    assert clear is not None
    assert chance.worth_most(least=30) is None
    # Audio's single customer makes the others vary widely; without it Email stands out.
    assert clear.worth_most(least=30) is None
    assert [channel.channel for channel in clear.comparable] == ["Audio", "Email", "Search"]
    plain = read_customers(customers(tmp_path / "plain", shop(4000)[:-1]), View())
    assert plain is not None
    best = plain.worth_most(least=30)
    assert best is not None
    assert best.channel == "Email"
    assert plain.comparable_mean == pytest.approx(Decimal((4019.5 * 40 + 124.5 * 50) / 90))


def test_segments_are_listed_in_the_order_of_the_contract_with_those_without_one_last(tmp_path: Path) -> None:
    def scored(person: str, clv: int, segment: str | None) -> dict[str, Any]:
        row = value_row(person, as_of=AS_OF, p_alive=0.5, churn=0.5, clv=clv, channel="Search")
        return row | {"segment": segment}

    rows = [scored("a", 5, "one-time"), scored("b", 7, "loyal"), scored("c", 9, "loyal"), scored("d", 1, None)]
    publish(tmp_path, {GOLD_CUSTOMER_VALUE: write_table(tmp_path, GOLD_CUSTOMER_VALUE, rows)})
    found = read_segments(read_published(str(tmp_path)))
    assert found is not None
    assert [(s.segment, s.customers, s.value) for s in found.segments] == [
        ("loyal", 2, 16),
        ("one-time", 1, 5),
        (None, 1, 1),
    ]
    assert (found.customers, found.value) == (4, 22)


def test_without_any_segment_there_is_none(published: Published) -> None:
    assert read_segments(published) is None


def test_leavers_come_by_rank_with_their_reasons(tmp_path: Path) -> None:
    leaving_shop(tmp_path)
    found = read_leavers(read_published(str(tmp_path)), most=2)
    assert found is not None
    assert (found.customers, found.valuable, found.value_at_risk, found.expected_gain) == (3, 1, 600, 30)
    assert [(each.rank, each.person_id, each.segment, each.silent_days) for each in found.listed] == [
        (1, "user:maybe", "leaving", 30),
        (2, "user:perhaps", "lost", 30),
    ]
    assert found.listed[0].reason == "11 purchases, none for 30 days."
    assert (found.listed[0].purchase_days, found.listed[0].buys_again) == (2, pytest.approx(0.4))
    valuable = read_leavers(read_published(str(tmp_path)), most=2, valuable_only=True)
    assert valuable is not None
    assert [each.rank for each in valuable.listed] == [1]


def test_leavers_without_customer_value_have_no_reason(tmp_path: Path) -> None:
    leaving_shop(tmp_path, without_value=True)
    found = read_leavers(read_published(str(tmp_path)), most=9)
    assert found is not None
    assert [(each.reason, each.segment, each.purchase_days) for each in found.listed] == [(None, None, None)] * 3


def test_profit_is_sorted_by_audience_and_contacts_with_the_best_among_them(tmp_path: Path) -> None:
    rows = [
        profit_row("high_value", "100%", 3, 4.0),
        profit_row("everybody", "best", 7, 9.0),
        profit_row("everybody", "10%", 2, 3.0),
        profit_row("everybody", "100%", 10, 8.0) | {"as_of": AS_OF - timedelta(days=1)},
    ]
    publish(tmp_path, {GOLD_RETENTION_PROFIT: write_table(tmp_path, GOLD_RETENTION_PROFIT, rows)})
    found = read_retention_profit(read_published(str(tmp_path)))
    assert found is not None
    assert [(each.audience, each.threshold) for each in found.thresholds] == [
        ("everybody", "10%"),
        ("everybody", "best"),
        ("high_value", "100%"),
    ]
    best = found.best("everybody")
    assert best is not None
    assert (best.contacts, best.profit, found.best("high_value")) == (7, 9.0, None)


def test_the_newest_version_that_was_tried_on_the_past_is_shown(tmp_path: Path) -> None:
    rows = [
        backtest_row("value/9", date(2025, 12, 1), "value_model", auc=0.7),
        backtest_row("value/10", date(2025, 12, 1), "value_model", auc=0.8),
        backtest_row("value/10", date(2026, 1, 1), "value_model", auc=0.9),
        backtest_row("value/10", date(2026, 1, 1), "recency", auc=0.6),
        backtest_row("value/10", date(2026, 1, 1), "recalibrated", auc=None),
    ]
    publish(tmp_path, {GOLD_VALUE_BACKTEST: write_table(tmp_path, GOLD_VALUE_BACKTEST, rows)})
    found = read_past_forecasts(read_published(str(tmp_path)))
    assert [(each.cutoff, each.auc, each.recency_auc) for each in found] == [
        (date(2026, 1, 1), 0.9, 0.6),
        (date(2025, 12, 1), 0.8, None),
    ]


def test_no_table_no_figures(published: Published) -> None:
    assert read_leavers(published, most=1) is None
    assert read_retention_profit(published) is None
    assert read_past_forecasts(published) == ()


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3.
    for count, of, expected in ((81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0, 0.1611))):
        assert share_bounds(count, of) == pytest.approx(expected, abs=5e-5)
    assert share_bounds(0, 0) is None


def test_a_ratio_of_counts_has_the_interval_of_its_share() -> None:
    lower, upper = share_bounds(20, 24) or (0, 0)
    assert odds_bounds(20, 4) == pytest.approx((lower / (1 - lower), upper / (1 - upper)))
    assert odds_bounds(3, 0) == (pytest.approx(0.7814, abs=1e-3), float("inf"))


def test_the_largest_of_many_differences_must_be_larger() -> None:
    assert is_beyond_chance(2.0, 1.0)
    assert not is_beyond_chance(1.9, 1.0)
    assert not is_beyond_chance(2.0, 1.0, compared=20)
    assert is_beyond_chance(-3.1, 1.0, compared=20)
    assert not is_beyond_chance(1.0, 0.0)


def test_a_mean_of_one_has_no_interval() -> None:
    assert mean_bounds(5.0, None, 1) is None
    assert mean_bounds(5.0, 2.0, 16) == pytest.approx((5 - 0.98, 5 + 0.98), abs=1e-3)
