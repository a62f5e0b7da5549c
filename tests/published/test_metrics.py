"""Metrics are defined once, fit the tables' contracts, and are what the report shows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from dashboard.words import words_in
from published.metrics import Metric, metric, metrics, with_targets
from published.performance import read_performance
from published.publication import Published, read_published
from published.view import EVERYTHING
from tests.published_lake import publish, write_table
from tests.small_shop import write_shop
from warehouse.errors import UsageError
from warehouse.tables import TABLES

ONE_OF_EACH = {"model": "last_touch", "conversion_type": "purchase", "date_basis": "conversion"}
VALUES = {
    "name": "roas",
    "label": {"en": "ROAS", "ko": "ROAS"},
    "sentence": {"en": "Revenue per spend.", "ko": "광고비 대비 매출입니다."},
    "table": "gold.channel_performance",
    "formula": "sum(credited_value)",
    "where": "",
    "grain": ["channel"],
    "fixed": [],
    "unit": "ratio",
    "owner": "attribution",
    "kind": "kpi",
    "direction": "up",
    "target": None,
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Published:
    lake = tmp_path_factory.mktemp("lake")
    write_shop(lake)
    return read_published(str(lake))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A lake with every table that a metric reads, all empty."""
    lake: Path = tmp_path_factory.mktemp("lake")
    tables = {metric.contract for metric in metrics().values()}
    publish(lake, {table: write_table(lake, table, []) for table in tables})
    return read_published(str(lake))


@pytest.mark.parametrize("name", metrics())
def test_the_table_and_the_columns_of_a_metric_exist(name: str) -> None:
    found = metrics()[name]
    assert found.table in TABLES
    assert set(found.grain) <= set(found.contract.column_names)
    assert set(found.fixed) <= set(found.grain)
    assert not set(found.grain) & set(found.contract.personal_columns)
    if found.unit == "money":
        assert "currency" in found.contract.column_names


@pytest.mark.parametrize("name", metrics())
def test_a_formula_runs_over_its_table_in_total_and_by_everything_in_its_grain(empty: Published, name: str) -> None:
    found = metrics()[name]
    assert len(empty.rows(found.sql(), found.contract)) == 1
    assert empty.rows(found.sql(found.grain), found.contract) == []


@pytest.mark.parametrize("name", metrics())
def test_a_column_that_makes_rows_repeat_an_amount_is_fixed(name: str) -> None:
    found = metrics()[name]
    repeats = {"gold.channel_performance": {"model", "conversion_type", "date_basis"}}
    assert repeats.get(found.table, set()) <= set(found.fixed)
    assert ("as_of" in found.contract.key) <= ("as_of" in (*found.fixed, *found.grain))


def test_the_figures_of_the_report_are_those_of_the_metrics(shop: Published) -> None:
    performance = read_performance(shop, EVERYTHING)
    assert performance is not None
    for model in performance.models:
        where = " and ".join(f"{name} = '{value}'" for name, value in {**ONE_OF_EACH, "model": model}.items())

        def by_channel(name: str, where: str = where) -> dict[str, float | Decimal | None]:
            found = metric(name)
            rows = shop.rows(found.sql(("channel",), where), found.contract)
            return {row["channel"]: row[name] for row in rows}

        shown = performance.channels
        assert by_channel("spend") == {channel.channel: channel.spend for channel in shown}
        assert by_channel("credited_value") == {channel.channel: channel.value[model] for channel in shown}
        assert by_channel("roas") == {channel.channel: channel.roas(model) for channel in shown}
        assert by_channel("credited_conversions") == {
            channel.channel: pytest.approx(channel.conversions[model]) for channel in shown
        }


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("spend", "roas.spend"),
        ("roas", "tiles.roas"),
        ("days_to_convert", "top_paths.days"),
        ("expected_value", "tiles.expected_value"),
        ("value_at_risk", "at_risk.value_at_risk"),
    ],
)
def test_the_report_calls_a_metric_by_its_label(name: str, heading: str) -> None:
    label = metric(name).label
    assert (words_in("en")(heading), words_in("ko")(heading)) == (label.en, label.ko)


def test_a_ratio_divides_sums_and_is_none_without_spend(shop: Published) -> None:
    # Ten days: Search costs 100 a day and earns 200 of 300 under first touch, Display 50 and 100, Direct nothing.
    where = "model = 'first_touch' and conversion_type = 'purchase' and date_basis = 'conversion'"
    rows = shop.rows(metric("roas").sql(("channel",), where), metric("roas").contract)
    assert rows == [
        {"channel": "Direct", "roas": None},
        {"channel": "Display", "roas": 2.0},
        {"channel": "Search", "roas": 2.0},
    ]
    total = shop.rows(metric("cpa").sql(where=where), metric("cpa").contract)
    assert total == [{"cpa": pytest.approx(1500 / 10)}]


def test_a_metric_is_grouped_by_columns_of_its_grain_alone() -> None:
    with pytest.raises(UsageError, match=r"roas: no column to group by is called 'chanel'.*did you mean channel"):
        metric("roas").sql(("chanel",))


def test_a_shop_sets_its_own_targets() -> None:
    assert with_targets({"roas": 3})["roas"].target == 3
    assert with_targets({"roas": 3})["cpa"] == metrics()["cpa"]
    assert list(with_targets({"roas": 3})) == list(metrics())
    with pytest.raises(UsageError, match=r"no metric is called 'roaz'.*did you mean roas"):
        with_targets({"roaz": 3})


@pytest.mark.parametrize(
    "wrong", [{"colour": "red"}, {"unit": "percent"}, {"label": {"en": "ROAS"}}, {"target": float("nan")}]
)
def test_a_metric_refuses_what_it_does_not_know(wrong: dict[str, object]) -> None:
    Metric.model_validate(VALUES)
    with pytest.raises(ValidationError):
        Metric.model_validate({**VALUES, **wrong})
