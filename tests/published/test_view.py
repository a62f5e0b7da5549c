"""A view: each field changes only the figures it applies to, and they equal plain sums over the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from published.choices import read_choices
from published.customers import count_customers, read_customers
from published.figures import read_figures
from published.paths import read_paths
from published.performance import Performance, read_performance
from published.publication import Published, read_published
from published.run_facts import read_run_facts
from published.view import EVERYTHING, View
from tests.published_lake import AS_OF, publish, write_table
from tests.small_shop import DAYS, performance_row, performance_rows
from warehouse.errors import UsageError
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

VIEWS = {
    "everything": View(),
    "from a day": View(first_day=DAYS[4]),
    "to a day": View(last_day=DAYS[4]),
    "one day": View(first_day=DAYS[4], last_day=DAYS[4]),
    "one model": View(models=("first_touch",)),
    "both models, in any order": View(models=("first_touch", "last_touch")),
    "the other type": View(conversion_type="sign_up"),
    "by touch": View(date_basis="touch"),
    "by touch, some days": View(date_basis="touch", first_day=DAYS[2], last_day=DAYS[8]),
    "all at once": View(DAYS[2], DAYS[8], "purchase", ("first_touch",), "touch", "ko"),
}


def performance(published: Published, view: View) -> Performance:
    found = read_performance(published, view)
    assert found is not None
    return found


def figures_of(found: Performance) -> dict[str, Any]:
    """All fields of a Performance, with floats rounded to nine decimals."""

    def plain(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 9)
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        return value

    held = {field.name: plain(getattr(found, field.name)) for field in fields(found)}
    held["channels"] = {c.channel: (c.spend, plain(c.value), plain(c.conversions)) for c in found.channels}
    return held


def plain_sums(view: View) -> dict[str, Any]:
    """The oracle: the same figures by plain loops over the rows of the small shop."""
    models = [m for m in ("last_touch", "first_touch") if view.models is None or m in view.models]
    kind = view.conversion_type or "purchase"

    def kept(row: dict[str, Any]) -> bool:
        after = view.first_day is None or row["date"] >= view.first_day
        return after and (view.last_day is None or row["date"] <= view.last_day) and row["model"] in models

    def total(rows: list[dict[str, Any]], name: str) -> Any:
        added = sum(row[name] for row in rows)
        return round(added, 9) if isinstance(added, float) else added

    all_rows = [row for row in performance_rows() if kept(row)]
    rows = [row for row in all_rows if row["date_basis"] == view.date_basis]
    credited = [row for row in rows if row["conversion_type"] == kind]
    first = [row for row in credited if row["model"] == models[0]]
    channels = {}
    for name in {row["channel"] for row in credited}:
        by_model = {m: [r for r in credited if r["channel"] == name and r["model"] == m] for m in models}
        channels[name] = (
            total(by_model[models[0]], "spend"),
            {m: total(found, "credited_value") for m, found in by_model.items()},
            {m: round(float(total(found, "credited_conversions")), 9) for m, found in by_model.items()},
        )
    paid = {row["channel"] for row in all_rows if row["spend"] > 0}
    of_days = [r for r in all_rows if r["conversion_type"] == kind and r["model"] == models[0] and r["channel"] in paid]
    days = []
    for day in sorted({row["date"] for row in of_days}):
        by_basis = {
            b: [r for r in of_days if r["date"] == day and r["date_basis"] == b] for b in ("conversion", "touch")
        }
        by_touch, by_conversion = (total(by_basis[b], "credited_value") for b in ("touch", "conversion"))
        days.append((day, total(by_basis["conversion"], "spend"), by_touch, by_conversion))
    types = {row["conversion_type"] for row in rows}
    return {
        "conversion_type": kind,
        "models": tuple(models),
        "channels": channels,
        "days": days,
        "first_day": min(row["date"] for row in rows),
        "last_day": max(row["date"] for row in rows),
        "conversions_by_type": {
            name: total(
                [r for r in rows if r["conversion_type"] == name and r["model"] == models[0]], "credited_conversions"
            )
            for name in types
        },
        "gross_value": total(first, "gross_value"),
        "new_customers": total(first, "new_customers"),
    }


@pytest.mark.parametrize("name", VIEWS)
def test_figures_of_a_view_equal_plain_sums(published: Published, name: str) -> None:
    found = figures_of(performance(published, VIEWS[name]))
    found["days"] = [(day.day, day.spend, day.value_by_touch, day.value_by_conversion) for day in found["days"]]
    wanted = plain_sums(VIEWS[name])
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("view", "changed"),
    [
        (View(language="ko"), set()),
        (View(models=("first_touch", "last_touch")), set()),
        (View(conversion_type="purchase"), set()),
        (View(first_day=DAYS[0] - timedelta(days=9), last_day=AS_OF + timedelta(days=9)), set()),
        (
            View(last_day=DAYS[4]),
            {"channels", "days", "last_day", "conversions_by_type", "gross_value", "new_customers"},
        ),
        # Each touch is on the day before its purchase; all other sums over all days are the same by touch.
        (View(date_basis="touch"), {"first_day"}),
        # In this shop, sign-ups and purchases have the same number of new customers.
        (View(conversion_type="sign_up"), {"conversion_type", "channels", "days", "gross_value"}),
        (View(models=("first_touch",)), {"models", "reference", "time_model", "channels"}),
    ],
    ids=lambda value: str(value) if isinstance(value, View) else "-".join(sorted(value)) or "nothing",
)
def test_each_field_changes_only_the_figures_it_applies_to(published: Published, view: View, changed: set[str]) -> None:
    before, after = (figures_of(performance(published, one)) for one in (EVERYTHING, view))
    assert {name for name in before if before[name] != after[name]} == changed


def test_the_shown_type_does_not_change_with_days_or_models(tmp_path: Path) -> None:
    rows = [
        performance_row("linear", "purchase", "conversion", DAYS[0], "Search", spend=1, value=9, conversions=1),
        performance_row("linear", "purchase", "conversion", AS_OF, "Search", spend=1),
        performance_row("linear", "sign_up", "conversion", AS_OF, "Search", spend=1, value=5, conversions=3),
    ]
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, rows)})
    found = performance(read_published(str(tmp_path)), View(first_day=AS_OF))
    assert (found.conversion_type, found.conversions_by_type) == ("purchase", {"purchase": 0.0, "sign_up": 3.0})


def test_a_type_without_rows_under_the_first_model_has_no_conversions(tmp_path: Path) -> None:
    rows = [
        performance_row("last_touch", "purchase", "conversion", AS_OF, "Search", value=9, conversions=1),
        performance_row("linear", "sign_up", "conversion", AS_OF, "Search", value=5, conversions=3),
    ]
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, rows)})
    found = performance(read_published(str(tmp_path)), View(conversion_type="sign_up"))
    assert found.conversions_by_type == {"purchase": 1.0, "sign_up": 0.0}
    assert found.total.conversions == {"last_touch": 0.0, "linear": 3.0}


def test_paths_depend_on_the_type_only(published: Published) -> None:
    default = read_paths(published, EVERYTHING)
    assert default is not None
    assert default.conversion_type == "purchase"
    for name, view in VIEWS.items():
        found = read_paths(published, view)
        assert found == (default if name != "the other type" else None)


@pytest.mark.parametrize("reader", [count_customers, read_customers, read_run_facts])
def test_customers_and_the_run_are_the_same_in_every_view(
    published: Published, reader: Callable[[Published, View], Any]
) -> None:
    assert [reader(published, view) for view in VIEWS.values()] == [reader(published, EVERYTHING)] * len(VIEWS)


def test_the_choices_are_the_published_models_and_types(published: Published) -> None:
    choices = read_choices(published, EVERYTHING)
    assert choices.models == ("last_touch", "first_touch")
    assert (choices.conversion_types, choices.main_type) == (("purchase", "sign_up"), "purchase")


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (
            View(models=("last_touch", "guess")),
            "no model is called 'guess' in what was published; there are: last_touch, first_touch",
        ),
        (
            View(conversion_type="lead"),
            "no conversion type is called 'lead' in what was published; there are: purchase, sign_up",
        ),
        (
            View(first_day=date(2027, 1, 1)),
            "nothing was published of purchase for 2027-01-01 to the last day; there is: 2026-03-22 to 2026-03-31",
        ),
        (
            View(last_day=date(2025, 1, 1), date_basis="touch"),
            "nothing was published of purchase for the first day to 2025-01-01; there is: 2026-03-21 to 2026-03-31",
        ),
    ],
)
def test_an_unknown_name_or_day_in_a_view_is_an_error_with_the_known_ones(shop: Path, view: View, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_figures(str(shop), view)
    assert (str(caught.value), caught.value.exit_code) == (message, 2)


@pytest.mark.parametrize(
    ("fields_of_view", "message"),
    [
        ({"language": "fr"}, "no language is called 'fr'; there are: en, ko"),
        ({"date_basis": "order"}, "no date basis is called 'order'; there are: conversion, touch"),
        ({"models": ()}, "no model is named"),
        ({"first_day": date(2026, 3, 2), "last_day": date(2026, 3, 1)}, "2026-03-02, is later than the last"),
    ],
)
def test_an_impossible_view_is_refused_when_it_is_made(fields_of_view: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        View(**fields_of_view)


def test_names_may_contain_quotes(tmp_path: Path) -> None:
    rows = [performance_row("o'model", "it's", "conversion", AS_OF, "Search", spend=2, value=6)]
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, rows)})
    found = performance(read_published(str(tmp_path)), View(models=("o'model",), conversion_type="it's"))
    assert found.total.value == {"o'model": Decimal(6)}
