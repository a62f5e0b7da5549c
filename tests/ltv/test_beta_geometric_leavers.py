"""Who leaves after a purchase, and what that costs, against shops drawn from the models and against sums by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.special import betaln, gammaln
from test_customer_value import IN_DAYS, MODEL

from ltv import mbg_cnbd_k, pareto_nbd
from ltv.beta_geometric import BetaGeometricFit
from ltv.beta_geometric_forecast import BetaGeometricForecast, phase_weights
from ltv.bg_nbd import BGNBDFit
from ltv.histories import histories
from ltv.mbg_cnbd_k import MBGCNBDFit
from ltv.mbg_nbd import MBGNBDFit
from ltv.purchase_fits import PurchaseFit
from ltv.retention import leavers, purchases_at_risk

PARAMS = {"r": 1.3, "alpha": 30.0, "a": 0.5, "b": 1.6}
WITHIN, HORIZON = 30.0, 180.0
FITS: dict[str, BetaGeometricFit] = {
    "BG/NBD": BGNBDFit(params=PARAMS),
    "MBG/NBD": MBGNBDFit(params=PARAMS),
    "MBG/CNBD-2": MBGCNBDFit(params=PARAMS | {"alpha": 15.0}, k=2),
    "MBG/CNBD-3": MBGCNBDFit(params=PARAMS | {"alpha": 10.0}, k=3),
}
EVERY_FIT = pytest.mark.parametrize("fit", FITS.values(), ids=FITS)


def leavers_of(fit: PurchaseFit, *history: Any, within: float = WITHIN, horizon: float = HORIZON):
    return leavers(fit, fit.theta, histories(*history), within=within, horizon=horizon)


class Shop(NamedTuple):
    """Per customer: history, whether the customer leaves within WITHIN days, and what follows if a contact prevents
    it."""

    frequency: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    leaves: np.ndarray
    bought_if_kept: np.ndarray


def drawn_shop(fit: BetaGeometricFit, customers: int, seed: int) -> Shop:
    """Each customer buys after k phases at the own rate, and may leave right after each purchase."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(0, 365, customers)
    rate = rng.gamma(fit.params["r"], 1 / fit.params["alpha"], customers)
    p = rng.beta(fit.params["a"], fit.params["b"], customers)

    def buy(who: np.ndarray, when: np.ndarray, until: np.ndarray):
        """Purchases of `who` after `when` until each leaves: who and when, and when each left (inf: stays)."""
        left_at, people, times = np.full(customers, np.inf), [], []
        while len(who):
            when = when + rng.gamma(fit.k, 1, len(who)) / rate[who]
            seen = when <= until[who]
            who, when = who[seen], when[seen]
            people.append(who)
            times.append(when)
            leaves = rng.random(len(who)) < p[who]
            left_at[who[leaves]] = when[leaves]
            who, when = who[~leaves], when[~leaves]
        return np.concatenate(people), np.concatenate(times), left_at

    at_once = (rng.random(customers) < p) & fit.LEAVES_AT_ONCE
    first = np.flatnonzero(~at_once)
    who, when, left_at = buy(first, np.zeros(len(first)), T + WITHIN)
    left_at[at_once] = 0.0
    seen = when <= T[who]
    recency = np.zeros(customers)
    np.maximum.at(recency, who[seen], when[seen])
    leaves = np.isfinite(left_at)
    kept = np.flatnonzero(leaves)
    again, _, _ = buy(kept, np.maximum(left_at, T)[kept], T + HORIZON)
    return Shop(
        np.bincount(who[seen], minlength=customers).astype(float),
        recency,
        T,
        leaves,
        np.bincount(again, minlength=customers).astype(float),
    )


@EVERY_FIT
def test_what_leavers_would_buy_is_what_they_buy_in_shops_drawn_from_the_model(fit: BetaGeometricFit) -> None:
    shop = drawn_shop(fit, 100_000, seed=7)

    found = leavers_of(fit, shop.frequency, shop.recency, shop.T)

    x, silent = shop.frequency, shop.T - shop.recency
    for group in (x == 0, (x > 0) & (x < 4), x >= 4, silent < 10, (silent >= 10) & (silent < 60), silent > 100):
        chance = 4 / np.sqrt(group.sum())
        bought, pairs = shop.bought_if_kept[group], shop.bought_if_kept[group] * (shop.bought_if_kept[group] - 1)
        assert found.leaving[group].mean() == pytest.approx(shop.leaves[group].mean(), abs=chance / 2)
        assert found.lost_purchases[group].mean() == pytest.approx(bought.mean(), abs=chance * bought.std())
        assert found.lost_pairs[group].mean() == pytest.approx(pairs.mean(), abs=chance * pairs.std())


@EVERY_FIT
@pytest.mark.parametrize("history", [(0, 0.0, 0.0), (0, 0.0, 25.0), (4, 50.0, 60.0), (4, 60.0, 60.0)])
def test_who_leaves_soon_does_so_after_one_of_the_next_purchases(
    fit: BetaGeometricFit, history: tuple[float, float, float]
) -> None:
    """The sum over which purchase it is, and the integral over when it comes, with the forecast of who is kept then."""
    known, k = fit.forecast(*history), fit.k
    R, A, S, a = known.phase_shape[0], known.phase_rate[0], known.stays[0], known.leaves
    weights = phase_weights(known.phase_shape, known.pause / known.phase_rate, k)[:, 0]
    nodes, widths = np.polynomial.legendre.leggauss(24)
    t = WITHIN * (nodes + 1) / 2
    expected = np.zeros(3)
    for n in range(1, 50):
        leaves = np.exp(betaln(a + 1, S + n - 1) - betaln(a, S))
        j, phases = np.arange(k)[:, None], n * k
        comes = np.exp(
            gammaln(R + phases) - gammaln(R + j) - gammaln(phases - j) + (R + j) * np.log(A)
            + (phases - j - 1) * np.log(t) - (R + phases) * np.log(A + t)
        )  # fmt: skip
        density = known.p_alive[0] * leaves * WITHIN / 2 * widths * (weights @ comes)
        kept = BetaGeometricForecast(
            np.ones(24), np.full(24, R + phases), A + t, np.zeros(24), a + 1, np.full(24, S + n - 1), k
        )
        rest = HORIZON - t
        expected += [density.sum(), density @ kept.expected_purchases(rest), density @ kept.purchase_pairs(rest)]

    soon, gone = leavers_of(fit, *history), leavers_of(fit, *history, within=0.0)

    found = [one[0] - other[0] for one, other in zip(soon, gone, strict=True)]
    assert found == pytest.approx(expected.tolist(), rel=1e-9)


@EVERY_FIT
def test_who_has_left_did_so_at_the_last_purchase_and_bought_faster_than_the_living(fit: BetaGeometricFit) -> None:
    history = (4, 20.0, 300.0)
    known = fit.forecast(*history)
    as_the_living = (1 - known.p_alive) * known.expected_while_alive(HORIZON)
    just_left = BetaGeometricForecast(
        p_alive=np.ones(1),
        phase_shape=known.phase_shape,
        phase_rate=np.array([fit.params["alpha"] + 20.0]),
        pause=np.zeros(1),
        leaves=fit.params["a"] + 1,
        stays=np.array([fit.params["b"] + 3 + fit.LEAVES_AT_ONCE]),
        k=fit.k,
    )

    found = leavers_of(fit, *history, within=0.0)

    assert found.leaving == pytest.approx(1 - known.p_alive)
    assert found.lost_purchases == pytest.approx((1 - known.p_alive) * just_left.expected_purchases(HORIZON))
    assert found.lost_purchases > 2 * as_the_living


def test_a_list_by_the_shops_own_model_promises_what_comes_and_earns_more_than_by_a_pareto_nbd() -> None:
    """Contacts are worth it from half a purchase at risk; the gain is what comes less half a purchase for each."""
    worth_it = 0.5
    promised, came = np.zeros(2), np.zeros(2)
    gain: list[list[float]] = []
    for seed in range(10):
        shop = drawn_shop(FITS["MBG/CNBD-2"], 3000, seed=100 + seed)
        history = (shop.frequency, shop.recency, shop.T)
        gain.append([])
        for number, fit in enumerate((mbg_cnbd_k.fit(*history, k=2), pareto_nbd.fit(*history))):
            at_risk = leavers_of(fit, *history).lost_purchases
            listed = at_risk > worth_it
            promised[number] += at_risk[listed].sum()
            came[number] += shop.bought_if_kept[listed].sum()
            gain[-1].append((shop.bought_if_kept[listed] - worth_it).sum())

    assert promised[0] == pytest.approx(came[0], rel=0.04)
    assert promised[1] < 0.8 * came[1]
    assert all(own > other for own, other in gain)


def test_a_bg_nbd_customer_of_one_purchase_has_not_left_and_leaves_after_the_second_at_the_earliest() -> None:
    fit = FITS["BG/NBD"]
    gone, soon = leavers_of(fit, 0, 0, 300, within=0.0), leavers_of(fit, 0, 0, 300)

    assert [figure.tolist() for figure in gone] == [[0.0]] * 3
    assert 0 < soon.leaving[0] < 1 - fit.probability_of_no_purchase(WITHIN, 0, 0, 300)[0]


def test_an_mbg_nbd_buyer_of_today_may_have_left_today() -> None:
    found = leavers_of(FITS["MBG/NBD"], 0, 0, 0, within=0.0)

    assert found.leaving == pytest.approx(PARAMS["a"] / (PARAMS["a"] + PARAMS["b"]))


def test_one_phase_is_the_mbg_nbd() -> None:
    data = ([0, 2, 9], [0, 40, 300], [90, 80, 310])
    one = leavers_of(MBGCNBDFit(params=PARAMS, k=1), *data)
    other = leavers_of(FITS["MBG/NBD"], *data)

    assert [figure.tolist() for figure in one] == [figure.tolist() for figure in other]


@EVERY_FIT
def test_days_and_weeks_give_one_answer(fit: BetaGeometricFit) -> None:
    weeks = replace(fit, params=fit.params | {"alpha": fit.params["alpha"] / 7})
    days = leavers_of(fit, [0, 5], [0, 300], [90, 400])
    found = leavers_of(weeks, [0, 5], [0, 300 / 7], [90 / 7, 400 / 7], within=WITHIN / 7, horizon=HORIZON / 7)

    for one, other in zip(days, found, strict=True):
        assert one == pytest.approx(other)


@pytest.mark.parametrize(("a", "b"), [(1e-3, 1e3), (30.0, 1e-2), (500.0, 1e5), (1e-3, 1e-3)])
@pytest.mark.parametrize(("kind", "k"), [(BGNBDFit, 1), (MBGCNBDFit, 1), (MBGCNBDFit, 4)])
def test_no_shape_of_leaving_breaks_the_numbers(kind: type[BetaGeometricFit], k: int, a: float, b: float) -> None:
    fit = kind(params={"r": 0.6, "alpha": 60.0, "a": a, "b": b}, k=k)

    found = leavers_of(fit, [0, 0, 600, 2], [0, 0, 700, 1], [0, 730, 730, 730], within=30, horizon=365)

    for figures in found:
        assert np.isfinite(figures).all()
        assert (figures >= 0).all()
    assert (found.leaving <= 1).all()


def test_value_at_risk_has_the_models_phases_and_an_interval() -> None:
    covariance = np.diag([0.01, 0.01, 0.02, 0.02])
    history = (np.array([3.0, 0.0]), np.array([150.0, 0.0]), np.array([200.0, 0.0]))
    risk = partial(purchases_at_risk, leaving_days=30, horizon_days=365)
    fit = replace(FITS["MBG/CNBD-2"], log_covariance=covariance)
    by_week = replace(fit, params=fit.params | {"alpha": fit.params["alpha"] / 7})

    days = risk(replace(IN_DAYS, purchases=fit), *history)
    weeks = risk(replace(MODEL, purchases=by_week), history[0], history[1] / 7, history[2] / 7)

    assert days["lost_purchases"] == pytest.approx(leavers_of(fit, *history, horizon=365).lost_purchases)
    assert (days["lost_log_error"] > 0.02).all()
    for name, figures in days.items():
        assert figures == pytest.approx(weeks[name], rel=1e-6), name


def test_the_fit_s_own_error_is_that_of_refits() -> None:
    """lost_log_error is how far the logarithm moves between fits to shops of one kind."""
    moved: list[float] = []
    errors: list[float] = []
    for seed in range(30):
        shop = drawn_shop(FITS["MBG/CNBD-2"], 3000, seed)
        model = replace(IN_DAYS, purchases=mbg_cnbd_k.fit(shop.frequency, shop.recency, shop.T, k=2))
        one = purchases_at_risk(
            model, np.array([3.0]), np.array([150.0]), np.array([250.0]), leaving_days=30, horizon_days=180
        )
        moved.append(float(np.log(one["lost_purchases"][0])))
        errors.append(float(one["lost_log_error"][0]))

    assert np.mean(errors) == pytest.approx(np.std(moved), rel=0.35)
