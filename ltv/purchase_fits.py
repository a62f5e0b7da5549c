"""The fitted purchase models by name: what a value model may hold, and how each is read back and fitted."""

from __future__ import annotations

from typing import Any

from ltv.beta_geometric import BetaGeometricFit
from ltv.bg_nbd import BGNBDFit
from ltv.mbg_cnbd_k import MBGCNBDFit
from ltv.mbg_nbd import MBGNBDFit
from ltv.pareto_nbd import ParetoNBDFit
from warehouse.errors import UsageError

PurchaseFit = ParetoNBDFit | BetaGeometricFit

# By name, as in ltv.model.
BETA_GEOMETRIC: dict[str, type[BetaGeometricFit]] = {fit.MODEL: fit for fit in (BGNBDFit, MBGNBDFit, MBGCNBDFit)}
FITS: dict[str, type[ParetoNBDFit] | type[BetaGeometricFit]] = {ParetoNBDFit.MODEL: ParetoNBDFit, **BETA_GEOMETRIC}
TITLES = {"pareto_nbd": "Pareto/NBD", "bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD", "mbg_cnbd_k": "MBG/CNBD-k"}


def purchase_fit(plain: dict[str, Any]) -> PurchaseFit:
    """The fit that `to_dict` of any purchase model wrote."""
    name = plain.get("model")
    if name not in FITS:
        raise UsageError(f"There is no purchase model {name!r}; there are {', '.join(FITS)}.")
    return FITS[name].from_dict(plain)


def caution(fit: PurchaseFit) -> str | None:
    """What a reader of the predictions of this model must know, whatever it was fitted to."""
    if isinstance(fit, BGNBDFit):
        return "p_alive is no churn score: in a BG/NBD nobody leaves before the second purchase. Use churn_<h>d."
    return None


def title(fit: PurchaseFit) -> str:
    """The name of a fit for people, such as 'MBG/CNBD-k (k = 2)'."""
    if isinstance(fit, ParetoNBDFit) and fit.day:
        return f"{TITLES[fit.MODEL]} of days with a purchase"
    phases = f" (k = {fit.k})" if isinstance(fit, MBGCNBDFit) else ""
    return TITLES[fit.MODEL] + phases
