"""Which model forecasts purchases: the one seam between the value model and the purchase models.

A model is named as in ltv.model. This file goes with every registered model (see `ltv.pyfunc`).
"""

from __future__ import annotations

from typing import Protocol, Self

from numpy.typing import ArrayLike

from .errors import UsageError
from .histories import Array, Histories

PARETO_NBD = "pareto_nbd"
BETA_GEOMETRIC = ("r", "alpha", "a", "b")
PARAMETERS = {
    PARETO_NBD: ("r", "alpha", "s", "beta"),
    "bg_nbd": BETA_GEOMETRIC,
    "mbg_nbd": BETA_GEOMETRIC,
    "mbg_cnbd_k": BETA_GEOMETRIC,
}


class PurchaseForecast(Protocol):
    """What is known of each customer at T; horizons and rates are in the unit of T."""

    @property
    def p_alive(self) -> Array:
        """Probability of not having left by T."""
        ...

    def at_rate(self, factor: float) -> Self:
        """The same customers, buying at `factor` times their rates, as in a season."""
        ...

    def expected_purchases(self, horizon: ArrayLike) -> Array:
        """Purchases expected in (T, T + horizon]."""
        ...

    def probability_of_no_purchase(self, horizon: ArrayLike) -> Array:
        """Probability of no purchase in (T, T + horizon], left or not."""
        ...

    def discounted_expected_purchases(self, rate: float, horizon: float | None = None) -> Array:
        """Expected purchases, each times exp(-rate x its time after T)."""
        ...

    def purchase_pairs(self, horizon: ArrayLike) -> Array:
        """E[X (X - 1)] of the purchases X in (T, T + horizon]."""
        ...

    def purchase_variance(self, horizon: ArrayLike) -> Array:
        """Variance of the purchases in (T, T + horizon], the parameters taken as known."""
        ...


def forecast(model: str, theta: Array, data: Histories, *, k: int = 1) -> PurchaseForecast:
    """The forecast of a model under its theta (logarithms of its parameters); `k` is that of MBG/CNBD-k."""
    if model not in PARAMETERS:
        raise UsageError(f"There is no purchase model {model!r}; there are {', '.join(PARAMETERS)}.")
    # Imported where they are needed: a registered version has the code of its own model alone.
    if model == PARETO_NBD:
        from . import pareto_nbd_forecast  # noqa: PLC0415

        return pareto_nbd_forecast.forecast(theta, data)
    from . import beta_geometric_forecast  # noqa: PLC0415

    return beta_geometric_forecast.forecast(theta, data, k=k, leaves_at_once=model != "bg_nbd")
