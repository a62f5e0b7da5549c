"""The registered churn model as code: what MLflow imports to load a version. Nothing of this project is needed.

model = mlflow.pyfunc.load_model("models:/churn@champion")
model.predict(persons)   # columns of gold.person_features -> churn_7d, churn_7d_reason_1, …

Every version has a copy of this file as the __init__ of a package of its own name, with what it imports beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from .churn_model import ChurnModel

REASONS = 3


class RegisteredChurnModel:
    """Churn of any customers, from their features, under the column names of `output_columns`."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        """A model that is ready to predict."""
        self.model = ChurnModel.from_dict(content)

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of the input, in its order and with its index. A missing value is a null feature.

        churn_<h> is the probability of neither visiting nor buying within the horizon. The contributions of its three
        reasons and churn_<h>_other are log-odds, which add up to the distance from churn_<h>_base_rate.
        """
        persons = pd.DataFrame(model_input)
        missing = [name for name in self.model.names if name not in persons]
        if missing:
            raise MlflowException.invalid_parameter_value(f"the input lacks {', '.join(missing)}")
        try:
            given = {name: np.asarray(persons[name].astype(float), dtype=np.float64) for name in self.model.names}
        except (TypeError, ValueError) as error:
            raise MlflowException.invalid_parameter_value(f"a feature is no number: {error}") from None
        columns = self.model.columns(given)
        found: dict[str, Any] = {}
        for one in self.model.horizons:
            name, why = f"churn_{one.name}", one.reasons(columns)
            found[name] = one.probability(columns)
            found[f"{name}_base_rate"] = one.base_rate
            for place in range(REASONS):
                found[f"{name}_reason_{place + 1}"] = why.names[:, place]
                found[f"{name}_contribution_{place + 1}"] = why.added[:, place]
            found[f"{name}_other"] = why.rest
        return pd.DataFrame(found, index=persons.index)


def output_columns(horizons: list[str]) -> list[tuple[str, str]]:
    """Name and type of the columns of a prediction, in order."""
    columns = []
    for horizon in horizons:
        columns += [(f"churn_{horizon}", "double"), (f"churn_{horizon}_base_rate", "double")]
        for place in range(1, REASONS + 1):
            columns += [
                (f"churn_{horizon}_reason_{place}", "string"),
                (f"churn_{horizon}_contribution_{place}", "double"),
            ]
        columns.append((f"churn_{horizon}_other", "double"))
    return columns


def _load_pyfunc(path: str) -> RegisteredChurnModel:
    """MLflow calls this with the path of the stored content."""
    return RegisteredChurnModel(json.loads(Path(path).read_text(encoding="utf-8")))
