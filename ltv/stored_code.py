"""The code of a registered version: a package of its own name, with the files that predict."""

from __future__ import annotations

import hashlib
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
REQUIREMENTS = ("mlflow", "numpy", "pandas", "scipy")


def write_package(folder: Path, purchase_model: str) -> Path:
    """The code of a version, as a package below `folder`: `ltv.pyfunc` and what it imports, each file as it is.

    The forecast of the other kind of purchase model is not among them. The name ends in a digest of the files: two
    versions with different code can be loaded in one process.
    """
    origins = {"__init__": ("ltv", "pyfunc"), "errors": ("warehouse", "errors")}
    not_needed = BETA_GEOMETRIC if purchase_model == PARETO_NBD else "pareto_nbd_forecast"
    origins |= {module: ("ltv", module) for module in MODULES if module != not_needed}
    files = {name: (on_disk(package) / f"{module}.py").read_bytes() for name, (package, module) in origins.items()}
    digest = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()[:12]
    place = folder / f"distributary_value_{digest}"
    place.mkdir()
    for name, text in files.items():
        (place / f"{name}.py").write_bytes(text)
    return place
