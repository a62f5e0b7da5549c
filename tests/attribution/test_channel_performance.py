"""gold.channel_performance: credit and spend side by side, nothing of either lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from rules_oracle import frame

from attribution.channel_performance import (
    Dates,
    build_channel_performance,
    changed_dates,
)
from warehouse.campaign_names import CampaignNames, before_changes, campaign_names, renamed
from warehouse.contracts import Table
from warehouse.knobs import Retargeting
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, SILVER_AD_SPEND

MODELS = ["first_touch", "linear"]
TYPES = ["purchase", "sign_up"]
MARCH_30, MARCH_31 = date(2026, 3, 30), date(2026, 3, 31)
# 14:59 and 15:00 UTC on the 30th are the last minute of the 30th and midnight of the 31st in Seoul.
LATE, MIDNIGHT = datetime(2026, 3, 30, 14, 59, tzinfo=UTC), datetime(2026, 3, 30, 15, tzinfo=UTC)


def credit(name: str, share: float, value: str, campaign: str | None = None, **fields: Any) -> dict[str, Any]:
    """A row of gold.attribution_credits: linear, a purchase, touched on the 30th and converted on the 31st in Seoul."""
    return {
        "model": "linear",
        "conversion_id": name,
        "conversion_type": "purchase",
        "touched_at": LATE,
        "converted_at": MIDNIGHT,
        "channel": "Paid Search",
        "source": "google",
        "medium": "cpc",
        "campaign": campaign,
        "credit": share,
        "credited_value": Decimal(value),
        "gross_value": 2 * Decimal(value),
        "is_first_purchase": False,
        **fields,
    }


def spent(campaign: str | None, spend: str, campaign_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """A row of silver.ad_spend: 1000 shown, 10 clicked, on the 30th; the platform claims 2 conversions worth 50."""
    return {
        "spend_date": MARCH_30,
        "channel": "Paid Search",
        "source": "google",
        "medium": "cpc",
        "campaign_id": campaign_id,
        "campaign": campaign,
        "report_spend": Decimal(spend),
        "impressions": 1000,
        "clicks": 10,
        "platform_conversions": 2.0,
        "platform_conversion_value": Decimal(50),
        **fields,
    }


CREDITS = [
    credit("c1", 0.5, "60", "Spring Sale", is_first_purchase=True),
    credit("c1", 0.25, "30", "SPRING SALE", is_first_purchase=True),
    credit("c2", 0.25, "30", "AB-17"),  # the id of spring sale
    credit("c2", 0.75, "12.5", "Unpaid"),
    credit("c3", 1.0, "8", None, source=None, medium=None, channel="Direct"),
    credit("c4", 1.0, "4", None, source=None, medium=None, channel="(unattributed)", touched_at=MIDNIGHT),
    credit("c5", 1.0, "0", "ab-99"),  # an id no spend row names
    credit("c6", 1.0, "5", "free"),
    credit("c7", 1.0, "0", "spring sale", conversion_type="sign_up"),
    credit("c1", 1.0, "90", "spring sale", model="first_touch", is_first_purchase=True),
]
SPEND = [
    spent("spring sale", "40", "ab-17"),
    spent("spring sale", "20", "ab-17"),
    spent(None, "5", "AB-17"),  # the row leaves out the name that others give
    spent("no conversions", "7.25", "2"),
    spent(None, "3", "AB-99"),
    spent("free", "0"),
    spent("social", "9", channel="Paid Social", source=None, medium=None, spend_date=MARCH_31),
]


def built(spark: SparkSession, credits: list[dict[str, Any]], spend: list[dict[str, Any]]) -> DataFrame:
    spent_rows = frame(spark, SILVER_AD_SPEND, spend)
    return performance(frame(spark, GOLD_ATTRIBUTION_CREDITS, credits), spent_rows, campaign_names(spent_rows))


def performance(credits: DataFrame, spend: DataFrame, names: CampaignNames) -> DataFrame:
    return build_channel_performance(
        credits,
        spend,
        names,
        models=MODELS,
        conversion_types=TYPES,
        retargeting=Retargeting(words=["rtg"], rules=[]),
        timezone="Asia/Seoul",
        report_currency="KRW",
    )


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> list[Row]:
    return built(spark, CREDITS, SPEND).collect()


def cell(rows: list[Row], campaign: str, basis: str = "touch", day: date = MARCH_30, **where: Any) -> Row:
    """The one row with these values; by default of Paid Search, linear and purchase."""
    wanted = {
        "campaign": campaign,
        "date_basis": basis,
        "date": day,
        "channel": "Paid Search",
        "model": "linear",
        "conversion_type": "purchase",
        **where,
    }
    (found,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return found


def test_campaigns_match_by_lower_cased_name_and_by_the_platforms_id(rows: list[Row]) -> None:
    found = cell(rows, "spring sale")
    assert found["credited_conversions"] == 1.0
    assert (found["credited_value"], found["gross_value"], found["spend"]) == (120, 240, 65)
    assert (found["roas"], found["cpa"]) == (120 / 65, 65.0)
    assert found["new_customers"] == 0.75
    assert (found["impressions"], found["clicks"]) == (3000, 30)
    assert (found["platform_conversions"], found["platform_conversion_value"]) == (6.0, 150)


def test_a_campaign_that_no_row_names_matches_by_its_id(rows: list[Row]) -> None:
    found = cell(rows, "ab-99")
    assert (found["spend"], found["credited_conversions"]) == (3, 1.0)


def test_an_id_gets_the_name_that_its_campaign_has_on_that_day(spark: SparkSession) -> None:
    renamed_on_the_10th = [paid("7", "beta", 5), paid("7", None, 7), paid("7", "alpha", 10), paid("7", "alpha", 12)]
    rows = built(spark, [bought("7", day) for day in (2, 6, 9, 10, 20)], renamed_on_the_10th).collect()

    linear_purchases = [row for row in rows if (row["model"], row["conversion_type"]) == ("linear", "purchase")]
    measures = ("spend", "credited_conversions")
    by_touch = [
        (row["date"].day, row["campaign"], *map(row.__getitem__, measures))
        for row in linear_purchases
        if is_by_touch(row)
    ]
    assert sorted(by_touch) == [
        (2, "beta", 0, 1),
        (5, "beta", 1, 0),
        (6, "beta", 0, 1),
        (7, "beta", 1, 0),
        (9, "beta", 0, 1),
        (10, "alpha", 1, 1),
        (12, "alpha", 1, 0),
        (20, "alpha", 0, 1),
    ]
    # On the other basis the name is that of the conversion's day: touched on the 9th, converted on the 10th.
    by_conversion = [row for row in linear_purchases if not is_by_touch(row)]
    assert {row["date"].day: row["campaign"] for row in by_conversion}[10] == "alpha"


def is_by_touch(row: Row) -> bool:
    return bool(row["date_basis"] == "touch")


def test_spend_without_conversions_keeps_its_row_with_roas_0_and_no_cpa(rows: list[Row]) -> None:
    found = cell(rows, "no conversions")
    assert (found["spend"], found["credited_conversions"], found["credited_value"]) == (Decimal("7.25"), 0, 0)
    assert (found["roas"], found["cpa"], found["new_customers"]) == (0.0, None, 0.0)


def test_conversions_without_spend_keep_their_row_without_roas(rows: list[Row]) -> None:
    found = cell(rows, "unpaid")
    assert (found["spend"], found["impressions"], found["clicks"], found["platform_conversions"]) == (0, 0, 0, 0)
    assert (found["credited_conversions"], found["credited_value"]) == (0.75, Decimal("12.5"))
    assert (found["roas"], found["cpa"]) == (None, 0.0)


def test_spend_of_0_has_no_roas(rows: list[Row]) -> None:
    found = cell(rows, "free")
    assert (found["spend"], found["credited_value"], found["impressions"]) == (0, 5, 1000)
    assert found["roas"] is None


def test_a_missing_source_medium_or_campaign_becomes_not_set(rows: list[Row]) -> None:
    direct = cell(rows, "(not set)", channel="Direct")
    assert (direct["source"], direct["medium"]) == ("(not set)", "(not set)")
    social = cell(rows, "social", day=MARCH_31, channel="Paid Social")
    assert (social["source"], social["medium"]) == ("(not set)", "(not set)")


def test_credit_is_dated_in_the_reporting_zone_by_its_touch_and_by_its_conversion(rows: list[Row]) -> None:
    assert cell(rows, "unpaid", "touch", MARCH_30)["credited_conversions"] == 0.75
    assert cell(rows, "unpaid", "conversion", MARCH_31)["credited_conversions"] == 0.75
    assert len([row for row in rows if row["campaign"] == "unpaid"]) == 2


def test_an_unattributed_conversion_is_dated_at_the_conversion_on_both_bases(rows: list[Row]) -> None:
    for basis in ("touch", "conversion"):
        assert cell(rows, "(not set)", basis, MARCH_31, channel="(unattributed)")["credited_value"] == 4


def test_spend_keeps_its_day_on_both_bases(rows: list[Row]) -> None:
    by_touch, by_conversion = cell(rows, "spring sale"), cell(rows, "spring sale", "conversion")
    assert by_touch["spend"] == by_conversion["spend"] == 65
    # By conversion, the credit is dated on the 31st, so the spend of the 30th has none.
    assert (by_conversion["credited_conversions"], by_conversion["roas"], by_conversion["cpa"]) == (0, 0.0, None)
    assert cell(rows, "spring sale", "conversion", MARCH_31)["roas"] is None


def test_every_model_type_and_basis_holds_all_credit_and_all_spend(rows: list[Row]) -> None:
    def totals() -> defaultdict[tuple[str, str, str], list[Any]]:
        return defaultdict(lambda: [0, 0, 0, 0])

    found, expected = totals(), totals()
    for row in rows:
        total = found[row["model"], row["conversion_type"], row["date_basis"]]
        for index, name in enumerate(("credited_conversions", "credited_value", "gross_value", "spend")):
            total[index] += row[name]
    for basis in ("touch", "conversion"):
        for model in MODELS:
            for kind in TYPES:
                expected[model, kind, basis][3] = sum(row["report_spend"] for row in SPEND)
        for earned in CREDITS:
            total = expected[earned["model"], earned["conversion_type"], basis]
            for index, name in enumerate(("credit", "credited_value", "gross_value")):
                total[index] += earned[name]
    assert found == expected


def test_each_row_has_a_unique_key_and_the_reporting_currency(rows: list[Row]) -> None:
    key = ("model", "conversion_type", "date_basis", "date", "channel", "source", "medium", "campaign")
    assert len({tuple(row[name] for name in key) for row in rows}) == len(rows)
    assert {row["currency"] for row in rows} == {"KRW"}


def test_without_any_spend_the_credit_still_has_its_rows(spark: SparkSession) -> None:
    (by_touch, by_conversion) = (
        built(spark, [credit("c", 1.0, "10", "Spring")], []).orderBy("date_basis").collect()[::-1]
    )
    assert (by_touch["date_basis"], by_touch["date"]) == ("touch", MARCH_30)
    assert (by_conversion["date_basis"], by_conversion["date"]) == ("conversion", MARCH_31)
    assert (by_touch["campaign"], by_touch["credited_value"], by_touch["roas"]) == ("spring", 10, None)


def later(days: int) -> dict[str, datetime]:
    """A touch so many days after the 30th, and its conversion a day after it in Seoul."""
    return {"touched_at": LATE + timedelta(days), "converted_at": MIDNIGHT + timedelta(days)}


def change_feed(
    table: Table, before: list[dict[str, Any]], after: list[dict[str, Any]], spark: SparkSession
) -> DataFrame:
    """The change feed of a table whose rows went from one list to the other."""
    inserts, deletes = ([row for row in one if row not in other] for one, other in ((after, before), (before, after)))
    inserted = frame(spark, table, inserts).withColumn("_change_type", F.lit("insert"))
    return inserted.unionByName(frame(spark, table, deletes).withColumn("_change_type", F.lit("delete")))


def april(day: int) -> date:
    return date(2026, 4, day)


def bought(campaign: str, day: int) -> dict[str, Any]:
    """Touched on that day in April, and converted on the next."""
    return credit(f"c{day}", 1.0, "5", campaign, **later(day + 1))


def paid(campaign_id: str, name: str | None, day: int, spend: str = "1") -> dict[str, Any]:
    return spent(name, spend, campaign_id, spend_date=april(day))


States = Sequence[list[dict[str, Any]]]  # before and after
SAME_CREDITS = [bought("same", day) for day in (1, 4, 8, 12, 15, 20)] + [bought("7", 3), bought("9", 9)]
SAME_SPEND = [paid("1", "same", day) for day in (2, 5, 9, 16)] + [paid("7", None, 7), paid("9", "kept", 11)]


FROM_YAHOO = [{**bought("plain", 6), "source": "yahoo"}]  # touched on the 6th, converted on the 7th


def plain(day: int, **fields: Any) -> dict[str, Any]:
    """Spend of a campaign without an id."""
    return spent("plain", "1", **{"spend_date": april(day), **fields})


@pytest.mark.parametrize(
    ("more_credits", "more_spend", "first", "last"),
    [
        (([bought("went", 5)], [bought("came", 9)]), ([], []), 5, 10),
        (([], [bought("came", 13)]), ([paid("2", "x", 10)], [paid("2", "x", 10, "2")]), 10, 14),
        (([], []), ([paid("2", "x", 10)], []), 10, 10),
        (([], []), ([], [paid("7", "got", 6)]), 3, 7),
        (([], []), ([paid("7", "lost", 6)], []), 3, 7),
        (([], []), ([], [paid("9", "kept", 14)]), 14, 14),
        ((FROM_YAHOO, FROM_YAHOO), ([], [plain(12)]), 6, 12),
        ((FROM_YAHOO, FROM_YAHOO), ([plain(12)], [plain(12), plain(13, source="bing")]), 6, 13),
        ((FROM_YAHOO, FROM_YAHOO), ([plain(12)], [plain(12), plain(13)]), 13, 13),
    ],
    ids=[
        "a credit that went and one that came",
        "a credit that came and spend that is restated",
        "spend that went",
        "a campaign that got a name",
        "a campaign that lost its name",
        "a campaign of the name that it had",
        "the first spend of a campaign that links of another source name",
        "spend of another source for a campaign that such links name",
        "more spend of the campaign that such links name",
    ],
)
def test_only_the_dates_from_the_first_to_the_last_change_are_rebuilt(
    spark: SparkSession, more_credits: States, more_spend: States, first: int, last: int
) -> None:
    earned, cost = [SAME_CREDITS + more for more in more_credits], [SAME_SPEND + more for more in more_spend]
    credits, spend = frame(spark, GOLD_ATTRIBUTION_CREDITS, earned[1]), frame(spark, SILVER_AD_SPEND, cost[1])
    dates = dates_of_changes(spark, earned, cost)
    assert dates == Dates(april(first), april(last))

    theirs = dates.of_credits(credits, timezone="Asia/Seoul"), spend.where(dates.contains(F.col("spend_date")))
    rebuilt = set(performance(*theirs, campaign_names(spend)).where(dates.contains(F.col("date"))).collect())
    unchanged = set(built(spark, earned[0], cost[0]).where(~dates.contains(F.col("date"))).collect())
    assert unchanged | rebuilt == set(built(spark, earned[1], cost[1]).collect())


def test_where_nothing_changed_there_is_no_date(spark: SparkSession) -> None:
    assert dates_of_changes(spark, [SAME_CREDITS] * 2, [SAME_SPEND] * 2) is None


def dates_of_changes(spark: SparkSession, earned: States, cost: States) -> Dates | None:
    """`changed_dates` between two states of the credits and of the spend."""
    spend = frame(spark, SILVER_AD_SPEND, cost[1])
    spend_changes = change_feed(SILVER_AD_SPEND, *cost, spark)
    names = campaign_names(spend)
    row = changed_dates(
        frame(spark, GOLD_ATTRIBUTION_CREDITS, earned[1]),
        spend,
        credit_changes=change_feed(GOLD_ATTRIBUTION_CREDITS, *earned, spark),
        spend_changes=spend_changes,
        renamed_campaigns=renamed(names, campaign_names(before_changes(spend, spend_changes))),
        timezone="Asia/Seoul",
    ).first()
    assert row is not None
    return Dates(row["first"], row["last"]) if row["first"] else None


def test_campaigns_are_retargeting_by_their_words_whether_they_have_spend_or_credit(spark: SparkSession) -> None:
    rows = built(
        spark,
        [credit("c1", 1.0, "8", "RTG_cart"), credit("c2", 1.0, "4", "cartgo")],
        [spent("rtg_visitors", "3"), spent(None, "5", medium="rtg")],
    ).collect()
    assert {row["campaign"]: row["is_retargeting"] for row in rows} == {
        "rtg_cart": True,
        "cartgo": False,
        "rtg_visitors": True,
        "(not set)": True,
    }
