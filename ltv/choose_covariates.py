"""Which covariates a Pareto/NBD takes: those whose likelihood-ratio test says that customers differ by them.

Each may act on how often customers buy (transaction) and on how fast they leave (dropout). All are put in, and the one
that explains least is taken out until each that is left has p < .01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from ltv import pareto_nbd
from ltv.covariates import PROCESSES, SEPARATOR, column_name, columns_of
from ltv.fit import likelihood_ratio_test
from ltv.histories import Covariates
from ltv.pareto_nbd import DAYS_TAKEN_FOR_PURCHASES, ParetoNBDFit
from ltv.purchase_fits import PurchaseFit
from ltv.value_model import Kind
from warehouse.errors import ConvergenceError

LEVEL = 0.01
# A level with fewer customers, or fewer repeat purchases, is part of the base.
LEAST_CUSTOMERS = 100
LEAST_PURCHASES = 20
MEANING = {"transaction": "how often customers buy", "dropout": "how fast they leave"}

Term = tuple[str, str]  # process and attribute


class Chosen(NamedTuple):
    """The fit with the covariates that stay, and the p-value of each covariate and process that was tested.

    A p-value is that of taking the covariate out of the fit in which it was the last or the weakest. `reason` says why
    nothing was tested, where nothing was.
    """

    fit: PurchaseFit
    p_values: dict[Term, float]
    reason: str | None = None

    @property
    def findings(self) -> list[str]:
        """One sentence per covariate and process, for people."""
        if self.reason:
            return [f"Covariates: none, since {self.reason}"]
        return [self._finding(*term) for term in sorted(self.p_values)]

    def _finding(self, process: str, attribute: str) -> str:
        kept = {
            name.split(SEPARATOR, 1)[1]: coefficient
            for name, coefficient in self.fit.covariates[process].items()
            if name.startswith(attribute + SEPARATOR)
        }
        tested = f"Covariate {attribute} on {MEANING[process]}: p = {self.p_values[process, attribute]:.2g}, "
        if not kept:
            return tested + "left out."
        return tested + ", ".join(f"{level} x {np.exp(value):.2f}" for level, value in kept.items()) + " of the base."


def fit_with_covariates(counts: pd.DataFrame, attributes: Sequence[str], plain: ParetoNBDFit) -> Chosen:
    """The fit with what counts of the attributes; `plain` is the fit of the same customers without them.

    `counts` are counted histories: frequency, recency, T, customers and a text column per attribute. Without an inner
    maximum of the plain fit nothing can be tested.
    """
    counts = counts[counts["T"] > 0]
    if plain.note not in {None, DAYS_TAKEN_FOR_PURCHASES}:
        return Chosen(plain, {}, "a weak prior decides the fit without them, so nothing can be tested.")
    levels = {attribute: _levels(counts, attribute) for attribute in attributes}
    terms = [(process, attribute) for process in PROCESSES for attribute in attributes if levels[attribute]]
    if not terms:
        return Chosen(
            plain,
            {},
            f"no level but the most common one of {', '.join(attributes)} has {LEAST_CUSTOMERS} customers and "
            f"{LEAST_PURCHASES} repeat purchases.",
        )
    try:
        return _backward(counts, levels, terms, plain)
    except ConvergenceError as error:
        return Chosen(plain, {}, f"the fit with them has no maximum: {error}")


def _backward(counts: pd.DataFrame, levels: dict[str, list[str]], terms: list[Term], plain: ParetoNBDFit) -> Chosen:
    p_values: dict[Term, float] = {}
    full = _fit(counts, levels, terms, plain)
    while terms:
        smaller = {term: [other for other in terms if other != term] for term in terms}
        fits = {term: _fit(counts, levels, left, plain) if left else plain for term, left in smaller.items()}
        tested = {term: likelihood_ratio_test(fit, full).p_value for term, fit in fits.items()}
        p_values |= tested
        weakest = max(terms, key=lambda term: tested[term])
        if tested[weakest] < LEVEL:
            break
        terms, full = smaller[weakest], fits[weakest]
    return Chosen(full, p_values)


def _fit(
    counts: pd.DataFrame, levels: dict[str, list[str]], terms: Sequence[Term], plain: ParetoNBDFit
) -> ParetoNBDFit:
    names = {
        process: [
            column_name(attribute, level) for of, attribute in terms if of == process for level in levels[attribute]
        ]
        for process in PROCESSES
    }
    known = columns_of(names, counts, len(counts))
    x, t_x, T, weights = (counts[name].to_numpy(np.float64) for name in ("frequency", "recency", "T", "customers"))
    fit = pareto_nbd.fit(
        x,
        t_x,
        T,
        weights=weights,
        transaction_covariates=_named(known.get("transaction_covariates"), names["transaction"]),
        dropout_covariates=_named(known.get("dropout_covariates"), names["dropout"]),
        day=plain.day,
    )
    return replace(fit, note=fit.note or plain.note)


def _named(matrix: Covariates, names: list[str]) -> Covariates:
    return None if matrix is None else pd.DataFrame(np.asarray(matrix), columns=names)


def _levels(counts: pd.DataFrame, attribute: str) -> list[str]:
    """The levels that get a column: large enough, and not the most common one."""
    purchases = counts.assign(purchases=counts["frequency"] * counts["customers"])
    sizes = purchases.groupby(attribute, sort=True)[["customers", "purchases"]].sum()
    known = sizes[(sizes["customers"] >= LEAST_CUSTOMERS) & (sizes["purchases"] >= LEAST_PURCHASES)]
    most_common = sizes["customers"].idxmax()
    return [str(level) for level in known.index if level != most_common]


def mix_of(counts: pd.DataFrame, attributes: Sequence[str]) -> tuple[Kind, ...]:
    """The kinds of customers by these attributes; none without attributes."""
    if not attributes:
        return ()
    sizes = counts.groupby(list(attributes), sort=True)["customers"].sum()
    kinds = sizes.index.to_frame(index=False).astype(str).to_dict("records")
    shares = (sizes / sizes.sum()).tolist()
    return tuple(
        Kind({str(name): level for name, level in kind.items()}, share)
        for kind, share in zip(kinds, shares, strict=True)
    )
