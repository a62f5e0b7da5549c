"""Maximum likelihood for the value models, and the base class of every fitted model.

All parameters are positive and are fitted as logarithms: the fit then does not depend on the unit of time, intervals on
that scale stay positive, and their coverage is better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from scipy.special import chdtrc

from ltv.delta_method import symmetric
from ltv.histories import Array
from warehouse.errors import ConvergenceError, UsageError

NEWTON_STEPS = 100
HALVINGS = 20
LEAP = 2.0  # no step beyond e^2 in a parameter: the likelihood is quadratic only nearby
FLAT = 1e-13  # curvature, relative to the steepest axis, that rounding cannot distinguish from 0
# Squared length of the last Newton step in standard errors: far below any digit that is reported.
TOLERANCE = 1e-16


@dataclass(frozen=True)
class Sums:
    """Log-likelihood summed over customers, its gradient, and its Hessian where requested (order 2)."""

    log_likelihood: float
    gradient: Array
    hessian: Array | None = None

    def __add__(self, other: Sums) -> Sums:
        """The sums of both parts of the data, so that partitions can be summed in any place and order."""
        hessian = None if self.hessian is None or other.hessian is None else self.hessian + other.hessian
        return Sums(self.log_likelihood + other.log_likelihood, self.gradient + other.gradient, hessian)


# evaluate(theta, order): the sums at theta; order 1 needs the gradient, order 2 the Hessian too
Evaluate = Callable[[Array, int], Sums]
# prior(theta): the logarithm of its density up to a constant, with gradient and Hessian
Prior = Callable[[Array], Sums]


class Optimum(NamedTuple):
    """Where the likelihood is highest, and the inverse of the negative Hessian there.

    `ended` is None there. Otherwise the likelihood has no inner maximum: a search without prior ended at `ended`, and
    theta is the maximum of likelihood times prior, the covariance of that.
    """

    theta: Array
    log_likelihood: float
    covariance: Array
    ended: Array | None = None


class Search(NamedTuple):
    """Where to look: a start, the box around it whose walls count as infinity, and the size of one unit step."""

    start: Array
    lower: Array
    upper: Array
    scale: Array


def maximise(
    evaluate: Evaluate,
    search: Search,
    explain: Callable[[Array], str],
    sample: Evaluate | None = None,
    *,
    prior: Prior | None = None,
) -> Optimum:
    """L-BFGS to the neighbourhood, Newton with the exact Hessian to the maximum; otherwise the maximum with the prior.

    With `sample` (the likelihood of a part of the data) the neighbourhood is the sample's own optimum, and only
    Newton's few steps see all data; where the sample has no optimum, or Newton fails from there, L-BFGS runs on all
    data. Where there is no inner maximum, with the prior either, it is a ConvergenceError with the message
    `explain(theta)`, theta where the search stopped.
    """
    optimum, ended = find(evaluate, search, sample)
    if optimum is None and prior is not None:
        optimum, _ = find(_times(evaluate, prior), search, None if sample is None else _times(sample, prior))
        if optimum is not None:
            optimum = optimum._replace(log_likelihood=evaluate(optimum.theta, 1).log_likelihood, ended=ended)
    if optimum is None:
        raise ConvergenceError(explain(ended))
    return optimum


def find(evaluate: Evaluate, search: Search, sample: Evaluate | None = None) -> tuple[Optimum | None, Array]:
    """The inner maximum as in `maximise`, or None; and where the search ended."""
    with np.errstate(over="ignore", invalid="ignore"):
        if sample is not None:
            near, _ = _newton(sample, _climb(sample, search), search)
            if near is not None:
                optimum, ended = _newton(evaluate, near.theta, search)
                if optimum is not None:
                    return optimum, ended
        return _newton(evaluate, _climb(evaluate, search), search)


def _times(evaluate: Evaluate, prior: Prior) -> Evaluate:
    return lambda theta, order: evaluate(theta, order) + prior(theta)


def _climb(evaluate: Evaluate, search: Search) -> Array:
    from scipy.optimize import minimize  # noqa: PLC0415 (half a second to import, needed only to fit)

    def negative(z: Array) -> tuple[float, Array]:
        total = evaluate(search.start + search.scale * z, 1)
        return -total.log_likelihood / size, -total.gradient * search.scale / size

    size = max(abs(evaluate(search.start, 1).log_likelihood), 1.0)
    bounds = list(
        zip(
            (search.lower - search.start) / search.scale,
            (search.upper - search.start) / search.scale,
            strict=True,
        )
    )
    # A loose tolerance is enough: Newton adds the digits.
    found = minimize(
        negative, np.zeros_like(search.start), method="L-BFGS-B", jac=True, bounds=bounds, options={"ftol": 1e-9}
    )
    return np.asarray(search.start + search.scale * found.x)


def _newton(evaluate: Evaluate, theta: Array, search: Search) -> tuple[Optimum | None, Array]:
    """The optimum, or None and where the search ended: at a wall, or on a flat."""
    here = evaluate(theta, 2)
    for _ in range(NEWTON_STEPS):
        if here.hessian is None or not (np.isfinite(here.log_likelihood) and np.isfinite(here.hessian).all()):
            return None, theta
        curvature, axes = np.linalg.eigh(-here.hessian * np.outer(search.scale, search.scale))
        slope = axes.T @ (here.gradient * search.scale)
        inside = bool(curvature[0] > FLAT * curvature[-1])
        # on a saddle or a flat, where Newton would leap or go back, each axis steps by its absolute curvature
        bend = np.maximum(np.abs(curvature), FLAT * curvature[-1])
        step = search.scale * (axes @ (slope / bend))
        if inside and slope @ (slope / bend) < TOLERANCE:
            inverse = (axes / curvature) @ axes.T * np.outer(search.scale, search.scale)
            # Rounding leaves the two halves apart in the last digit, and one of them is stored.
            return Optimum(theta, here.log_likelihood, (inverse + inverse.T) / 2), theta
        step *= min(1.0, LEAP / np.abs(step / search.scale).max())
        for _ in range(HALVINGS):
            tried = evaluate(theta + step, 2)
            if tried.log_likelihood >= here.log_likelihood - 1e-12 * abs(here.log_likelihood):
                break
            step /= 2
        theta, here = theta + step, tried
        if (theta < search.lower).any() or (theta > search.upper).any():
            return None, theta
    return None, theta


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Parameters of a value model, their covariance and the size of the data. No customer rows; a few kB as JSON.

    `params` are in natural units (rates per unit of the T that was fitted), `covariates` the coefficients by process
    and name. `log_covariance` is the covariance of `names`: logarithms of the parameters, then the coefficients as
    they are. It is None for a model of plain parameters. `log_likelihood` is in natural units. `note` says what the fit
    is where it is not the inner maximum of its likelihood; None where it is.
    """

    MODEL: ClassVar[str] = ""
    PARAMETERS: ClassVar[tuple[str, ...]] = ()
    PROCESSES: ClassVar[tuple[str, ...]] = ()

    params: dict[str, float]
    covariates: dict[str, dict[str, float]] = field(default_factory=dict)
    log_covariance: Array | None = field(default=None, compare=False)
    log_likelihood: float | None = None
    customers: float | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse parameters that are missing, unknown or not positive."""
        if set(self.params) != set(self.PARAMETERS):
            raise UsageError(
                f"{self.MODEL} has the parameters {', '.join(self.PARAMETERS)}; given: {list(self.params)}."
            )
        for name, value in self.params.items():
            if not (np.isfinite(value) and value > 0):
                raise UsageError(f"{self.MODEL}: {name} must be positive and finite, not {value}.")
        if not set(self.covariates) <= set(self.PROCESSES):
            raise UsageError(
                f"{self.MODEL} has covariates on {self.PROCESSES or 'nothing'}; given: {list(self.covariates)}."
            )
        # theta and the covariances follow this order, whatever order a JSON file had
        object.__setattr__(self, "params", {name: self.params[name] for name in self.PARAMETERS})
        object.__setattr__(self, "covariates", {p: dict(self.covariates.get(p, {})) for p in self.PROCESSES})

    @classmethod
    def from_params(cls, covariates: dict[str, dict[str, float]] | None = None, **params: float) -> Self:
        """A model of known parameters: it predicts, but has no standard errors and no intervals."""
        return cls(params=params, covariates=covariates or {})

    @property
    def coefficient_names(self) -> tuple[str, ...]:
        """Covariates as 'process.name', in the order of `theta`."""
        return tuple(f"{process}.{name}" for process, columns in self.covariates.items() for name in columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rows of the covariances."""
        return (*self.PARAMETERS, *self.coefficient_names)

    @property
    def theta(self) -> Array:
        """Logarithms of the parameters, then the coefficients: the scale of the fit."""
        coefficients = [value for columns in self.covariates.values() for value in columns.values()]
        return np.array([*(np.log(self.params[name]) for name in self.PARAMETERS), *coefficients])

    def at(self, theta: Array) -> Self:
        """The same model at other parameters, on the scale of `theta`."""
        size = len(self.PARAMETERS)
        values: Iterator[float] = iter(np.asarray(theta[size:]).tolist())
        return replace(
            self,
            params=dict(zip(self.PARAMETERS, np.exp(theta[:size]).tolist(), strict=True)),
            covariates={p: {name: next(values) for name in columns} for p, columns in self.covariates.items()},
        )

    @property
    def covariance(self) -> Array:
        """Covariance of `names` in natural units (delta method from the log scale; exact at the optimum)."""
        slope = np.concatenate([[self.params[name] for name in self.PARAMETERS], np.ones(len(self.coefficient_names))])
        return np.asarray(slope[:, None] * self.fitted_covariance() * slope)

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error by parameter in natural units; coefficients are called 'transaction.name', 'dropout.name'."""
        return dict(zip(self.names, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    def fitted_covariance(self) -> Array:
        """The covariance on the scale of `theta`; UsageError when there is none."""
        if self.log_covariance is None:
            raise UsageError(
                f"This {self.MODEL} was made of plain parameters: it has no standard errors. Fit it to data."
            )
        return self.log_covariance

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, of the covariance the rows up to the diagonal; `from_dict` reads it back to the last
        digit."""
        covariance = None if self.log_covariance is None else self.log_covariance.tolist()
        return {
            "model": self.MODEL,
            "params": self.params,
            "covariates": self.covariates,
            "names": list(self.names),
            "log_covariance": covariance and [row[: i + 1] for i, row in enumerate(covariance)],
            "log_likelihood": self.log_likelihood,
            "customers": self.customers,
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The model that `to_dict` wrote; UsageError when it is another model."""
        if plain.get("model") != cls.MODEL:
            raise UsageError(f"These are parameters of {plain.get('model')!r}, not of {cls.MODEL}.")
        covariates: dict[str, dict[str, float]] = {process: {} for process in cls.PROCESSES}
        for name in plain["names"][len(cls.PARAMETERS) :]:
            process, covariate = name.split(".", 1)
            covariates[process][covariate] = plain["covariates"][process][covariate]
        covariance = plain["log_covariance"]
        return cls(
            params=plain["params"],
            covariates=covariates,
            log_covariance=None if covariance is None else symmetric(covariance),
            log_likelihood=plain["log_likelihood"],
            customers=plain["customers"],
            note=plain.get("note"),
        )


class LikelihoodRatio(NamedTuple):
    """Twice the gain in log-likelihood, the number of added coefficients, and the p-value of that gain."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def likelihood_ratio_test(restricted: Fit, full: Fit) -> LikelihoodRatio:
    """Chi-squared test whether the coefficients that only `full` has are 0; both fits are of the same customers.

    UsageError when the fits are of different models or data, or not nested.
    """
    nested = set(restricted.names) < set(full.names)
    if restricted.MODEL != full.MODEL or not nested or restricted.customers != full.customers:
        raise UsageError(
            "A likelihood-ratio test needs two fits of one model to the same customers, one within the other."
        )
    if restricted.log_likelihood is None or full.log_likelihood is None:
        raise UsageError("A likelihood-ratio test needs fitted models, not plain parameters.")
    statistic = max(0.0, 2 * (full.log_likelihood - restricted.log_likelihood))
    extra = len(full.names) - len(restricted.names)
    return LikelihoodRatio(statistic, extra, float(chdtrc(extra, statistic)))
