"""The errors of the value models. A registered model has the file of `warehouse.errors` itself in this place."""

from warehouse.errors import ConvergenceError, DistributaryError, InputError, UsageError

__all__ = ["ConvergenceError", "DistributaryError", "InputError", "UsageError"]
