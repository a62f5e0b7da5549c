"""The code of a registered version: a package of its own name, with the files that predict."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ltv.purchase_models import PARETO_NBD
from warehouse.package_files import on_disk

# What a version has a copy of, beside ltv.pyfunc and warehouse.errors, and what that code imports.
BETA_GEOMETRIC = "beta_geometric_forecast"
MODULES = (
    BETA_GEOMETRIC,
    "covariates",
    "delta_method",
    "histories",
    "order_value",
    "pareto_nbd_alive",
    "pareto_nbd_forecast",
    "purchase_models",
    "scorer",
    "season",
)
# The same of a version of the churn model, beside ltv.churn_pyfunc.
CHURN_MODULES = ("churn_model", "churn_scorer", "histories", "pareto_nbd_alive", "pareto_nbd_forecast")
# The same of a version of early value, beside ltv.early_value_pyfunc.
EARLY_VALUE_MODULES = ("churn_scorer", "early_value_model")
REQUIREMENTS = ("mlflow", "numpy", "pandas", "scipy")


def write_package(folder: Path, purchase_model: str) -> Path:
    """The code of a version, as a package below `folder`: `ltv.pyfunc` and what it imports, each file as it is.

    The forecast of the other kind of purchase model is not among them.
    """
    not_needed = BETA_GEOMETRIC if purchase_model == PARETO_NBD else "pareto_nbd_forecast"
    return _written(folder, "distributary_value", "pyfunc", [name for name in MODULES if name != not_needed])


def write_churn_package(folder: Path) -> Path:
    """The code of a version of the churn model, likewise."""
    return _written(folder, "distributary_churn", "churn_pyfunc", CHURN_MODULES)


def write_early_value_package(folder: Path) -> Path:
    """The code of a version of early value, likewise."""
    return _written(folder, "distributary_early_value", "early_value_pyfunc", EARLY_VALUE_MODULES, has_errors=False)


def _written(folder: Path, name: str, entry: str, modules: Sequence[str], *, has_errors: bool = True) -> Path:
    """A package whose name ends in a digest of its files: two versions with different code can be loaded in one
    process."""
    origins = {"__init__": ("ltv", entry)} | ({"errors": ("warehouse", "errors")} if has_errors else {})
    origins |= {module: ("ltv", module) for module in modules}
    files = {own: (on_disk(package) / f"{module}.py").read_bytes() for own, (package, module) in origins.items()}
    digest = hashlib.sha256(b"".join(files[own] for own in sorted(files))).hexdigest()[:12]
    place = folder / f"{name}_{digest}"
    place.mkdir()
    for module, text in files.items():
        (place / f"{module}.py").write_bytes(text)
    return place
