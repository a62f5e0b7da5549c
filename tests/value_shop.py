"""Rows of gold.cohort_value and gold.channel_value, for lakes without Spark. The margin is half of the value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from published.cohorts import next_month
from tests.published_lake import AS_OF
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

MARGIN = 0.5
OF_SHOP = {"margin": MARGIN, "currency": "KRW", "as_of": AS_OF}
SCORED = {"model_version": "customer-value/3", "interval_level": 0.95}


def cohort_rows(
    cohort: date, channel: str, customers: int, observed: Sequence[tuple[int, int]], predicted: Sequence[int] = ()
) -> list[dict[str, Any]]:
    """A cohort's rows: of each month up to as_of who was active and what they brought, then what is predicted of the
    months to come. Half of those who were active after month 0 had not bought again before; bounds are 20% away, 10% if
    the model holds."""
    rows, month, value, ahead, repeat = [], cohort, 0, 0, 0
    for age in range(len(observed) + len(predicted)):
        active, gained = observed[age] if age < len(observed) else (None, None)
        value += gained or 0
        repeat = min(customers, repeat + (active or 0) // 2) if age else 0
        ahead += predicted[age - len(observed)] if active is None else 0
        expected = MARGIN * value + ahead
        bounds = {
            f"{end}{name}": MARGIN * value + ahead * (1 + sign * width)
            for name, width in (("", 0.2), ("_if_model_holds", 0.1))
            for end, sign in (("lower", -1), ("upper", 1))
        }
        rows.append(
            {
                **OF_SHOP,
                **(SCORED | bounds if predicted else {}),
                "cohort": cohort,
                "acquisition_channel": channel,
                "age": age,
                "month": month,
                "is_complete": next_month(month) - timedelta(days=1) <= AS_OF,
                "customers": customers,
                "active_customers": active,
                "repeat_customers": None if active is None else repeat,
                "orders": active,
                "value": None if gained is None else Decimal(gained),
                "value_to_date": Decimal(value),
                "predicted_value": Decimal(0 if active is not None else predicted[age - len(observed)]),
                "predicted_to_date": Decimal(ahead),
                "expected_to_date": Decimal(str(expected)),
            }
        )
        month = next_month(month)
    return rows


def channel_row(
    channel: str,
    model: str,
    spend: int,
    customers: float,
    *,
    campaign: str = "",
    value: int,
    lifetime: int | None,
    bounds: tuple[float, float] | None,
    payback: tuple[int | None, str],
    returning: int = 0,
) -> dict[str, Any]:
    """A row of gold.channel_value; of the channel where no campaign is named."""
    lower, upper = bounds or (None, None)
    has_ratio = spend and customers and lifetime is not None
    return {
        **OF_SHOP,
        **(SCORED if lifetime is not None else {}),
        "model": model,
        "level": "campaign" if campaign else "channel",
        "channel": channel,
        "campaign": campaign or "(all)",
        "first_day": AS_OF - timedelta(days=30),
        "spend": Decimal(spend),
        "new_customers": customers,
        "cac": spend / customers if spend and customers else None,
        "value_to_date": Decimal(value),
        **{f"predicted_{days}d": None if lifetime is None else Decimal(lifetime) / 2 for days in VALUE_HORIZONS_DAYS},
        "lifetime_value": None if lifetime is None else Decimal(lifetime),
        "ltv": lifetime / customers if lifetime is not None and customers else None,
        "ltv_to_cac": lifetime / spend if has_ratio and lifetime is not None else None,
        "lower": lower,
        "upper": upper,
        "lower_if_model_holds": lower,
        "upper_if_model_holds": upper,
        "payback_days": payback[0],
        "payback": payback[1],
        "returning_value": Decimal(returning),
        "ltv_roas": (MARGIN * returning + lifetime) / spend if spend and lifetime is not None else None,
    }
