"""Which covariates a Pareto/NBD takes: those whose likelihood-ratio test says that customers differ by them.

Each may act on how often customers buy (transaction) and on how fast they leave (dropout). All are put in, and the one
that explains least is taken out until each that is left has p < .01. However many values an attribute has, a fit gets
MOST_GROUPS columns per process at the most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from ltv import pareto_nbd
from ltv.covariates import (
    LEAST_CUSTOMERS,
    OTHER,
    PROCESSES,
    SEPARATOR,
    Columns,
    column_name,
    columns_of,
    levels_of,
)
from ltv.fit import likelihood_ratio_test
from ltv.histories import Covariates
from ltv.pareto_nbd import DAYS_TAKEN_FOR_PURCHASES, ParetoNBDFit
from ltv.purchase_fits import PurchaseFit
from ltv.value_model import Kind
from warehouse.errors import ConvergenceError

LEVEL = 0.01
LEAST_PURCHASES = 20  # repeat purchases of the customers of a level that gets a column
# Levels with a column, of all attributes together. Each costs two coefficients, and a registered version holds the
# covariance of all of them in less than 100 kB.
MOST_GROUPS = 10
LEAST_APART = 50.0  # customers who tell a column from those of the attributes before it: its residual sum of squares
MEANING = {"transaction": "how often customers buy", "dropout": "how fast they leave"}

Term = tuple[str, str]  # process and attribute


class Chosen(NamedTuple):
    """The fit with the covariates that stay, and the p-value of each covariate and process that was tested.

    A p-value is that of taking the covariate out of the fit in which it was the last or the weakest. `reason` says why
    nothing was tested, where nothing was; `untested` names attributes that were not, beside others that were.
    """

    fit: PurchaseFit
    p_values: dict[Term, float]
    reason: str | None = None
    untested: tuple[str, ...] = ()

    @property
    def findings(self) -> list[str]:
        """One sentence per covariate and process, for people."""
        if self.reason:
            return [f"Covariates: none, since {self.reason}"]
        left_out = [
            f"Covariate {attribute}: left out, since none of its levels is large enough and says more than the columns "
            "named before it."
            for attribute in self.untested
        ]
        return [*(self._finding(*term) for term in sorted(self.p_values)), *left_out]

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
    levels = levels_with_columns(counts, attributes)
    tested = [attribute for attribute in attributes if levels[attribute]]
    if not tested:
        return Chosen(
            plain,
            {},
            f"no level but the most common one of {', '.join(attributes)} has {LEAST_CUSTOMERS} customers and "
            f"{LEAST_PURCHASES} repeat purchases.",
        )
    terms = [(process, attribute) for process in PROCESSES for attribute in tested]
    try:
        chosen = _backward(counts, levels, terms, plain)
    except ConvergenceError as error:
        return Chosen(plain, {}, f"the fit with them has no maximum: {error}")
    return chosen._replace(untested=tuple(attribute for attribute in attributes if attribute not in tested))


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


def levels_with_columns(counts: pd.DataFrame, attributes: Sequence[str]) -> dict[str, list[str]]:
    """The levels of each attribute that get a column, in the order of their names.

    The largest of those with LEAST_CUSTOMERS customers and LEAST_PURCHASES repeat purchases (of equals the first by
    name), MOST_GROUPS // number of attributes of each. All the others, '(other)', are the base; where they are too few
    to be one, the most common level joins them. Of an attribute after the first, a level is left to the columns before
    it where fewer than LEAST_APART customers tell it from them, as medium 'email' from channel 'Email'.
    """
    weights = np.sqrt(counts["customers"].to_numpy(np.float64))
    basis = (weights / np.linalg.norm(weights))[:, None]  # orthonormal, of the columns so far and a constant
    kept: dict[str, list[str]] = {}
    for attribute in attributes:
        kept[attribute] = []
        for level in _large_levels(counts, attribute, MOST_GROUPS // len(attributes)):
            column = weights * (counts[attribute] == level).to_numpy(np.float64)
            for _ in range(2):  # the second time takes away what rounding has left
                column = column - basis @ (basis.T @ column)
            if attribute == attributes[0] or column @ column >= LEAST_APART:
                kept[attribute].append(level)
                basis = np.hstack([basis, (column / np.linalg.norm(column))[:, None]])
    return kept


def _large_levels(counts: pd.DataFrame, attribute: str, most: int) -> list[str]:
    purchases = counts.assign(purchases=counts["frequency"] * counts["customers"])
    sizes = purchases.groupby(attribute, sort=True)[["customers", "purchases"]].sum()
    large = (sizes["customers"] >= LEAST_CUSTOMERS) & (sizes["purchases"] >= LEAST_PURCHASES) & (sizes.index != OTHER)
    named = sizes[large].sort_values("customers", ascending=False, kind="stable").index[:most]
    rest = sizes.drop(named).sum()
    if rest["customers"] < LEAST_CUSTOMERS or rest["purchases"] < LEAST_PURCHASES:
        named = named[named != sizes["customers"].idxmax()]
    return sorted(str(level) for level in named)


def mix_of(counts: pd.DataFrame, columns: Columns) -> tuple[Kind, ...]:
    """The kinds of customers by the columns of a fit; none without columns.

    Levels that the fit does not know are '(other)'.
    """
    known = levels_of(columns)
    if not known:
        return ()
    kinds = pd.DataFrame(
        {name: counts[name].where(counts[name].isin(levels), OTHER).astype(str) for name, levels in known.items()}
    )
    sizes = counts["customers"].groupby([kinds[name] for name in kinds], sort=True).sum()
    rows = sizes.index.to_frame(index=False).to_dict("records")
    shares = (sizes / sizes.sum()).tolist()
    return tuple(
        Kind({str(name): level for name, level in kind.items()}, share)
        for kind, share in zip(rows, shares, strict=True)
    )
