"""Purchase histories as input of the value models: checked arrays, and each distinct history once with its count.

A history is (frequency, recency, T): repeat purchase days, time from the first to the last purchase, and time from
the first purchase to the end of the data, recency and T in one unit. Many customers share a history, and the
likelihood only needs each distinct one with its count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypedDict, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError, UsageError

Array = NDArray[np.float64]

MAX_TABLED = 100_000


@runtime_checkable
class NamedColumns(Protocol):
    """A dict of name to column, or a pandas DataFrame."""

    def keys(self) -> Sequence[str]:
        """Column names."""
        ...

    def __getitem__(self, name: str, /) -> ArrayLike:
        """One column."""
        ...


Covariates = NamedColumns | ArrayLike | None


class CustomerCovariates(TypedDict, total=False):
    """What a fit with covariates needs for each prediction: columns by name, or a matrix in the order of the fit."""

    transaction_covariates: Covariates
    dropout_covariates: Covariates


@dataclass(frozen=True)
class Histories:
    """One row per (counted) history; `weights` customers share it. Covariate matrices have one column per name.

    `day` is the length of a day, in the unit of T, where frequency counts days with a purchase; 0 where it counts
    purchases at any time.
    """

    frequency: Array
    recency: Array
    T: Array
    weights: Array
    transaction: Array
    dropout: Array
    transaction_names: tuple[str, ...] = ()
    dropout_names: tuple[str, ...] = ()
    day: float = 0.0

    def __len__(self) -> int:
        """Rows, not customers."""
        return len(self.T)

    @property
    def customers(self) -> float:
        """Customers behind the rows: the sum of the weights."""
        return float(self.weights.sum())

    @property
    def end(self) -> Array:
        """T on the clock on which customers leave, which runs from the first purchase: half a day more, on average."""
        return self.T + self.day / 2 if self.day else self.T

    def open_time(self, clock: Array) -> Array:
        """The part of a time on that clock in which another purchase would have counted.

        A day with a purchase is open until that purchase, and then closed, as the day of the first purchase is: for
        half the day and l/12 of it at l purchases a day, since log(1 - e^-l) is log l - l/2 + l^2/24 up to l^4. l is
        taken from the customer's own days with a purchase, up to the last of them.
        """
        if not self.day:
            return clock
        x = self.frequency
        often = x * np.maximum(x - 1, 0) / np.maximum(self.recency / self.day, 1)
        return clock - self.day * ((x + 1) / 2 + often / 12)

    def take(self, rows: slice | NDArray[np.intp]) -> Histories:
        """The given rows."""
        names = ("frequency", "recency", "T", "weights", "transaction", "dropout")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def chunks(self, size: int) -> Iterator[Histories]:
        """The rows in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))

    def counted(self) -> Histories:
        """The distinct rows in sorted order, each with the total weight of the customers that share it."""
        if not len(self):
            return self
        columns = [self.frequency, self.recency, self.T, *self.transaction.T, *self.dropout.T]
        group = group_index(columns)
        weights = np.bincount(group, self.weights).astype(np.float64)
        if len(weights) == len(self):
            return self
        representative = np.empty(len(weights), dtype=np.intp)
        representative[group] = np.arange(len(self))
        return replace(self.take(representative), weights=weights)


def histories(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    transaction_covariates: Covariates = None,
    dropout_covariates: Covariates = None,
    day: float = 0.0,
) -> Histories:
    """Checked one-dimensional float arrays of one length; scalars are broadcast.

    Raises InputError with the first bad row for: NaN or infinite values, negative values, frequency that is not a whole
    number, recency beyond T, recency without a repeat purchase or a repeat purchase without recency, bad weights,
    columns of different lengths.
    """
    columns = [column(values, name) for values, name in ((frequency, "frequency"), (recency, "recency"), (T, "T"))]
    columns.append(column(1.0 if weights is None else weights, "weights"))
    try:
        x, t_x, age, w = (np.ascontiguousarray(c) for c in np.broadcast_arrays(*columns))
    except ValueError:
        lengths = ", ".join(str(c.size) for c in columns)
        raise InputError(f"frequency, recency, T and weights differ in length ({lengths}).") from None
    refuse(x != np.floor(x), "frequency is no whole number; it counts repeat purchase days", frequency=x)
    refuse(t_x > age, "recency lies beyond T; both run from the first purchase, in one unit", recency=t_x, T=age)
    refuse((x == 0) & (t_x > 0), "recency without a repeat purchase; it must be 0", frequency=x, recency=t_x)
    refuse((x > 0) & (t_x == 0), "repeat purchases at recency 0; frequency counts later days", frequency=x, recency=t_x)
    refuse((day > 0) & (x * day > t_x * (1 + 1e-9)), "more days with a purchase than days", frequency=x, recency=t_x)
    transaction, transaction_names = covariate_matrix(transaction_covariates, len(x), "transaction_covariates")
    dropout, dropout_names = covariate_matrix(dropout_covariates, len(x), "dropout_covariates")
    return Histories(x, t_x, age, w, transaction, dropout, transaction_names, dropout_names, day)


def column(values: ArrayLike, name: str) -> Array:
    """A one-dimensional float array without NaN, infinite or negative values; InputError names the first bad row."""
    try:
        array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        raise InputError(f"{name} holds values that are no numbers, or missing ones.") from None
    if array.ndim != 1:
        raise InputError(f"{name} has {array.ndim} dimensions; one value per customer is needed.")
    refuse(~np.isfinite(array), f"{name} is missing or infinite", **{name: array})
    refuse(array < 0, f"{name} is negative", **{name: array})
    return array


def checked_horizon(horizon: ArrayLike) -> Array:
    """A length of time, or one per customer: finite and 0 or more, otherwise UsageError."""
    array = np.asarray(horizon, dtype=np.float64)
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise UsageError(f"A horizon is a length of time, finite and 0 or more; not {horizon!r}.")
    return array


def checked_count(n: ArrayLike) -> Array:
    """A number of purchases, or one per customer: whole and 0 or more, otherwise UsageError."""
    array = np.asarray(n, dtype=np.float64)
    if not (np.isfinite(array).all() and (array >= 0).all() and (array == np.floor(array)).all()):
        raise UsageError(f"n is a number of purchases, whole and 0 or more; not {n!r}.")
    return array


def per_count(function: Callable[[Array], Array], frequency: Array) -> Array:
    """function(frequency), computed once for each distinct count: special functions are slow, and counts are few."""
    most = frequency.max(initial=0.0)
    if most > MAX_TABLED:
        return function(frequency)
    return function(np.arange(most + 1))[frequency.astype(np.intp)]


def refuse(bad: NDArray[np.bool_], what: str, **shown: Array) -> None:
    """Raise InputError when any row is bad, with their number and the first of them."""
    if bad.any():
        first = int(np.argmax(bad))
        values = ", ".join(f"{name} = {array[first]:g}" for name, array in shown.items())
        raise InputError(f"{what}: {int(bad.sum())} of {bad.size} rows, first row {first} ({values}).")


def covariate_matrix(covariates: Covariates, rows: int, what: str) -> tuple[Array, tuple[str, ...]]:
    """A (rows, k) float matrix and its k names; unnamed columns are called x1, x2, …"""
    if covariates is None:
        return np.empty((rows, 0)), ()
    if is_named(covariates):
        names = tuple(str(name) for name in covariates.keys())  # noqa: SIM118 (a DataFrame iterates otherwise)
        columns = [np.atleast_1d(np.asarray(covariates[name], dtype=np.float64)) for name in names]
        if any(c.shape != (rows,) for c in columns):
            raise InputError(f"{what}: every column needs {rows} values, one per customer.")
        matrix = np.stack(columns, axis=1) if columns else np.empty((rows, 0))
    else:
        matrix = np.asarray(covariates, dtype=np.float64)
        matrix = matrix[:, None] if matrix.ndim == 1 else matrix
        if matrix.ndim != 2 or len(matrix) != rows:
            raise InputError(f"{what}: {rows} rows are needed, one per customer; the shape is {matrix.shape}.")
        names = tuple(f"x{i + 1}" for i in range(matrix.shape[1]))
    for name, values in zip(names, matrix.T, strict=True):
        refuse(~np.isfinite(values), f"{what}: column {name} is missing or infinite", **{name: values})
    return matrix, names


def indicators(values: Sequence[str] | NDArray[np.str_], levels: Sequence[str] | None = None) -> dict[str, Array]:
    """Covariates of a category such as the acquisition channel: one 0/1 column for each of `levels`, by name.

    Without levels: all but the most common one (of equals the first by name), to which the others then compare. To
    predict, pass the levels of the fit; a value not among them counts as that base.

    >>> from ltv.histories import indicators
    >>> {name: column.tolist() for name, column in indicators(["Email", "Direct", "Direct"]).items()}
    {'Email': [1.0, 0.0, 0.0]}
    """
    column = np.asarray(values, dtype=np.str_)
    if levels is None:
        names, counts = np.unique(column, return_counts=True)
        levels = np.delete(names, np.argmax(counts)).tolist()
    return {str(level): (column == level).astype(np.float64) for level in levels}


def is_named(covariates: Covariates) -> TypeGuard[NamedColumns]:
    """Columns by name? (A pandas Series has keys too, but they are its rows.)"""
    return isinstance(covariates, NamedColumns) and getattr(covariates, "ndim", 2) == 2


def group_index(columns: Sequence[Array]) -> NDArray[np.intp]:
    """The same number, 0 to groups - 1, for rows equal in all columns; numbers follow the sort order of the rows."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    span = 1
    for values in columns:
        codes, size = _codes(values)
        if span * size >= 2**62:
            distinct, key = np.unique(key, return_inverse=True)
            span = len(distinct)
        key = key * size + codes
        span *= size
    return np.unique(key, return_inverse=True)[1]


def _codes(values: Array) -> tuple[NDArray[np.int64], int]:
    """Whole numbers in the order of the values. Whole days need no sort, which otherwise takes most of the time."""
    low, high = values.min(), values.max()
    if high - low < 2**31 and np.array_equal(values, np.floor(values)):
        return (values - low).astype(np.int64), int(high - low) + 1
    distinct, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), len(distinct)
