"""Touch credit of data-driven models: Spark against the plain division of one path, and one small fit by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import Row, SparkSession
from rules_oracle import KNOBS, journey, journeys_frame, walk

from attribution import markov
from attribution.attribution_credits import build_attribution_credits, check_credits
from attribution.channel_effects import build_channel_effects
from attribution.channel_model import ChannelModel, markov_effects, shapley_effects
from attribution.channel_transitions import build_channel_transitions
from attribution.fitted_credit import FittedModel
from attribution.paths import Paths
from warehouse.tables import GOLD_CHANNEL_EFFECTS, GOLD_CHANNEL_TRANSITIONS

WEIGHTS = {"A": 0.5, "B": 0.3, "C": 0.0, "Z": 0.0}
FITTED = FittedModel(name="markov", version="channels/7", weights={"purchase": WEIGHTS, "sign_up": {}})
DRAW = random.Random(11)
PATHS = {
    "a once": "A > B",
    "a twice": "A > B > A",
    "nothing weighs": "C > Z > C",
    "one that the fit did not know": "A > New",
    "one touch": "C",
    "none": "",
} | {f"random {i}": " > ".join(DRAW.choices("ABCZ", k=DRAW.randint(1, 9))) for i in range(40)}


@pytest.fixture(scope="module")
def credited(spark: SparkSession) -> dict[str, list[Row]]:
    rows = [journey(name, walk(path)) for name, path in PATHS.items()]
    rows += [journey("unfitted type", walk("A > B"), conversion_type="app_install")]
    journeys = journeys_frame(spark, rows)
    credits = build_attribution_credits(journeys, models=["linear"], knobs=KNOBS, fitted=[FITTED])
    assert all(check.passed for check in check_credits(journeys, credits, models=["linear", "markov"]))
    found = defaultdict(list)
    for row in sorted(credits.collect(), key=lambda row: row["position"]):
        if row["model"] == "markov":
            assert row["model_version"] == "channels/7"
            found[row["conversion_id"]].append(row)
        else:
            assert row["model_version"] == "rules"
    return dict(found)


@pytest.mark.parametrize("name", [name for name in PATHS if PATHS[name]])
def test_a_path_is_divided_as_touch_shares_divides_it(credited: dict[str, list[Row]], name: str) -> None:
    path = PATHS[name].split(" > ")
    expected = {i + 1: share for i, share in enumerate(markov.touch_shares(path, WEIGHTS)) if share > 0}
    assert {row["position"]: row["credit"] for row in credited[name]} == pytest.approx(expected, abs=1e-15)


def test_a_channels_weight_divides_over_its_touches(credited: dict[str, list[Row]]) -> None:
    assert [row["credit"] for row in credited["a once"]] == pytest.approx([0.625, 0.375])
    assert [row["credit"] for row in credited["a twice"]] == pytest.approx([0.3125, 0.375, 0.3125])


def test_where_no_channel_weighs_anything_touches_are_equal(credited: dict[str, list[Row]]) -> None:
    assert [row["credit"] for row in credited["nothing weighs"]] == pytest.approx([1 / 3] * 3)
    assert [row["credit"] for row in credited["unfitted type"]] == pytest.approx([0.5, 0.5])


def test_a_conversion_without_touch_stays_unattributed(credited: dict[str, list[Row]]) -> None:
    (row,) = credited["none"]
    assert (row["channel"], row["position"], row["credit"]) == ("(unattributed)", 0, 1.0)
    assert row["credited_value"] == Decimal("10")


PATHS_OF_TWO = Paths.of([["A", "B"], ["A"], ["B"]], [1, 1, 0], [10, 30, 0], [1, 1, 4])


def model() -> tuple[ChannelModel, markov.MarkovFit]:
    fit = markov.fit(PATHS_OF_TWO)
    effects = [*markov_effects("purchase", fit), *shapley_effects("purchase", PATHS_OF_TWO)]
    return ChannelModel(as_of=date(2026, 3, 31), effects=effects), fit


def test_shapley_shares_and_removal_effects_of_two_channels() -> None:
    effects = {effect.channel: effect for effect in model()[0].effects if effect.model == "shapley"}
    # A touched both conversions and earns 1.5 of 2; B touched one and earns .5.
    assert effects["A"][3:] == pytest.approx((None, 1.0, 0.75, 1.0, 0.875))
    assert effects["B"][3:] == pytest.approx((None, 0.5, 0.25, 0.25, 0.125))


def test_a_model_comes_back_from_json_as_it_was() -> None:
    built, _ = model()
    assert ChannelModel.from_dict(built.to_dict()) == built
    (fitted,) = built.fitted(["markov", "unknown"], "channels/1")
    assert sum(fitted.weights["purchase"].values()) == pytest.approx(1)


def test_a_fit_stored_before_touches_were_counted_as_they_are_had_collapsed() -> None:
    built, _ = model()
    assert not built.collapse
    stored = {name: part for name, part in built.to_dict().items() if name != "collapse"}
    assert ChannelModel.from_dict(stored).collapse


def test_effects_and_transitions_are_rows_of_their_tables(spark: SparkSession) -> None:
    built, fit = model()
    effects = build_channel_effects(spark, built, model_version="channels/1")
    assert tuple(effects.columns) == GOLD_CHANNEL_EFFECTS.column_names
    assert {(row["model"], row["channel"]) for row in effects.collect()} == {
        (name, channel) for name in ("markov", "shapley") for channel in "AB"
    }
    transitions = build_channel_transitions(spark, {"purchase": fit}, model_version="channels/1")
    assert tuple(transitions.columns) == GOLD_CHANNEL_TRANSITIONS.column_names
    assert {(tuple(r["state"]), r["event"], tuple(r["next_state"]), r["journeys"]) for r in transitions.collect()} == {
        ((), "touch", ("A",), 4.0),
        ((), "touch", ("B",), 4.0),
        (("A",), "touch", ("B",), 2.0),
        (("A",), "conversion", (), 1.0),
        (("A",), "null", (), 1.0),
        (("B",), "conversion", (), 1.0),
        (("B",), "null", (), 5.0),
    }
