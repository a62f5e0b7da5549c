"""ltv.model: any purchase model in the value model, and auto, which takes the best on the newest periods."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from regular_shop import regular_shop
from shops import cdnow_days, fit_in, online_retail_days, rolling_origins

from ltv.contest import lost_because, meet, won_because
from ltv.intervals import total_interval
from ltv.model_choice import CANDIDATES, ModelChoice, choose_model
from ltv.model_totals import model_totals
from ltv.origins import FittedOrigin, Origin, fit_origins, judge_origins
from ltv.purchase_fits import FITS, purchase_fit
from ltv.registry import Champion
from ltv.scorer import Scorer
from ltv.value_model import ValueModel
from warehouse.errors import UsageError
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, VALUE_HORIZONS_DAYS

SHOPS = {
    "CDNOW": lambda: rolling_origins(cdnow_days("sample"), until="1998-06-30", length=60, count=5),
    "groceries, Erlang-2": lambda: groceries(2),
    "groceries, Erlang-3": lambda: groceries(3),
    "groceries, Erlang-4": lambda: groceries(4),
}
HORIZONS = {"churn_days": CHURN_HORIZONS_DAYS, "value_days": VALUE_HORIZONS_DAYS, "annual_discount_rate": 0.1}


def groceries(k: int, *, seed: int = 1) -> list[Origin]:
    """A shop that wins customers for 600 days, at the origins of the 300 days after."""
    shop = regular_shop(1500, k, seed=seed, days=900, arrive=600, r=1.3, alpha=10.0 * k, a=0.6, b=4.0)
    return rolling_origins(shop.days("2024-01-01"), until="2026-06-17", length=60, count=5)


@cache
def fitted(shop: str) -> dict[str, list[FittedOrigin]]:
    """Each candidate at the origins of a shop."""
    origins = SHOPS[shop]()
    return {model: fit_origins(origins, fit_in("USD", model))[0] for model in CANDIDATES}


def choice(shop: str) -> ModelChoice:
    return choose_model(list(fitted(shop).values()))


@pytest.mark.parametrize("k", [2, 3, 4])
def test_a_shop_of_regular_buyers_gets_the_model_of_regular_buyers_and_better_forecasts(k: int) -> None:
    chosen = choice(f"groceries, Erlang-{k}")
    scores = {score.model: score for score in chosen.scores}

    assert (chosen.model, chosen.periods) == ("mbg_cnbd_k", 5)
    assert scores["mbg_cnbd_k"].title == f"MBG/CNBD-k (k = {k})"
    assert scores["mbg_cnbd_k"].rmse < 0.99 * scores["pareto_nbd"].rmse
    assert abs(scores["mbg_cnbd_k"].total_error) < abs(scores["pareto_nbd"].total_error)


def test_a_shop_of_purchases_at_random_keeps_the_default() -> None:
    chosen = choice("CDNOW")

    assert chosen.model == "pareto_nbd"
    assert chosen.lines[0].startswith("purchase model: Pareto/NBD, judged on the 5 newest periods: ")
    assert chosen.lines[1] == "Pareto/NBD: RMSE 0.5066, total -1.1%"
    assert len(chosen.lines) == 1 + len(CANDIDATES)
    assert chosen.metrics["choice_rmse_pareto_nbd"] == pytest.approx(0.5066, abs=5e-5)


def test_online_retail_whose_customers_are_shops_orders_at_even_intervals(shared_data: Path) -> None:
    origins = rolling_origins(online_retail_days(shared_data), until="2011-12-09", length=60, count=5)

    chosen = choose_model([fit_origins(origins, fit_in("GBP", model))[0] for model in ("pareto_nbd", "mbg_cnbd_k")])

    assert [score.title for score in chosen.scores] == ["Pareto/NBD", "MBG/CNBD-k (k = 2)"]
    at_random, regular = chosen.scores
    assert chosen.model == "mbg_cnbd_k"
    assert (at_random.rmse, regular.rmse) == (pytest.approx(1.002, abs=5e-4), pytest.approx(0.9887, abs=5e-5))
    assert (at_random.total_error, regular.total_error) == (
        pytest.approx(-0.106, abs=5e-4),
        pytest.approx(-0.073, abs=5e-4),
    )


def test_a_difference_below_one_per_cent_goes_to_the_default_then_to_the_simpler_and_to_bg_nbd_last() -> None:
    def chosen(*names: str) -> str:
        return choose_model([fitted("CDNOW")[name] for name in names]).model

    rmse = {score.model: score.rmse for score in choice("CDNOW").scores}
    assert max(rmse.values()) < 1.002 * min(rmse.values())
    assert min(rmse.values()) < rmse["pareto_nbd"]
    assert chosen("bg_nbd", "mbg_cnbd_k", "mbg_nbd", "pareto_nbd") == "pareto_nbd"
    assert chosen("bg_nbd", "mbg_cnbd_k", "mbg_nbd") == "mbg_nbd"
    assert chosen("bg_nbd", "mbg_cnbd_k") == "mbg_cnbd_k"


def test_candidates_are_compared_at_the_origins_at_which_all_could_be_fitted() -> None:
    models = fitted("groceries, Erlang-3")

    shorter = choose_model([models["pareto_nbd"], models["mbg_cnbd_k"][2:]])
    newest = choose_model([models["pareto_nbd"][-1:], models["mbg_cnbd_k"][-1:]])

    assert (shorter.model, shorter.periods) == ("mbg_cnbd_k", 3)
    assert newest.lines[0] == (
        "purchase model: MBG/CNBD-k (k = 3), judged on the newest period: it has the smallest RMSE"
    )


@pytest.mark.long
@pytest.mark.parametrize("k", [2, 3, 4])
def test_of_twenty_shops_of_regular_buyers_most_get_their_model_and_all_together_better_totals(k: int) -> None:
    taken, errors = [], []
    for seed in range(20):
        origins = groceries(k, seed=seed)
        chosen = choose_model([fit_origins(origins, fit_in("USD", model))[0] for model in CANDIDATES])
        by_model = {score.model: abs(score.total_error) for score in chosen.scores}
        taken.append(chosen.model)
        errors.append((by_model["mbg_cnbd_k"], by_model["pareto_nbd"]))

    assert taken.count("mbg_cnbd_k") >= 14
    regular, at_random = np.mean(errors, axis=0)
    assert regular < 0.02
    assert regular < 0.9 * at_random


@pytest.mark.parametrize("model", FITS)
def test_every_model_predicts_in_the_table_as_the_stored_scorer_does(model: str) -> None:
    value_model = fitted("groceries, Erlang-3")[model][-1].model
    plain = json.loads(json.dumps(value_model.to_dict()))
    rows = ([0, 3, 12], [0.0, 60.0, 300.0], [40.0, 90.0, 310.0])

    again = ValueModel.from_dict(plain)
    table = again.purchase_intervals(*rows, **HORIZONS, level=0.95)

    assert again == value_model
    assert {name: column.tolist() for name, column in table.items()} == {
        name: column.tolist()
        for name, column in Scorer.from_dict(plain).purchase_intervals(*rows, **HORIZONS, level=0.95).items()
    }
    fit = value_model.purchases
    assert table["p_alive"].tolist() == fit.p_alive(*rows).tolist()
    assert table["churn_30d"].tolist() == fit.probability_of_no_purchase(30, *rows).tolist()
    for days in VALUE_HORIZONS_DAYS:
        assert (table[f"expected_purchases_{days}d_lower"] < table[f"expected_purchases_{days}d"]).all()
        assert (table[f"expected_purchases_{days}d"] < table[f"expected_purchases_{days}d_upper"]).all()
        assert (table[f"discounted_purchases_{days}d_log_error"] > 0).all()


@pytest.mark.parametrize("model", FITS)
def test_totals_of_every_model_have_both_parts_of_their_interval(model: str) -> None:
    origin, value_model = fitted("groceries, Erlang-3")[model][-1]

    totals = model_totals(value_model, origin.holdout, days=60, margin=1.0, annual_discount_rate=0.0)

    purchases = value_model.purchases
    rows = (origin.holdout[name] for name in ("frequency", "recency", "T"))
    expected = purchases.expected_purchases(60, *rows)
    assert totals["purchases"].estimate == pytest.approx(float(expected @ origin.holdout["customers"]))
    assert totals["purchases"].variance > 0
    actual = float(origin.holdout["holdout_purchases"] @ origin.holdout["customers"])
    interval = total_interval(totals["purchases"], purchases)
    assert interval.lower < actual < interval.upper
    (judged, *_) = judge_origins([FittedOrigin(origin, value_model)], level=0.95).judged
    assert judged.totals[0].predicted == totals["purchases"].estimate


def test_a_champion_of_one_model_meets_a_challenger_of_another() -> None:
    models = fitted("groceries, Erlang-3")
    old, new = (models[name] for name in ("pareto_nbd", "mbg_cnbd_k"))
    as_of = dt.date(2026, 6, 17)

    def champion(origins: list[FittedOrigin]) -> Champion:
        return Champion(model=origins[-1].model, at_cutoff=origins[-2].model, version="shop/1")

    won, lost = meet(champion(old), new), meet(champion(new), old)

    assert lost_because(as_of, champion(old), won) is None
    assert won_because(champion(old), won).startswith("rmse on the 2 newest periods is ")
    assert "more than 1% above" in (lost_because(as_of, champion(new), lost) or "")


def test_a_bg_nbd_says_that_its_p_alive_is_no_churn_score() -> None:
    models = fitted("CDNOW")
    notes = {name: models[name][-1].model.notes for name in FITS}

    assert notes["bg_nbd"] == [
        "p_alive is no churn score: in a BG/NBD nobody leaves before the second purchase. Use churn_<h>d."
    ]
    assert notes["mbg_nbd"] == notes["pareto_nbd"] == []


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(
        UsageError, match="no purchase model 'bg_bb'; there are pareto_nbd, bg_nbd, mbg_nbd, mbg_cnbd_k"
    ):
        purchase_fit({"model": "bg_bb"})
