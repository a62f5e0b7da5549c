"""New users at the end of their first week, in a shop where the week says what they will bring, and in one where it
does not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from ltv.behaviour.early_periods import periods_of
from ltv.behaviour.early_rows import EarlyRows
from warehouse.tables.gold_person_features import BUILT

UNTIL = dt.date(2026, 6, 30)
FIRST_VISIT = dt.date(2026, 2, 1)
AGE, HORIZON = 7, 30
CHANNELS = ("Direct", "Email", "Paid Search")


def early_rows(
    seed: int,
    *,
    users: int = 3000,
    predicts: bool,
    moved: float = 1.0,
    since: dt.date = UNTIL,
    first_day: dt.date | None = None,
    until: dt.date = UNTIL,
) -> EarlyRows:
    """Rows of one age and horizon, of first days from `first_day` (otherwise the first that is learned from, 136 days
    before the end) to `until`. Who predicts: visits and carts raise the odds of buying, an
    earlier order the amount; otherwise all buy alike. Amounts are gamma distributed with shape 2; those of who came
    after `since` are `moved` times as large. A purchase is on any day after the age and within the horizon, if on
    record."""
    random = np.random.default_rng(seed)
    periods = periods_of(HORIZON, until=UNTIL, first_visit=FIRST_VISIT)
    assert periods is not None
    begin = first_day or periods.earlier.first
    days = (until - begin).days + 1
    visits, carts = random.poisson(1.0, users) + 1, random.poisson(0.4, users)
    bought = random.random(users) < 0.15
    order = np.where(bought, random.gamma(2.0, 25.0, users), 0.0)
    log_odds = np.log(0.12 / 0.88) + (predicts * (0.5 * (visits - 2) + 0.8 * (carts - 0.4) + 1.0 * bought))
    buys = random.random(users) < 1 / (1 + np.exp(-log_odds))
    size = np.where(bought & predicts, order, 50.0)
    amount = np.where(buys, random.gamma(2.0, 0.5, users) * size, 0.0)
    given = {
        "visits_7d": visits,
        "visits_30d": visits,
        "cart_adds_30d": carts,
        "purchases_90d": bought * 1,
        "gross_value_365d": order,
        "mean_order_value": np.where(bought, order, np.nan),
    }
    rows = pd.DataFrame({column.name: given.get(column.name, np.zeros(users)) for column in BUILT}).astype(float)
    person = [f"user:{seed}-{number}" for number in range(users)]
    first = [begin + dt.timedelta(days=int(day)) for day in random.integers(0, days, users)]
    rows = rows.assign(
        person_id=person,
        first_day=first,
        age_days=AGE,
        acquisition_channel=random.choice(np.array(CHANNELS, dtype=object), users),
        is_known=bought * 1.0,
    )
    amount = np.where([day > since for day in first], moved, 1.0) * amount
    later = pd.DataFrame({"row": np.arange(users), "days": random.integers(AGE, HORIZON, users), "value": amount})
    on_record = np.array([(until - day).days for day in first]) >= later["days"]
    return EarlyRows(
        until=until,
        first_visit=FIRST_VISIT,
        rows=rows,
        later=later[on_record & buys].reset_index(drop=True),
        periods={HORIZON: periods},
        share=1.0,
    )
