"""The registered model as code: what MLflow imports to load a version. It needs nothing of this project installed.

model = mlflow.pyfunc.load_model("models:/customer-value@champion")
model.predict(customers)   # columns frequency, recency, T, monetary_value -> p_alive, churn_30d, clv_365d, …

Every version has a copy of this file as the __init__ of a package of its own name, with what it imports beside
it (see `ltv.stored_code`). They import each other relatively, so they work under any name and take nobody else's.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel
from mlflow.utils.yaml_utils import read_yaml

from .errors import DistributaryError, InputError, UsageError
from .scorer import COLUMNS, Scorer, output_columns

REGISTERED = "registered_model_meta"


class CustomerValueModel:
    """Predictions of gold.customer_value for any customers, from their purchase histories, under its column names.

    `content` is what `ltv.registry.stored_content` wrote, `version` '<name>/<number>' of the registry.
    """

    def __init__(self, content: Mapping[str, Any], version: str) -> None:
        """A model that is ready to predict."""
        self.scorer = Scorer.from_dict(content["model"])
        self.currency: str = content["model"]["currency"]
        self.churn_days: list[int] = content["churn_days"]
        self.value_days: list[int] = content["value_days"]
        self.defaults: dict[str, float | str] = content["params"]
        self.note: str | None = content["note"]
        self.version = version

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of the input, in its order and with its index.

        The four columns may hold any kind of number; other columns are ignored. params: margin (share of net value),
        annual_discount_rate, interval_level; and as_of, the last day of the data as YYYY-MM-DD, of a version with a
        season. What is wrong with them is an MlflowException with the reason, which a server answers as HTTP 400.
        """
        try:
            unknown = sorted(_names_of_caller() - set(self.defaults))
            if unknown:
                raise UsageError(f"no param is called {', '.join(unknown)}; there are {', '.join(self.defaults)}")
            return self._predict(pd.DataFrame(model_input), self.defaults | dict(params or {}))
        except DistributaryError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None

    def _predict(self, customers: pd.DataFrame, params: Mapping[str, Any]) -> pd.DataFrame:
        missing = [name for name in COLUMNS if name not in customers]
        if missing:
            raise InputError(f"the input lacks {', '.join(missing)}; its columns are {', '.join(COLUMNS)}")
        given: dict[str, Any] = {name: _numbers(customers[name], name) for name in COLUMNS}
        given |= {"churn_days": self.churn_days, "value_days": self.value_days, "attributes": customers}
        level = _between(params, "interval_level", 0, 1)
        given["margin"] = _between(params, "margin", 0, np.inf)
        given["annual_discount_rate"] = _between(params, "annual_discount_rate", 0, np.inf, least_too=True)
        scorer = self.scorer.on(_day(params["as_of"])) if "as_of" in params else self.scorer
        table = scorer.predict_with_intervals(**given, level=level) if scorer.has_intervals else scorer.predict(**given)
        columns = output_columns(self.churn_days, self.value_days)
        predictions = pd.DataFrame(table, index=customers.index).reindex(columns=columns)
        return predictions.assign(currency=self.currency, model_version=self.version, model_note=self.note)


def _load_pyfunc(path: str) -> CustomerValueModel:
    """MLflow calls this with the path of the stored content."""
    file = Path(path)
    return CustomerValueModel(json.loads(file.read_text(encoding="utf-8")), _version_of(file.parents[1]))


def _version_of(folder: Path) -> str:
    """'<name>/<number>', which MLflow writes beside a model that it fetches from a registry; otherwise its id."""
    if (folder / REGISTERED).is_file():
        found = read_yaml(folder, REGISTERED)  # type: ignore[no-untyped-call]
        if found["model_name"]:
            return f"{found['model_name']}/{found['model_version']}"
    return str(read_yaml(folder, "MLmodel")["model_id"])  # type: ignore[no-untyped-call]


def _numbers(values: pd.Series[Any], name: str) -> Any:
    """A column as floats, whatever kind of number it holds: integers, decimals, numbers as text, NaN where missing."""
    if values.dtype.kind in "mM":
        raise InputError(f"{name} holds times; give lengths of time as numbers, such as those of .dt.days")
    try:
        return pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise InputError(f"{name} holds values that are no numbers") from None


def _day(value: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise UsageError(f"param as_of is {value}; it must be a day as YYYY-MM-DD") from None


def _between(params: Mapping[str, Any], name: str, least: float, most: float, *, least_too: bool = False) -> float:
    """A param, if it lies between the two."""
    value = params[name]
    if not isinstance(value, int | float) or not (least < value < most or (least_too and value == least)):
        allowed = f"{least} or more" if least_too else f"above {least}" if most == np.inf else f"in ({least}, {most})"
        raise UsageError(f"param {name} is {value}; it must be {allowed}")
    return float(value)


def _names_of_caller() -> set[str]:
    """The names of the params that were given to PyFuncModel.predict, if that is among the callers.

    MLflow passes on those that the signature names, and drops the others with a line in its log: a misspelt one would
    leave the default in force unseen.
    """
    frame = sys._getframe()
    while (caller := frame.f_back) is not None:
        frame = caller
        if frame.f_code is PyFuncModel.predict.__code__:
            return {str(name) for name in frame.f_locals["params"] or {}}
    return set()
