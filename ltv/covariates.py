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
OTHER = "(other)"  # in place of a level that no fit can know
LEAST_CUSTOMERS = 100  # of a level that gets a column

Columns = Mapping[str, Iterable[str]]  # by process, the names of a fit's columns in its order
Attributes = Mapping[str, Any] | pd.DataFrame  # a column per attribute, of all customers


def column_name(attribute: str, level: str) -> str:
    """The name of the column of a level."""
    return f"{attribute}{SEPARATOR}{level}"


def attributes_of(columns: Columns) -> tuple[str, ...]:
    """The attributes that the columns of a fit ask for, each once."""
    return tuple(levels_of(columns))


def levels_of(columns: Columns) -> dict[str, list[str]]:
    """The levels of each attribute that the columns of a fit know, each once."""
    known: dict[str, dict[str, None]] = {}
    for process in PROCESSES:
        for name in columns.get(process, ()):
            attribute, level = name.split(SEPARATOR, 1)
            known.setdefault(attribute, {})[level] = None
    return {attribute: list(levels) for attribute, levels in known.items()}


def columns_of(columns: Columns, customers: Attributes, rows: int) -> CustomerCovariates:
    """What a fit's predictions need of customers' attributes: matrices in the order of its columns.

    `customers` has a column per attribute (others do not matter, missing ones are the base), of `rows` rows. Empty for
    a fit without covariates.
    """
    levels = levels_of(columns)
    if not levels:
        return {}

    def numbered(attribute: str) -> np.ndarray:
        """The place of each customer's level among those of the fit, -1 for the base."""
        if attribute not in customers:
            return np.full(rows, -1)
        values = np.atleast_1d(np.asarray(customers[attribute], dtype=object))
        return np.broadcast_to(pd.Categorical(values, categories=levels[attribute]).codes, (rows,))

    places = {attribute: numbered(attribute) for attribute in levels}

    def indicator(name: str) -> Array:
        attribute, level = name.split(SEPARATOR, 1)
        return np.asarray(places[attribute] == levels[attribute].index(level), dtype=np.float64)

    transaction, dropout = (
        np.concatenate([np.empty((0, rows)), *(indicator(name)[None] for name in columns.get(process, ()))]).T
        for process in PROCESSES
    )
    return {"transaction_covariates": transaction, "dropout_covariates": dropout}
