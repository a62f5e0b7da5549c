"""Every ready view answers its question: on each engine the same rows, and those that plain Python computes."""

from __future__ import annotations

import math
import re
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from scipy import stats

from published.customers import read_customers
from published.early_value import read_first_weeks, value_bounds
from published.performance import read_performance
from published.publication import Published, alias, read_published
from published.sql import ask, delta_tables
from published.view import View
from published.views import ReadyView, ready_views
from tests.published_lake import AS_OF, arrow_schema
from tests.question_lake import FORMER, LOST, NEWEST, Rows, write_questions
from warehouse.contracts import Table
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_COHORT_VALUE,
    GOLD_CONVERSION_LINKS,
    GOLD_EARLY_VALUE,
    GOLD_PATH_SUMMARY,
    OPS_PUBLISHED,
    SILVER_CONVERSIONS,
    TABLES,
)

BUILT = {name: view for name, view in ready_views().items() if view.sql}
WAITING = {name: view for name, view in ready_views().items() if not view.sql}
FIRST_DAY = AS_OF - timedelta(days=29)
Key = tuple[Any, ...]


class Lake:
    """The lake, its rows, and the answers of DataFusion."""

    def __init__(self, folder: Path) -> None:
        self.rows: Mapping[Table, Rows] = write_questions(folder)
        self.published: Published = read_published(str(folder))
        everything = ask(self.published, "select * from ops_published", limit=1000)
        self.tables = {
            **{alias(t): pa.Table.from_pylist(rows, schema=arrow_schema(t)) for t, rows in self.rows.items()},
            alias(OPS_PUBLISHED): pa.Table.from_pylist(everything.dicts(), schema=arrow_schema(OPS_PUBLISHED)),
        }

    def answer(self, view: str) -> Rows:
        return ask(self.published, f"select * from {view}", limit=100_000).dicts()

    def by(self, view: str, *columns: str) -> dict[Any, dict[str, Any]]:
        """The answer by the values of some columns, which must be unique."""
        rows = self.answer(view)
        found = {_one([row[column] for column in columns]): row for row in rows}
        assert len(found) == len(rows)
        return found

    def performance(self, **of: Any) -> Rows:
        """Rows of gold.channel_performance of the last thirty days, dated by conversion, with these values."""
        wanted = {"date_basis": "conversion", **of}
        return [
            row
            for row in self.rows[GOLD_CHANNEL_PERFORMANCE]
            if FIRST_DAY <= row["date"] <= AS_OF and all(row[name] == value for name, value in wanted.items())
        ]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("lake"))


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else tuple(values)


def total(rows: Iterable[Mapping[str, Any]], column: str, *by: str) -> dict[Any, Any]:
    sums: dict[Any, Any] = defaultdict(int)
    for row in rows:
        sums[_one([row[name] for name in by])] += row[column]
    return dict(sums)


# On every engine


def on_duckdb(view: ReadyView, tables: Mapping[str, pa.Table]) -> pa.Table:
    engine = duckdb.connect()
    engine.execute("set timezone = 'UTC'")
    for name, table in tables.items():
        engine.register(name, table)
    engine.execute(f"create view {view.name} as {view.sql}")
    return engine.sql(f"select * from {view.name}").to_arrow_table()


def on_polars(view: ReadyView, tables: Mapping[str, pa.Table]) -> pa.Table:
    engine = pl.SQLContext({name: pl.DataFrame(pl.from_arrow(table)) for name, table in tables.items()})
    return engine.execute(view.sql, eager=True).to_arrow()


def by_key(rows: Rows, view: ReadyView) -> dict[Key, dict[str, Any]]:
    """The rows by the view's key, with numbers as floats and lists as tuples."""
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    found = {tuple(row[column] for column in view.key): row for row in plain}
    assert len(found) == len(rows), "the key is not unique"
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | float | int) and not isinstance(value, bool):
        return float(value)
    return tuple(value) if isinstance(value, list) else value


def assert_same(lake: Lake, view: ReadyView, other: Rows) -> None:
    expected, found = by_key(lake.answer(view.name), view), by_key(other, view)
    assert expected, "the lake has nothing for this view"
    assert set(found) == set(expected)
    for key, row in expected.items():
        assert list(found[key]) == list(row)
        for column, value in row.items():
            wanted = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert found[key][column] == wanted, (key, column)


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize("engine", [on_duckdb, on_polars])
def test_a_view_runs_alike_on_datafusion_and_on(
    engine: Callable[[ReadyView, Mapping[str, pa.Table]], pa.Table], name: str, lake: Lake
) -> None:
    assert_same(lake, BUILT[name], engine(BUILT[name], lake.tables).to_pylist())


def test_every_view_runs_alike_on_spark(spark: SparkSession, lake: Lake) -> None:
    for name, table in lake.tables.items():
        spark.createDataFrame(table).createOrReplaceTempView(name)
    for view in BUILT.values():
        assert_same(lake, view, spark.sql(view.sql).toArrow().to_pylist())


def test_published_versions_are_handed_to_other_engines(lake: Lake) -> None:
    engine = duckdb.connect()
    for name, table in delta_tables(lake.published).items():
        engine.register(name, table.to_pyarrow_dataset())
    view = BUILT["roas_by_channel_30d"]
    assert_same(lake, view, engine.sql(view.sql).to_arrow_table().to_pylist())


# What the files say of themselves


@pytest.mark.parametrize("name", BUILT)
def test_the_head_names_the_tables_and_a_key_of_the_view(name: str, lake: Lake) -> None:
    view = BUILT[name]
    named = set(map(alias, TABLES.values())) & set(re.findall(r"\w+", view.sql))
    assert named == set(view.table_names)
    assert by_key(lake.answer(name), view)


@pytest.mark.parametrize("name", BUILT)
def test_the_example_of_a_view_answers_in_one_line(name: str, lake: Lake) -> None:
    assert "\n" not in BUILT[name].example
    assert name in BUILT[name].example
    ask(lake.published, BUILT[name].example, limit=10)


def test_the_twenty_questions_have_a_view_or_say_what_they_wait_for() -> None:
    answered = {number for view in BUILT.values() for number in view.questions}
    waiting = {number for view in WAITING.values() for number in view.questions}
    assert answered == {*range(1, 16), 18, 20}
    assert waiting == {16, 17, 19}
    for view in WAITING.values():
        assert view.waits_for
        assert view.waits_for not in TABLES, f"{view.name}: {view.waits_for} is there by now"


@pytest.mark.parametrize("name", [name for name, view in BUILT.items() if "sum(p.spend)" in view.sql])
def test_spend_may_be_summed_over_the_rows_of_a_view(name: str, lake: Lake) -> None:
    # Each channel's spend of the thirty days, once: not for each of four models, two types and two bases.
    spent = total(lake.performance(model="last_touch", conversion_type="purchase"), "spend", "channel")
    shown = total(lake.answer(name), "spend", "channel")
    assert {channel: float(spend) for channel, spend in shown.items()} == {
        channel: pytest.approx(float(spent[channel])) for channel in shown
    }
    assert {channel for channel, spend in spent.items() if spend} <= set(shown)


# What each answers, computed otherwise


def test_1_roas_by_channel_under_three_models(lake: Lake) -> None:
    answer = lake.by("roas_by_channel_30d", "channel")
    assert set(answer) == {"Paid Search", "Display", "Direct", "(unattributed)"}
    for model in ("last_touch", "linear", "markov"):
        rows = lake.performance(model=model, conversion_type="purchase")
        spend, revenue = total(rows, "spend", "channel"), total(rows, "credited_value", "channel")
        for channel, row in answer.items():
            assert row["spend"] == spend[channel]
            assert row[f"revenue_{model}"] == revenue[channel]
            expected = float(revenue[channel] / spend[channel]) if spend[channel] else None
            assert row[f"roas_{model}"] == (expected if expected is None else pytest.approx(expected))


def test_1_is_what_the_report_shows_of_these_days(lake: Lake) -> None:
    view = View(first_day=FIRST_DAY, last_day=AS_OF, conversion_type="purchase")
    performance = read_performance(lake.published, view)
    assert performance is not None
    shown = {channel.channel: channel.roas("markov") for channel in performance.channels}
    answer = lake.by("roas_by_channel_30d", "channel")
    assert {channel: row["roas_markov"] for channel, row in answer.items()} == shown


def test_2_cpa_of_new_customers_by_campaign_with_a_poisson_interval(lake: Lake) -> None:
    rows = lake.performance(model="last_touch", conversion_type="purchase")
    spend, customers = (total(rows, column, "channel", "campaign") for column in ("spend", "new_customers"))
    answer = lake.by("new_customer_cpa_by_campaign_30d", "channel", "campaign")
    assert set(answer) == {campaign for campaign in spend if spend[campaign] > 0}
    for campaign, row in answer.items():
        n = customers[campaign]
        assert row["new_customers"] == pytest.approx(n)
        assert row["cpa"] == (pytest.approx(float(spend[campaign]) / n) if n else None)
        assert row["is_matched"] == (campaign != LOST)
        # Exact bounds of a Poisson mean, by the chi-squared distribution; Byar's are within a hundredth of the count.
        most = stats.chi2.ppf(0.975, 2 * (n + 1)) / 2
        assert row["cpa_lower"] == pytest.approx(float(spend[campaign]) / most, rel=0.02)
        fewest = stats.chi2.ppf(0.025, 2 * n) / 2 if n else 0.0
        assert row["cpa_upper"] == (pytest.approx(float(spend[campaign]) / fewest, rel=0.05) if n else None)


def test_3_a_verdict_on_a_campaign_only_where_its_interval_allows_one(lake: Lake) -> None:
    rows = lake.performance(model="last_touch", conversion_type="purchase")
    spend, revenue = (total(rows, column, "channel", "campaign") for column in ("spend", "credited_value"))
    values = [
        float(row["report_value"]) for row in lake.rows[SILVER_CONVERSIONS] if row["conversion_type"] == "purchase"
    ]
    step = sum(value**2 for value in values) / sum(values)
    answer = lake.by("campaign_verdicts_30d", "channel", "campaign")
    for campaign, row in answer.items():
        steps = float(revenue[campaign]) / step
        upper = stats.chi2.ppf(0.975, 2 * (steps + 1)) / 2 * step / float(spend[campaign])
        lower = (stats.chi2.ppf(0.025, 2 * steps) / 2 if steps else 0.0) * step / float(spend[campaign])
        assert row["roas"] == pytest.approx(float(revenue[campaign] / spend[campaign]))
        assert row["roas_upper"] == pytest.approx(upper, rel=0.02)
        assert row["roas_lower"] == pytest.approx(lower, rel=0.03, abs=1e-9)
        verdict = "loses" if upper < 1 else "earns" if lower > 1 else "too few to say"
        assert row["verdict"] == ("no touch matched" if campaign == LOST else verdict)
    assert answer["Paid Search", "nobody"]["verdict"] == "loses"
    assert answer["Paid Search", "tiny"]["verdict"] == "earns"


def test_3_the_interval_holds_the_expected_return_95_times_of_100() -> None:
    """Campaigns whose purchases come at random times with lognormal values: the formula of the view on each."""
    chance = np.random.default_rng(7)
    values = chance.lognormal(4, 0.8, 200_000)
    step = float((values**2).sum() / values.sum())
    held = []
    for expected in (5, 15, 60):
        for _ in range(2_000):
            n = chance.poisson(expected)
            steps = float(chance.choice(values, n).sum()) / step
            lower = steps * max(1 - 1 / (9 * steps) - 1.96 / (3 * math.sqrt(steps)), 0) ** 3 if steps else 0.0
            upper = (steps + 1) * (1 - 1 / (9 * (steps + 1)) + 1.96 / (3 * math.sqrt(steps + 1))) ** 3
            held.append(bool(lower * step <= expected * values.mean() <= upper * step))
    assert 0.94 < statistics.mean(held) < 0.98


def test_4_first_touch_beside_last_touch(lake: Lake) -> None:
    answer = lake.by("first_and_last_touch_30d", "channel")
    first, last = (
        total(lake.performance(model=model, conversion_type="purchase"), "credited_value", "channel")
        for model in ("first_touch", "last_touch")
    )
    assert {channel: row["revenue_first_touch"] for channel, row in answer.items()} == first
    assert {channel: row["revenue_change"] for channel, row in answer.items()} == {c: first[c] - last[c] for c in first}


def test_5_the_top_paths_share_a_rank_where_they_are_equal(lake: Lake) -> None:
    answer = {tuple(row["path"]): (row["rank"], row["conversions"]) for row in lake.answer("top_paths")}
    assert answer == {
        ("Paid Search",): (1, 9),
        ("Display", "Paid Search"): (2, 4),
        ("Direct",): (2, 4),
        ("Display", "Display"): (4, 2),
    }
    assert len(lake.rows[GOLD_PATH_SUMMARY]) == 6


def test_6_the_time_to_convert_to_the_second(lake: Lake) -> None:
    days: dict[str, list[float]] = defaultdict(list)
    for row in lake.rows[GOLD_ATTRIBUTION_CREDITS]:
        if row["model"] == "linear" and row["position"] == 1:
            days[row["conversion_type"]].append((row["converted_at"] - row["touched_at"]) / timedelta(days=1))
    answer = lake.by("time_to_convert", "conversion_type")
    assert set(answer) == {"purchase", "sign_up"}
    for conversion_type, row in answer.items():
        taken = days[conversion_type]
        assert row["conversions"] == len(taken)
        assert row["median_days"] == pytest.approx(statistics.median(taken))
        assert row["mean_days"] == pytest.approx(statistics.mean(taken))
        assert row["within_7_days"] == pytest.approx(sum(day <= 7 for day in taken) / len(taken))


def test_7_assists_are_touches_before_the_last(lake: Lake) -> None:
    paths: dict[Key, dict[int, str]] = defaultdict(dict)
    for row in lake.rows[GOLD_ATTRIBUTION_CREDITS]:
        if row["model"] == "linear" and row["position"]:
            paths[row["conversion_type"], row["conversion_id"]][row["position"]] = row["channel"]
    expected: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (conversion_type, _), path in paths.items():
        *before, last = [path[position] for position in sorted(path)]
        for channel in {*before, last}:
            counts = expected[conversion_type, channel]
            for position, counted in enumerate((True, channel in before, channel == last)):
                counts[position] += counted
    answer = lake.by("assisted_conversions", "conversion_type", "channel")
    assert {key: [row["touched"], row["assisted"], row["ended"]] for key, row in answer.items()} == expected


def test_8_revenue_of_new_and_returning_customers(lake: Lake) -> None:
    rows = [
        row
        for row in lake.rows[GOLD_ATTRIBUTION_CREDITS]
        if row["model"] == "last_touch"
        and row["conversion_type"] == "purchase"
        and FIRST_DAY <= row["converted_at"].date() <= AS_OF
    ]
    new = total([row for row in rows if row["is_first_purchase"]], "credited_value", "channel")
    old = total([row for row in rows if not row["is_first_purchase"]], "credited_value", "channel")
    answer = lake.by("new_and_returning_by_channel_30d", "channel")
    assert {channel: row["revenue_new"] for channel, row in answer.items() if row["revenue_new"]} == new
    assert {channel: row["revenue_returning"] for channel, row in answer.items() if row["revenue_returning"]} == old
    assert sum(row["purchases_new"] for row in answer.values()) == sum(row["is_first_purchase"] for row in rows)


def test_11_who_may_be_leaving_is_whom_the_report_lists(lake: Lake) -> None:
    customers = read_customers(lake.published, View())
    assert customers is not None
    answer = lake.by("customers_about_to_leave", "person_id")
    assert {person: row["value_at_risk"] for person, row in answer.items()} == {
        one.person_id: pytest.approx(one.value_at_risk) for one in customers.at_risk
    }
    assert list(answer) != []


def test_11_who_is_likely_not_to_return_was_here_lately(lake: Lake) -> None:
    answer = lake.by("customers_likely_not_to_return", "person_id", "horizon")
    assert {key: (row["as_of"], row["probability"], row["reason_1"]) for key, row in answer.items()} == {
        ("user:ann", "7d"): (AS_OF, 0.75, "visits_30d"),
        ("user:ann", "30d"): (AS_OF, 0.25, "visits_30d"),
    }


def test_11_whom_to_contact_is_of_the_newest_day_up_to_as_of(lake: Lake) -> None:
    assert {row["person_id"]: row["rank"] for row in lake.answer("customers_worth_contacting")} == {"ann": 1, "bob": 2}


def test_9_value_beside_cost_is_that_of_last_touch_and_of_channels_with_spend(lake: Lake) -> None:
    answer = lake.by("ltv_to_cac_by_channel", "channel")
    assert set(answer) == {"Paid Search", "Display"}
    row = answer["Paid Search"]
    assert (row["cac"], row["ltv"], row["ltv_to_cac"]) == (25.0, 100.0, 4.0)
    assert (row["ltv_to_cac_lower"], row["ltv_to_cac_upper"]) == (2.0, 8.0)
    assert answer["Display"]["ltv"] is None, "it has won nobody"


def test_9_the_first_week_of_a_campaign_is_of_all_its_new_users_beside_its_spend_of_the_same_days(lake: Lake) -> None:
    weeks = [
        row
        for row in lake.rows[GOLD_EARLY_VALUE]
        if (row["as_of"], row["age_days"], row["horizon_days"]) == (AS_OF, 7, 90)
    ]
    since, until = min(row["first_day"] for row in weeks), max(row["first_day"] for row in weeks)
    assert until == AS_OF - timedelta(days=6), "the week of later ones is not over"
    spent = total(
        [
            row
            for row in lake.rows[GOLD_CHANNEL_PERFORMANCE]
            if since <= row["date"] <= until
            and (row["model"], row["conversion_type"], row["date_basis"]) == ("linear", "purchase", "touch")
        ],
        "spend",
        "channel",
        "campaign",
    )
    users: dict[Key, Rows] = defaultdict(list)
    for row in weeks:
        users[row["acquisition_channel"], row["acquisition_campaign"]].append(row)
    answer = lake.by("first_week_value_by_campaign", "channel", "campaign")
    assert set(answer) == {*users, *(campaign for campaign, spend in spent.items() if spend)}
    for campaign, row in answer.items():
        persons, spend = users[campaign], float(spent.get(campaign, 0))
        assert (row["new_users"], row["spend"]) == (len(persons), spend)
        assert row["buyers"] == sum(one["value_to_date"] > 0 for one in persons)
        if not persons:
            assert row["value"] is None
            continue
        value = sum(one["predicted_value"] for one in persons)
        assert row["value"] == pytest.approx(value / len(persons))
        assert row["spend_per_new_user"] == (pytest.approx(spend / len(persons)) if spend else None)
        assert row["value_to_spend"] == (pytest.approx(value / spend) if spend else None)
        # A gamma distribution of the mean and the variance of what is to come has its bounds there, nearly.
        to_date = float(sum(one["value_to_date"] for one in persons))
        to_come = value - to_date
        variance = sum(one["standard_deviation"] ** 2 for one in persons) + (0.1 * to_come) ** 2
        gamma = stats.gamma(to_come**2 / variance, scale=variance / to_come)
        maybe_nobody = sum(one["buys_probability"] for one in persons) <= -math.log(0.025)
        lower = 0.0 if maybe_nobody else gamma.ppf(0.025)
        assert row["value_lower"] == pytest.approx((to_date + lower) / len(persons), rel=0.02)
        assert row["value_upper"] == pytest.approx((to_date + gamma.ppf(0.975)) / len(persons), rel=0.02)


def test_9_the_interval_of_the_first_week_holds_what_comes_95_times_of_100() -> None:
    """Campaigns of few and of many new users, few of whom buy for lognormal amounts; the model is right on average."""
    chance, probability, deviation = np.random.default_rng(9), 0.05, 0.9
    mean = math.exp(deviation**2 / 2)
    second = math.exp(2 * deviation**2)
    variance_each = probability * second - (probability * mean) ** 2
    for persons, error in ((30, 0.0), (100, 0.1), (1_000, 0.1), (10_000, 0.1)):
        held = []
        for _ in range(2_000):
            expected = persons * probability * mean * (1 + error * chance.standard_normal())
            buyers = persons * probability
            bounds = value_bounds(expected, persons * variance_each + (error * expected) ** 2, buyers=buyers)
            came = chance.lognormal(0, deviation, chance.binomial(persons, probability)).sum()
            held.append(bool(bounds.lower <= came <= bounds.upper))
        assert 0.93 < statistics.mean(held) < 0.985, persons


def test_9_is_what_the_page_shows(lake: Lake) -> None:
    found = read_first_weeks(lake.published, View())
    assert found is not None
    answer = lake.by("first_week_value_by_campaign", "channel", "campaign")
    assert set(answer) == {(one.channel, one.campaign) for one in found.campaigns}
    for one in found.campaigns:
        row = answer[one.channel, one.campaign]
        assert (one.new_users, one.buyers, float(one.spend)) == (row["new_users"], row["buyers"], row["spend"])
        shown = [one.each(one.value), *map(one.each, one.bounds)]
        assert shown == [
            expected if expected is None else pytest.approx(expected)
            for expected in (row["value"], row["value_lower"], row["value_upper"])
        ]


def test_10_payback_has_a_day_or_says_why_not(lake: Lake) -> None:
    answer = lake.by("payback_by_channel", "channel")
    assert {channel: (row["payback_days"], row["payback"]) for channel, row in answer.items()} == {
        "Paid Search": (12, "observed"),
        "Display": (None, "no customers"),
    }
    assert answer["Paid Search"]["margin_to_spend"] == pytest.approx(0.5 * 600 / 250)


def test_12_retention_is_of_months_that_are_over(lake: Lake) -> None:
    answer = lake.by("retention_by_cohort", "cohort", "age")
    expected: dict[Key, list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in lake.rows[GOLD_COHORT_VALUE]:
        if row["is_complete"]:
            names = ("customers", "active_customers", "repeat_customers", "value_to_date")
            for place, name in enumerate(names):
                expected[row["cohort"], row["age"]][place] += float(row[name])
    assert set(answer) == set(expected)
    for key, (customers, active, repeat, value) in expected.items():
        row = answer[key]
        assert (row["customers"], row["active_customers"]) == (customers, active)
        assert row["retention"] == pytest.approx(active / customers)
        assert row["repeat_rate"] == pytest.approx(repeat / customers)
        assert row["value_per_customer"] == pytest.approx(value / customers)


def test_13_channels_are_compared_at_equal_age(lake: Lake) -> None:
    answer = lake.by("repeat_rate_by_channel", "acquisition_channel", "age")
    of_age = [row for row in lake.rows[GOLD_COHORT_VALUE] if row["is_complete"]]
    for (channel, age), row in answer.items():
        counted = [one for one in of_age if (one["acquisition_channel"], one["age"]) == (channel, age)]
        customers, repeat = (sum(one[name] for one in counted) for name in ("customers", "repeat_customers"))
        low, high = stats.binomtest(repeat, customers).proportion_ci(0.95, method="wilson")
        assert row["repeat_rate"] == pytest.approx(repeat / customers)
        assert (row["repeat_rate_lower"], row["repeat_rate_upper"]) == (
            pytest.approx(low, rel=1e-3, abs=1e-9),
            pytest.approx(high, rel=1e-3),
        )
    assert {age for _, age in answer} == {0, 1, 2}


def test_14_the_share_of_unattributed_and_direct(lake: Lake) -> None:
    answer = lake.by("unattributed_and_direct_30d", "model", "conversion_type")
    assert len(answer) == 8
    for (model, conversion_type), row in answer.items():
        counts = total(
            lake.performance(model=model, conversion_type=conversion_type), "credited_conversions", "channel"
        )
        everything = sum(counts.values())
        assert row["unattributed_share"] == pytest.approx(counts["(unattributed)"] / everything)
        assert row["direct_share"] == pytest.approx(counts["Direct"] / everything)


def test_15_what_platforms_claim_stands_beside_credit(lake: Lake) -> None:
    rows = lake.performance(model="last_touch", conversion_type="purchase")
    answer = lake.by("platform_and_credited_30d", "channel")
    assert set(answer) == {"Paid Search", "Display"}
    for column, of in (("platform_revenue", "platform_conversion_value"), ("credited_revenue", "credited_value")):
        expected = total(rows, of, "channel")
        assert {channel: row[column] for channel, row in answer.items()} == {c: expected[c] for c in answer}


def test_18_a_step_stands_beside_visits_without_it(lake: Lake) -> None:
    answer = lake.by("steps_before_purchase", "step")
    assert set(answer) == {"add_to_cart", "view_item"}
    # 60 of 200 visits with the step, 90 of 1,800 without: 6 times as many.
    row = answer["add_to_cart"]
    assert (row["probability"], row["other_probability"], row["lift"]) == pytest.approx((0.3, 0.05, 6.0))
    assert answer["view_item"]["lift_lower"] is None
    assert len(lake.rows[GOLD_CONVERSION_LINKS]) == 6


def test_20_publications_are_listed(lake: Lake) -> None:
    answer = lake.by("publications", "publication")
    assert {number: (row["run_id"], row["tables"]) for number, row in answer.items()} == {
        1: (FORMER, len(lake.rows)),
        2: (NEWEST, len(lake.rows)),
    }
