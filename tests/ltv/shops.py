"""Real shops as purchase days, and their rolling origins, counted without Spark."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from ltv import gamma_gamma
from ltv.fitters import fit_purchases
from ltv.mbg_cnbd_k import Gaps
from ltv.origins import FittedOrigin, Origin, fit_origins
from ltv.value_model import ValueModel


@cache
def cdnow_days(name: str) -> pd.DataFrame:
    """Purchase days (customer, day, value) of the CDNOW files that ship with lifetimes: 'sample' or 'master'."""
    text = (importlib.resources.files("lifetimes") / "datasets" / f"CDNOW_{name}.txt").read_text()
    lines = [line.split() for line in text.splitlines() if line.strip() and line.split()[0].isdigit()]
    # The sample has two numbers of a customer; the second counts from 1 without a gap.
    rows = [(line[-4], line[-3], float(line[-1])) for line in lines]
    return _days(pd.DataFrame(rows, columns=["customer", "day", "value"]))


def online_retail_days(shared_data: Path) -> pd.DataFrame:
    """Purchase days of the customers of online_retail, without credit notes."""
    path = shared_data / "data" / "online_retail" / "online_retail.csv.gz"
    lines = pd.read_csv(path, dtype={"InvoiceNo": str, "CustomerID": str})
    sales = lines[lines["CustomerID"].notna() & ~lines["InvoiceNo"].str.startswith("C")]
    return _days(
        pd.DataFrame(
            {
                "customer": sales["CustomerID"],
                "day": sales["InvoiceDate"].str[:10],
                "value": sales["Quantity"] * sales["UnitPrice"],
            }
        )
    )


def _days(lines: pd.DataFrame) -> pd.DataFrame:
    dated = lines.assign(day=pd.to_datetime(lines["day"]))
    return dated.groupby(["customer", "day"], as_index=False)["value"].sum()


def rolling_origins(days: pd.DataFrame, *, until: str, length: int, count: int) -> list[Origin]:
    """`count` origins of `length` days, oldest first; the last one's period ends at `until`."""
    end = pd.Timestamp(until)
    return [origin(days, end - pd.Timedelta(days=number * length), length) for number in range(count, 0, -1)]


def summary(days: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """frequency, recency, T and monetary_value of each customer (the index) who was known by the end of `cutoff`."""
    before = days[days["day"] <= cutoff]
    first = before.groupby("customer")["day"].transform("min")
    spans = before.groupby("customer")["day"].agg(["min", "max", "size"])
    repeat_value = before[before["day"] > first].groupby("customer")["value"].mean()
    return pd.DataFrame(
        {
            "frequency": spans["size"] - 1,
            "recency": (spans["max"] - spans["min"]).dt.days.astype(float),
            "T": (cutoff - spans["min"]).dt.days.astype(float),
            "monetary_value": repeat_value.reindex(spans.index).fillna(0.0),
        }
    )


def origin(days: pd.DataFrame, cutoff: pd.Timestamp, length: int) -> Origin:
    """The counted customers of a cutoff, and what they bought in the `length` days after it."""
    until = cutoff + pd.Timedelta(days=length)
    after = days[(days["day"] > cutoff) & (days["day"] <= until)].groupby("customer")["value"].agg(["size", "sum"])
    customers = summary(days, cutoff)
    customers.insert(3, "holdout_purchases", after["size"].reindex(customers.index).fillna(0).astype(int))
    customers["value"] = after["sum"].reindex(customers.index).fillna(0.0)
    history = ["frequency", "recency", "T", "holdout_purchases"]
    holdout = customers.groupby(history, as_index=False).agg(
        customers=("value", "size"), monetary_value=("monetary_value", "mean"), holdout_value=("value", "sum")
    )
    spend = customers[(customers["frequency"] > 0) & (customers["monetary_value"] > 0)]
    counted = spend.groupby(["frequency", "monetary_value"], as_index=False).agg(customers=("value", "size"))
    before = days[days["day"] <= cutoff].sort_values(["customer", "day"])
    gaps = before.groupby("customer")["day"].diff().dt.days.dropna()
    return Origin(
        cutoff=cutoff.date(),
        until=until.date(),
        holdout=holdout,
        spend=counted,
        time_unit="days",
        gaps=Gaps(len(gaps), float(np.log(gaps).sum())),
    )


def fit_in(currency: str, model: str = "pareto_nbd") -> Callable[[Origin], ValueModel]:
    """The exact fit of an origin."""

    def fit(origin: Origin) -> ValueModel:
        spend = origin.spend
        return ValueModel(
            purchases=fit_purchases(origin.histories, fitter="exact", seed=1, model=model, gaps=origin.gaps),
            spend=gamma_gamma.fit(spend["frequency"], spend["monetary_value"], weights=spend["customers"]),
            time_unit="days",
            currency=currency,
            as_of=origin.cutoff,
        )

    return fit


@cache
def cdnow_origins(name: str, length: int, count: int) -> tuple[FittedOrigin, ...]:
    """Fitted origins of CDNOW, the newest period up to the end of its data."""
    origins = rolling_origins(cdnow_days(name), until="1998-06-30", length=length, count=count)
    return tuple(fit_origins(origins, fit_in("USD"))[0])
