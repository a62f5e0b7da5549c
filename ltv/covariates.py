"""Covariates of customers: what is known of them apart from their purchases, as 0/1 columns of a fit.

A column of a fit is called '<attribute>=<level>', such as 'acquisition_channel=Email'. A customer whose attribute is
missing, or has a level that the fit does not have, belongs to the base: 0 in every column. This file goes with every
registered model (see `ltv.pyfunc`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from .histories import Array, CustomerCovariates

SEPARATOR = "="
PROCESSES = ("transaction", "dropout")

Columns = Mapping[str, Iterable[str]]  # by process, the names of a fit's columns in its order
Attributes = Mapping[str, Any] | pd.DataFrame  # a column per attribute, of all customers


def column_name(attribute: str, level: str) -> str:
    """The name of the column of a level."""
    return f"{attribute}{SEPARATOR}{level}"


def attributes_of(columns: Columns) -> tuple[str, ...]:
    """The attributes that the columns of a fit ask for, each once."""
    names = (name.split(SEPARATOR, 1)[0] for process in PROCESSES for name in columns.get(process, ()))
    return tuple(dict.fromkeys(names))


def columns_of(columns: Columns, customers: Attributes, rows: int) -> CustomerCovariates:
    """What a fit's predictions need of customers' attributes: matrices in the order of its columns.

    `customers` has a column per attribute (others do not matter, missing ones are the base), of `rows` rows. Empty for
    a fit without covariates.
    """
    if not attributes_of(columns):
        return {}

    def indicator(name: str) -> Array:
        attribute, level = name.split(SEPARATOR, 1)
        if attribute not in customers:
            return np.zeros(rows)
        values = pd.Series(np.atleast_1d(np.asarray(customers[attribute], dtype=object)))
        return np.broadcast_to(values.isin([level]).to_numpy(np.float64), (rows,))

    transaction, dropout = (
        np.concatenate([np.empty((0, rows)), *(indicator(name)[None] for name in columns.get(process, ()))]).T
        for process in PROCESSES
    )
    return {"transaction_covariates": transaction, "dropout_covariates": dropout}
