"""From a number of channel performance to the conversions that make it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from published.audit import ConversionsBehind, CreditSums, read_conversions_behind
from published.publication import Published, read_published
from published.view import EVERYTHING, View
from tests.audited_shop import ANN, BOB, CAT, DAN, PERFORMANCE, SEOUL, credit_rows, performance_rows, write_audited_shop
from tests.published_lake import publish, write_table
from tests.small_shop import write_shop
from warehouse.errors import UsageError
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE, SILVER_AD_SPEND


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return read_published(str(write_audited_shop(tmp_path_factory.mktemp("audited"))))


def behind(published: Published, view: View = EVERYTHING, **filters: Any) -> ConversionsBehind:
    found = read_conversions_behind(published, view, timezone=SEOUL, **{"model": "linear", **filters})
    assert found is not None
    return found


def parts(found: ConversionsBehind) -> list[tuple[str, float, int]]:
    return [(row.conversion_id, row.credit, int(row.value)) for row in found.rows]


# filters: the conversions with what the number has of their credit and net value
NUMBERS: dict[str, tuple[dict[str, Any], list[tuple[str, float, int]]]] = {
    "all channels": ({}, [(ANN, 1.0, 300), (BOB, 1.0, 100), (CAT, 1.0, 50)]),
    "a channel": ({"channel": "Paid Search"}, [(ANN, 0.5, 150), (BOB, 1.0, 100)]),
    "a channel that no touch is credited under this model": (
        {"channel": "Paid Search", "model": "last_touch"},
        [(BOB, 1.0, 100)],
    ),
    "conversions without a touch": ({"channel": "(unattributed)"}, [(CAT, 1.0, 50)]),
    "a campaign by the id in the link": ({"campaign": "spring"}, [(ANN, 0.5, 150)]),
    "a campaign by the name of that day": ({"campaign": "spring 2026"}, [(BOB, 1.0, 100)]),
    "a source in another case": ({"source": "weekly", "medium": "email"}, [(ANN, 0.5, 150)]),
    "no source": ({"source": "(not set)"}, [(CAT, 1.0, 50)]),
    "a day in the reporting zone": ({"day": date(2026, 3, 11)}, [(ANN, 1.0, 300)]),
    "a day that is another one in UTC": ({"day": date(2026, 3, 10)}, []),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_the_conversions_behind_a_number_add_up_to_it(audited: Published, case: str) -> None:
    filters, expected = NUMBERS[case]
    found = behind(audited, **filters)
    assert parts(found) == expected
    assert found.conversions == len(expected)
    assert found.summed == found.number
    assert found.adds_up


def test_credit_is_dated_by_the_touch_where_the_view_says_so(audited: Published) -> None:
    by_touch = View(date_basis="touch")
    assert parts(behind(audited, by_touch, day=date(2026, 3, 9))) == [(ANN, 0.5, 150)]
    assert parts(behind(audited, by_touch, day=date(2026, 3, 11))) == [(ANN, 0.5, 150)], "midnight in Seoul"


@pytest.mark.parametrize("basis", ["touch", "conversion"])
@pytest.mark.parametrize("model", ["linear", "last_touch"])
def test_every_row_of_gold_has_its_conversions(audited: Published, model: str, basis: Any) -> None:
    for of_model, of_basis, day, (channel, source, medium), campaign, conversions, value, gross in PERFORMANCE:
        if (of_model, of_basis) == (model, basis):
            names = {"channel": channel, "source": source, "medium": medium, "campaign": campaign}
            found = behind(audited, View(date_basis=basis), model=model, day=date(2026, 3, day), **names)
            assert found.summed == CreditSums(conversions, Decimal(value), Decimal(gross), conversions)
            assert found.adds_up


def test_another_type_is_that_of_the_view(audited: Published) -> None:
    found = behind(audited, View(conversion_type="sign_up"))
    assert parts(found) == [(DAN, 1.0, 0)]
    assert (found.number.conversions, found.number.new_customers, found.currency) == (1.0, 0.0, "KRW")


def test_pages_give_each_conversion_once_and_all_pages_the_same_sums(audited: Published) -> None:
    after, ids = None, []
    for _ in range(3):
        page = behind(audited, limit=1, after=after)
        ids += [row.conversion_id for row in page.rows]
        assert (page.conversions, page.summed.value) == (3, 450)
        after = page.after
    assert ids == [ANN, BOB, CAT]
    assert after is None


def test_a_page_after_the_last_row_is_empty_and_still_adds_up(audited: Published) -> None:
    page = behind(audited, after="0.000000,z")
    assert (page.rows, page.conversions, page.adds_up, page.after) == ((), 3, True, None)


def test_the_query_of_a_number_gives_it(audited: Published) -> None:
    filters = behind(audited, channel="Paid Search").filters
    query = filters.sql("cast(sum(credited_value) as double) / nullif(cast(sum(spend) as double), 0)", "roas")
    assert audited.rows(query, GOLD_CHANNEL_PERFORMANCE) == [{"roas": 250 / 120}]
    assert filters.as_texts() == {
        "model": "linear",
        "conversion_type": "purchase",
        "date_basis": "conversion",
        "last_day": "2026-03-31",
        "channel": "Paid Search",
    }


def test_a_name_with_quotes_is_a_name(audited: Published) -> None:
    assert parts(behind(audited, campaign="it's; --")) == []


def test_credit_that_is_not_the_number_is_shown_as_such(tmp_path: Path) -> None:
    lake = write_audited_shop(tmp_path)
    lost = [row for row in credit_rows() if row["conversion_id"] != BOB]
    version = write_table(lake, GOLD_ATTRIBUTION_CREDITS, lost)
    others = {GOLD_CHANNEL_PERFORMANCE: 0, SILVER_AD_SPEND: 0}
    publish(lake, {GOLD_ATTRIBUTION_CREDITS: version, **others}, run_id="run-2", publication=2)
    found = behind(read_published(str(lake)))
    assert (found.number.value, found.summed.value, found.adds_up) == (450, 350, False)


def test_days_after_the_last_one_that_counts_are_no_part_of_a_number(tmp_path: Path) -> None:
    lake = write_audited_shop(tmp_path, without=[GOLD_CHANNEL_PERFORMANCE, GOLD_ATTRIBUTION_CREDITS])
    tables = {GOLD_CHANNEL_PERFORMANCE: performance_rows(), GOLD_ATTRIBUTION_CREDITS: credit_rows()}
    written = {table: write_table(lake, table, rows) for table, rows in tables.items()}
    publish(lake, {**written, SILVER_AD_SPEND: 0}, run_id="run-2", publication=2, as_of=date(2026, 3, 12))
    assert parts(behind(read_published(str(lake)))) == [(ANN, 1.0, 300), (BOB, 1.0, 100)]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"limit": 0}, "limit 0: a page has 1 to 1,000 rows"),
        ({"after": "yesterday"}, "'yesterday' is no page of this list"),
        ({"after": "NaN,x"}, "'NaN,x' is no page of this list"),
        ({"after": "1e-99999,x"}, "'1e-99999,x' is no page of this list"),
        ({"after": "1,"}, "'1,' is no page of this list"),
        ({"model": "liner"}, "no model is called 'liner'"),
        ({"day": date(2026, 4, 1)}, "2026-04-01 is not among the days that are shown, the first to 2026-03-31"),
    ],
)
def test_what_cannot_be_asked_is_refused(audited: Published, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        behind(audited, **asked)


def test_without_credits_there_is_nothing_to_show(tmp_path: Path) -> None:
    write_shop(tmp_path)
    assert read_conversions_behind(read_published(str(tmp_path)), EVERYTHING, timezone=SEOUL) is None
