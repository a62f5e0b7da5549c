"""The registered model of early value as code: what MLflow imports to load a version, without this project.

model = mlflow.pyfunc.load_model("models:/early_value@champion")
model.predict(new_users)   # age_days, acquisition_channel, features -> buys_probability_90d, later_value_90d, …

Every version has a copy of this file as the __init__ of a package of its own name, with what it imports beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from .early_value_model import CHANNEL, EarlyValueModel

AGE = "age_days"
PREDICTED = ("buys_probability", "amount_if_buys", "later_value", "standard_deviation")


class RegisteredEarlyValue:
    """Early value of any new users, from their features, under the column names of `output_columns`."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        """A model that is ready to predict."""
        self.model = EarlyValueModel.from_dict(content)

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of the input, in its order and with its index. A missing value is a null feature.

        buys_probability_<h>d is that of a purchase after the age and within h days of the first day,
        amount_if_buys_<h>d the expected gross value of these purchases if there is one, later_value_<h>d the product,
        and standard_deviation_<h>d that of one person's later value. Missing where a horizon has no model at the age.
        """
        new_users = pd.DataFrame(model_input)
        missing = [name for name in (AGE, CHANNEL, *self.model.names) if name not in new_users]
        if missing:
            raise MlflowException.invalid_parameter_value(f"the input lacks {', '.join(missing)}")
        try:
            given = {name: new_users[name].astype(float).to_numpy() for name in (AGE, *self.model.names)}
        except (TypeError, ValueError) as error:
            raise MlflowException.invalid_parameter_value(f"a feature is no number: {error}") from None
        ages = sorted({one.age_days for one in self.model.models})
        if unknown := sorted(set(given[AGE].tolist()) - set(ages)):
            raise MlflowException.invalid_parameter_value(f"{AGE} {unknown[0]:g}: the model knows {ages}")
        channels = new_users[CHANNEL].to_numpy(dtype=object)
        found = {name: np.full(len(new_users), np.nan) for name, _ in output_columns(self._horizons)}
        for one in self.model.models:
            rows = given[AGE] == one.age_days
            predicted = one.predict({name: values[rows] for name, values in given.items()}, channels[rows])
            of_each = (predicted.buys, predicted.amount, predicted.value, predicted.deviation)
            for name, values in zip(PREDICTED, of_each, strict=True):
                found[f"{name}_{one.horizon_days}d"][rows] = values
        return pd.DataFrame(found, index=new_users.index)

    @property
    def _horizons(self) -> list[int]:
        return sorted({one.horizon_days for one in self.model.models})


def output_columns(horizons: Sequence[int]) -> list[tuple[str, str]]:
    """Name and type of the columns of a prediction, in order."""
    return [(f"{name}_{horizon}d", "double") for horizon in horizons for name in PREDICTED]


def _load_pyfunc(path: str) -> RegisteredEarlyValue:
    """MLflow calls this with the path of the stored content."""
    return RegisteredEarlyValue(json.loads(Path(path).read_text(encoding="utf-8")))
