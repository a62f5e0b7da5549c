"""The registered model as code: MLflow runs this file to load it; the parameters are in its artifact.

model = mlflow.pyfunc.load_model("models:/customer-value@champion")
model.predict(customers)   # columns frequency, recency, T, monetary_value -> p_alive, churn_30d, clv_365d, …
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from ltv.value_model import ValueModel
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, VALUE_HORIZONS_DAYS

ARTIFACT = "value_model"


class CustomerValueModel(PythonModel):
    """Predictions of gold.customer_value for any customers, from their purchase histories."""

    def load_context(self, context: Any) -> None:
        """Read the parameters."""
        plain = json.loads(Path(context.artifacts[ARTIFACT]).read_text(encoding="utf-8"))
        self.value_model = ValueModel.from_dict(plain["model"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of the input; params: margin (share of net value), annual_discount_rate."""
        chosen = params or {}
        predictions = self.value_model.predict(
            model_input["frequency"],
            model_input["recency"],
            model_input["T"],
            model_input["monetary_value"],
            churn_days=CHURN_HORIZONS_DAYS,
            value_days=VALUE_HORIZONS_DAYS,
            margin=chosen.get("margin", 1.0),
            annual_discount_rate=chosen.get("annual_discount_rate", 0.0),
        )
        return pd.DataFrame(predictions, index=model_input.index)


mlflow.models.set_model(CustomerValueModel())
