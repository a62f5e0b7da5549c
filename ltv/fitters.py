"""Fits the value models by the `lifetimes` package or by the exact likelihood of this package, into the same classes.

The exact likelihood checks both: it measures how far from the optimum a fit ended, and gives the log-likelihood and the
standard errors. `lifetimes` does not check whether its Pareto/NBD search converged, and returns NaN for customers with
many purchases; here both are a ConvergenceError. Where the likelihood has no maximum that it could find, the fit is
that of the exact likelihood with its weak prior, with a note.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ltv import gamma_gamma, mbg_cnbd_k, pareto_nbd, pareto_nbd_likelihood
from ltv.fit import Sums
from ltv.gamma_gamma import GammaGammaFit
from ltv.histories import Array, histories
from ltv.mbg_cnbd_k import Gaps
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_search import check
from ltv.purchase_fits import BETA_GEOMETRIC, PurchaseFit
from ltv.purchase_models import PARETO_NBD
from warehouse.errors import ConvergenceError, InputError, UsageError

Fitter = Literal["exact", "lifetimes"]

# A fit counts as converged when the exact optimum is at most this many standard errors away (in the joint ellipsoid).
NEAR_ENOUGH = 0.1
# Restarts of the search from where it stopped: Nelder-Mead often stops early.
RESTARTS = 5
USE_EXACT = "Set ltv.fitter to exact, or look at the data."


def fit_purchases(
    counts: pd.DataFrame,
    *,
    fitter: Fitter,
    seed: int,
    day: float = 0.0,
    model: str = PARETO_NBD,
    gaps: Gaps | None = None,
) -> PurchaseFit:
    """The purchase model of counted histories: columns frequency, recency, T, customers. One seed gives one fit.

    Customers with T = 0 carry no information and are left out. `day` as in `pareto_nbd.fit`; lifetimes takes none, and
    the other models take days with a purchase for purchases. MBG/CNBD-k chooses its k by the `gaps` of the customers.
    Raises InputError for impossible rows or where nobody bought twice, ConvergenceError where there is an optimum that
    lifetimes did not reach.
    """
    counts = counts[counts["T"] > 0]
    if counts.empty:
        raise InputError("T is 0 for every customer: nobody has been observed after the first purchase.")
    x, t_x, T, weights = (counts[column].to_numpy(np.float64) for column in ("frequency", "recency", "T", "customers"))
    if model != PARETO_NBD:
        return _fit_beta_geometric(model, (x, t_x, T, weights), gaps)
    if fitter == "exact":
        return pareto_nbd.fit(x, t_x, T, weights=weights, day=day)
    if day:
        raise UsageError("ltv.fitter lifetimes knows purchases alone: use exact, or ltv.purchase_days: false.")
    data = histories(x, t_x, T, weights)
    check(data)
    start: Array | None = None
    with _seeded(seed), np.errstate(all="ignore"):
        for _ in range(RESTARTS):
            params, start = _lifetimes_pareto_nbd(x, t_x, T, weights, start)
            theta = np.log(params)
            if not np.isfinite(theta).all():
                break
            sums = pareto_nbd_likelihood.sums(theta, data, 2)
            covariance = _covariance_near_optimum(sums)
            if covariance is not None:
                return ParetoNBDFit(
                    params=dict(zip(ParetoNBDFit.PARAMETERS, params.tolist(), strict=True)),
                    log_covariance=covariance,
                    log_likelihood=sums.log_likelihood,
                    customers=data.customers,
                )
    exact = pareto_nbd.fit(x, t_x, T, weights=weights)
    if exact.note:
        return exact
    ended = ", ".join(f"{name} = {value:.4g}" for name, value in zip(ParetoNBDFit.PARAMETERS, params, strict=True))
    raise ConvergenceError(f"lifetimes did not reach the optimum of the Pareto/NBD; it ended at {ended}. {USE_EXACT}")


def _fit_beta_geometric(model: str, rows: tuple[Array, Array, Array, Array], gaps: Gaps | None) -> PurchaseFit:
    if model == "mbg_cnbd_k":
        if gaps is None:
            raise UsageError(mbg_cnbd_k.GAPS_NEEDED)
        return mbg_cnbd_k.fit(*rows, log_gaps=gaps.log_total)
    return BETA_GEOMETRIC[model].fitted(*rows)


def fit_spend(counts: pd.DataFrame, *, fitter: Fitter, seed: int) -> GammaGammaFit:
    """Gamma-Gamma of counted customers with repeat purchases: columns frequency, monetary_value (> 0), customers.

    No such customers are a fit too: `gamma_gamma.worthless`. Raises ConvergenceError where there is an optimum that
    lifetimes did not reach.
    """
    if counts.empty:
        return gamma_gamma.worthless()
    x, m, weights = (counts[column].to_numpy(np.float64) for column in ("frequency", "monetary_value", "customers"))
    if fitter == "exact" or gamma_gamma.is_flat(m):
        return gamma_gamma.fit(x, m, weights=weights)
    with _seeded(seed), np.errstate(all="ignore"):
        params = _lifetimes_gamma_gamma(x, m, weights)
        sums = None if params is None else gamma_gamma.sums(np.log(params), x, m, weights)
        covariance = None if sums is None else _covariance_near_optimum(sums)
    if params is None or sums is None or covariance is None or params[1] <= 1:
        exact = gamma_gamma.fit(x, m, weights=weights)
        if exact.note:
            return exact
        raise ConvergenceError(f"lifetimes did not reach the optimum of the Gamma-Gamma. {USE_EXACT}")
    p, q, gamma = params.tolist()
    return GammaGammaFit(
        params={"p": p, "q": q, "gamma": gamma},
        log_covariance=covariance,
        log_likelihood=sums.log_likelihood,
        customers=float(weights.sum()),
    )


def _lifetimes_pareto_nbd(x: Array, t_x: Array, T: Array, weights: Array, start: Array | None) -> tuple[Array, Array]:
    """(r, alpha, s, beta), and the same in the time scale of lifetimes, from which another search can start."""
    from lifetimes import ParetoNBDFitter  # noqa: PLC0415 (a second to import, needed only here)

    fitter = ParetoNBDFitter()
    fitter.fit(x, t_x, T, weights=weights, initial_params=start)
    params = np.asarray(fitter.params_, dtype=np.float64)
    return params, params * np.array([1.0, fitter._scale, 1.0, fitter._scale])


def _lifetimes_gamma_gamma(x: Array, m: Array, weights: Array) -> Array | None:
    """(p, q, gamma), or None where lifetimes gives up."""
    from lifetimes import GammaGammaFitter  # noqa: PLC0415 (a second to import, needed only here)
    from lifetimes.utils import ConvergenceError as NoConvergence  # noqa: PLC0415

    fitter = GammaGammaFitter()
    try:
        # It prints a message about a failed search.
        with contextlib.redirect_stdout(None):
            fitter.fit(x, m, weights=weights)
    except NoConvergence:
        return None
    return np.asarray(fitter.params_, dtype=np.float64)


def _covariance_near_optimum(sums: Sums) -> Array | None:
    """Inverse of the negative Hessian where the optimum is within NEAR_ENOUGH standard errors, otherwise None."""
    if sums.hessian is None or not np.isfinite(sums.hessian).all():
        return None
    try:
        factor = cho_factor(-sums.hessian)
    except LinAlgError:
        return None
    distance_squared = float(sums.gradient @ cho_solve(factor, sums.gradient))
    return np.asarray(cho_solve(factor, np.eye(len(sums.gradient)))) if distance_squared <= NEAR_ENOUGH**2 else None


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seeds numpy's global generator, from which lifetimes draws its start, and restores its state afterwards."""
    state: Any = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
