"""A small shop to which one thing after another happens: each publication's change is named with the right amount."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from conf import CONF_ROOT
from dashboard.changes_panel import changes_sentences
from dashboard.words import words_in
from jobs import attribute, build, check, ingest, report, train_attribution
from jobs.run import Step, open_run, perform
from published.changes import Changes, read_changes
from published.former import two_publications
from published.publication import Published, publications
from published.view import View
from tests.published.two_publications import Parts, parts_of
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS

pytestmark = pytest.mark.long

PIPELINE = (ingest.STEP, build.STEP, attribute.STEP, check.PUBLISH)
ZONE = "Asia/Seoul"
SEARCH, EMAIL, DIRECT = "utm_source=google&utm_medium=cpc", "utm_source=newsletter&utm_medium=email", ""
# Who came by what on which day of March 2026; the first four bought on the fourth, for 100, 200, 300 and 400 USD.
VISITS = {
    "c1": ((2, SEARCH), (3, EMAIL)),
    "c2": ((2, SEARCH),),
    "c3": ((3, EMAIL),),
    "c4": ((3, DIRECT),),
    **{f"n{number}": ((3, SEARCH),) for number in range(4)},
    "n4": ((3, EMAIL),),
    "n5": ((3, DIRECT),),
}
ORDERS = "order_id,user_id,order_ts,value,currency,refunded_value,updated_at\n"
SPEND = "date,platform,account_id,campaign_id,campaign_name,impressions,clicks,spend,currency,exported_at\n"
NEW_RULE = """
  - name: partner_newsletter
    channel: Affiliates
    all:
      - {field: source, is_in: [newsletter]}
"""


@dataclass(frozen=True)
class Shop:
    folder: Path

    @property
    def lake(self) -> str:
        return str(self.folder / "lake")

    def land(self, name: str, text: str) -> None:
        path = self.folder / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def land_events(self, name: str, *events: dict[str, Any]) -> None:
        self.land(f"events/{name}.jsonl", "".join(json.dumps(event) + "\n" for event in events))

    def run(self, spark: SparkSession, *steps: Step, channels_file: str = "channels.yaml", full: bool = False) -> None:
        config = self.folder / "shop.yaml"
        knobs = {
            "lake": self.lake,
            "landing": {"root": str(self.folder / "landing")},
            "report": {"timezone": ZONE, "currency": "USD", "file": str(self.folder / "report.html")},
            "touchpoints": {"own_domains": ["shop.example"], "channels_file": channels_file},
            "attribution": {"models": ["last_touch", "linear"], "conversion_types": ["purchase"]},
            "build": {"max_changed_share": 1},
            "mlflow": {
                "tracking_uri": f"sqlite:///{self.folder}/mlflow.db",
                "artifact_root": str(self.folder / "artifacts"),
            },
        }
        config.write_text(json.dumps(knobs))
        perform(open_run("pipeline", config=config, spark=spark, full=full, console=Console(quiet=True)), steps)

    def config(self) -> str:
        return str(self.folder / "shop.yaml")


def visit(person: str, moment: str, query: str, *, user_id: str | None = None) -> dict[str, Any]:
    event = {
        "event_id": f"{person} {moment}",
        "event_name": "page_view",
        "event_ts": moment,
        "anonymous_id": f"device of {person}",
        "page_url": f"https://shop.example/?{query}",
    }
    return {**event, "user_id": user_id} if user_id else event


def opened(shop: Shop, spark: SparkSession) -> None:
    visits = [
        visit(who, f"2026-03-0{day}T10:00:00Z", how, user_id=who) for who, days in VISITS.items() for day, how in days
    ]
    stranger = visit("stranger", "2026-03-03T20:00:00Z", SEARCH)
    shop.land_events("1", *visits, stranger)
    rows = "".join(f"o{n},c{n},2026-03-04T10:00:00Z,{n}00,USD,0,2026-03-04T10:00:00Z\n" for n in range(1, 5))
    shop.land("orders/1.csv", ORDERS + rows)
    shop.land("ad_spend/1.csv", f"{SPEND}2026-03-02,google_ads,1,7,Brand,9,3,40,USD,2026-03-05T00:00:00Z\n")
    shop.run(spark, *PIPELINE, report.STEP)
    (shop.folder / "first.html").write_bytes((shop.folder / "report.html").read_bytes())


def first_fit(shop: Shop, spark: SparkSession) -> None:
    shop.run(spark, train_attribution.STEP, attribute.STEP, check.PUBLISH)


def late_visit(shop: Shop, spark: SparkSession) -> None:
    shop.land_events("2", visit("c2", "2026-03-03T12:00:00Z", EMAIL, user_id="c2"))
    shop.run(spark, *PIPELINE)


def refund(shop: Shop, spark: SparkSession) -> None:
    shop.land("orders/2.csv", f"{ORDERS}o3,c3,2026-03-04T10:00:00Z,300,USD,50,2026-03-05T10:00:00Z\n")
    shop.run(spark, *PIPELINE)


def restated_spend(shop: Shop, spark: SparkSession) -> None:
    shop.land("ad_spend/2.csv", f"{SPEND}2026-03-02,google_ads,1,7,Brand,9,3,55,USD,2026-03-06T00:00:00Z\n")
    shop.run(spark, *PIPELINE)


def login(shop: Shop, spark: SparkSession) -> None:
    event = visit("stranger", "2026-03-05T10:00:00Z", DIRECT, user_id="c4")
    shop.land_events("3", {**event, "event_name": "login"})
    shop.run(spark, *PIPELINE)


def new_rule(shop: Shop, spark: SparkSession) -> None:
    rules = (CONF_ROOT / "channels.yaml").read_text(encoding="utf-8").replace("rules:\n", f"rules:{NEW_RULE}", 1)
    (shop.folder / "rules.yaml").write_text(rules)
    shop.run(spark, *PIPELINE, channels_file="rules.yaml")


def new_fit(shop: Shop, spark: SparkSession) -> None:
    shop.run(spark, train_attribution.STEP, attribute.STEP, check.PUBLISH, channels_file="rules.yaml", full=True)


HISTORY = (opened, first_fit, late_visit, refund, restated_spend, login, new_rule, new_fit)


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("changes"))
    for happens in HISTORY:
        happens(shop, spark)
    return shop


@pytest.fixture(scope="module")
def steps(shop: Shop) -> list[Changes]:
    """The changes from each publication to the next."""
    found = list(reversed(publications(shop.lake)))
    read = [read_changes(before, after, View(), timezone=ZONE) for before, after in pairwise(found)]
    return [one for one in read if one is not None]


def of(conversions: float = 0, value: float = 0, spend: float = 0) -> tuple[float, Decimal, Decimal]:
    return conversions, Decimal(value), Decimal(spend)


LAST_TOUCH: tuple[tuple[str, Parts], ...] = (
    ("first_fit", {}),
    ("late_visit", {("Email", "late"): of(1, 200), ("Paid Search", "late"): of(-1, -200)}),
    ("refund", {("Email", "refunds"): of(0, -50)}),
    ("restated_spend", {("Paid Search", "restated"): of(0, 0, 15)}),
    ("login", {("Direct", "identity"): of(-1, -400), ("Paid Search", "identity"): of(1, 400)}),
    ("new_rule", {("Email", "rules"): of(-3, -550), ("Affiliates", "rules"): of(3, 550)}),
    ("new_fit", {}),
)


def test_each_change_is_named_with_its_amount(steps: list[Changes]) -> None:
    happened = [happens.__name__ for happens in HISTORY[1:]]
    found = [(name, parts_of(one, "last_touch")) for name, one in zip(happened, steps, strict=True)]
    assert found == list(LAST_TOUCH)


def test_new_models_and_new_fits_are_named(steps: list[Changes]) -> None:
    first, *between, last = steps
    assert first.new_models == ("markov", "shapley")
    assert first.total("markov").value.parts == first.total("shapley").value.parts == {"models": Decimal(1000)}
    assert [one.refitted or one.new_models for one in between] == [()] * 5
    assert [(one.model, one.before, one.after) for one in last.refitted] == [
        (model, "channel-attribution/1", "channel-attribution/2") for model in ("markov", "shapley")
    ]
    for model in ("markov", "shapley"):
        moved = {channel: value for (channel, cause), (_, value, _) in parts_of(last, model).items()}
        assert {cause for _, cause in parts_of(last, model)} == {"models"}
        assert moved == {channel: value for channel, value in credited_difference(last, model) if value}
        assert sum(moved.values()) == 0


def credited_difference(changes: Changes, model: str) -> Iterator[tuple[str, Decimal]]:
    """By channel, the sum of credited value after less before: from rows of the two versions."""
    sums: dict[str, Decimal] = defaultdict(Decimal)

    def add(published: Published, sign: int) -> None:
        sql = f"select channel, credited_value from gold_attribution_credits where model = '{model}'"
        for row in published.rows(sql, GOLD_ATTRIBUTION_CREDITS):
            sums[row["channel"]] += sign * row["credited_value"]

    add(changes.after, 1)
    add(changes.before, -1)
    yield from sums.items()


def test_parts_add_up_to_the_whole_under_every_model(steps: list[Changes]) -> None:
    for changes in steps:
        for one in (*changes.channels, *(changes.total(model) for model in changes.models)):
            assert "other" not in {*one.value.parts, *one.spend.parts, *one.conversions.parts}
            assert sum(one.value.parts.values()) == one.value.change
            assert sum(one.spend.parts.values()) == one.spend.change
            assert sum(one.conversions.parts.values()) == pytest.approx(one.conversions.change, abs=1e-6)
            if one.roas:
                assert sum(one.roas.parts.values()) == pytest.approx(one.roas.after - one.roas.before, abs=1e-6)


def test_over_several_publications_every_cause_is_in_one_table(shop: Shop) -> None:
    first = publications(shop.lake)[-1].run_id
    before, after = two_publications(shop.lake, from_=first, to=None, timezone=ZONE)
    changes = read_changes(before, after, View(), timezone=ZONE)
    assert changes is not None
    causes = {cause for _, cause in parts_of(changes, "last_touch")}
    assert causes == {"late", "refunds", "restated", "identity", "rules"}
    sentences = changes_sentences(changes, words_in("en"), "last_touch")
    assert "net revenue from $1,000.00 to $950.00, and ad spend from $40.00 to $55.00" in sentences[0]
    assert "Restated spend raised the spend of Paid Search by $15.00." in sentences


def test_the_first_report_is_made_again_to_the_byte(shop: Shop) -> None:
    run = publications(shop.lake)[-1].run_id
    shown = (shop.folder / "first.html").read_bytes()
    assert report.main(["--config", shop.config(), "--run", run, "--out", str(shop.folder / "again.html")]) == 0
    assert (shop.folder / "again.html").read_bytes() == shown
