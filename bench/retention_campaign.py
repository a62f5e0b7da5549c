"""What a retention list earns in shops drawn from the model, beside lists by churn alone and by value alone.

    python bench/retention_campaign.py --shops 100

A shop is drawn from Pareto/NBD and Gamma-Gamma (`ltv_shop.PURCHASES`, `SPEND`). The list uses what the fitted model
says and nothing of the truth. In truth a contact keeps a customer who has left, or leaves within 30 days, with
probability `--uplift`: such a customer goes on with the own rates of purchases and of leaving, from as_of or from the
moment of leaving, and spends as before. What the purchases of the next year are worth less the cost of all contacts is
the profit that came. The campaign knows its uplift from an experiment of `--experiment` customers with and without a
contact, another one for each shop. Per shop: the profit of the list; of as many contacts by churn_30d alone and by
clv_365d alone; of these at the cut that is best in hindsight; and whether the interval of the profit holds what came.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
import warnings
from typing import NamedTuple

import numpy as np
from ltv_shop import PURCHASES, SPEND, Array

from ltv import gamma_gamma, pareto_nbd
from ltv.knobs import Experiment
from ltv.retention import (
    SPEND_SQUARE,
    Contacts,
    Profit,
    Uplift,
    campaign_profit,
    mean_discount,
    purchases_at_risk,
    uplift_of_experiment,
)
from ltv.value_model import ValueModel

OBSERVED_DAYS, LEAVING_DAYS, HORIZON_DAYS = 730, 30, 365
MARGIN, DISCOUNT, LEVEL = 0.4, 0.1, 0.95


class Shop(NamedTuple):
    """One entry per customer: history and mean value of repeats; whether the customer leaves until LEAVING_DAYS after
    as_of, and what the purchases of HORIZON_DAYS are worth if a contact keeps the customer."""

    frequency: Array
    recency: Array
    T: Array
    monetary_value: Array
    leaves: Array
    worth_if_kept: Array


class Campaign(NamedTuple):
    """What came of a list and what was expected, beside as many contacts by churn and by value, and their best cuts."""

    contacts: int
    profit: float
    expected: Profit
    by_churn: float
    by_value: float
    best_by_churn: float
    best_by_value: float

    @property
    def held(self) -> bool:
        """Whether the interval holds the profit that came."""
        return self.expected.lower <= self.profit <= self.expected.upper

    @property
    def earns_most(self) -> bool:
        """Whether the list earned more than the others, of its length and at their own best cuts."""
        return self.profit > max(self.by_churn, self.by_value, self.best_by_churn, self.best_by_value)


def draw_shop(customers: int, rng: np.random.Generator, purchases: dict[str, float]) -> Shop:
    """A shop whose customers arrived evenly over the observed days; time is continuous, as in the model."""
    T = rng.uniform(0, OBSERVED_DAYS, customers)
    buying = rng.gamma(purchases["r"], 1 / purchases["alpha"], customers)
    leaving = np.maximum(rng.gamma(purchases["s"], 1 / purchases["beta"], customers), 1e-300)
    life, life_if_kept = rng.exponential(1, (2, customers)) / leaving
    seen = np.minimum(life, T)
    frequency = rng.poisson(buying * seen)
    who = np.repeat(np.arange(customers), frequency)
    recency = np.zeros(customers)
    np.maximum.at(recency, who, rng.uniform(size=len(who)) * seen[who])
    spend_rate = rng.gamma(SPEND["q"], 1 / SPEND["gamma"], customers)
    with np.errstate(invalid="ignore"):
        monetary_value = rng.gamma(SPEND["p"] * frequency) / spend_rate / frequency  # NaN without a repeat purchase
    leaves = life <= T + LEAVING_DAYS
    from_day = np.clip(life - T, 0, LEAVING_DAYS)
    saved = np.minimum(life_if_kept, HORIZON_DAYS - from_day)
    spent = rng.gamma(SPEND["p"] * rng.poisson(buying * saved)) / spend_rate
    worth = MARGIN * mean_discount(HORIZON_DAYS, DISCOUNT) * spent
    return Shop(frequency.astype(np.float64), recency, T, monetary_value, leaves, worth)


def test_contacts(customers: int, uplift: float, share_leaving: float, rng: np.random.Generator) -> Uplift:
    """What an experiment with so many customers in each of two groups says of the uplift."""
    stayed = [int(rng.binomial(customers, 1 - share_leaving * (1 - effect))) for effect in (uplift, 0.0)]
    found = Experiment(contacted=customers, contacted_stayed=stayed[0], control=customers, control_stayed=stayed[1])
    return uplift_of_experiment(found, level=LEVEL)


def run_campaign(shop: Shop, *, known: Uplift, uplift: float, cost: float, rng: np.random.Generator) -> Campaign:
    """Fit, list, contact, and see what comes."""
    x, t_x, T = history = shop.frequency, shop.recency, shop.T
    model = ValueModel(
        purchases=pareto_nbd.fit(*history),
        spend=gamma_gamma.fit(x, shop.monetary_value),
        time_unit="days",
        currency="USD",
        as_of=dt.date(2026, 1, 1),
    )
    scores = model.predict(
        x, t_x, T, shop.monetary_value,
        churn_days=[LEAVING_DAYS], value_days=[HORIZON_DAYS], margin=MARGIN, annual_discount_rate=DISCOUNT,
    )  # fmt: skip
    risk = purchases_at_risk(model, *history, leaving_days=LEAVING_DAYS, horizon_days=HORIZON_DAYS)
    worth = MARGIN * mean_discount(HORIZON_DAYS, DISCOUNT) * scores["expected_order_value"]
    at_risk = worth * risk["lost_purchases"]
    is_worth_it = known.estimate * at_risk > cost
    square = SPEND_SQUARE * worth**2 * (risk["lost_purchases"] + risk["lost_pairs"])
    contacts = Contacts(
        int(is_worth_it.sum()),
        *(float(each[is_worth_it].sum()) for each in (at_risk, at_risk * risk["lost_log_error"], square)),
    )
    gain = shop.worth_if_kept * shop.leaves * (rng.uniform(size=len(T)) < uplift) - cost

    def earned_by(score: Array) -> Array:
        return np.cumsum(gain[np.argsort(-score, kind="stable")])

    by_churn, by_value = (earned_by(scores[name]) for name in (f"churn_{LEAVING_DAYS}d", f"clv_{HORIZON_DAYS}d"))
    last = max(contacts.contacts - 1, 0)
    return Campaign(
        contacts=contacts.contacts,
        profit=float(gain[is_worth_it].sum()),
        expected=campaign_profit(contacts, known, contact_cost=cost, level=LEVEL),
        by_churn=float(by_churn[last]),
        by_value=float(by_value[last]),
        best_by_churn=float(by_churn.max()),
        best_by_value=float(by_value.max()),
    )


def campaigns(
    shops: int,
    *,
    customers: int,
    uplift: float,
    cost: float,
    experiment: int,
    purchases: dict[str, float] = PURCHASES,
    seed: int = 1,
) -> list[Campaign]:
    """Shops of one kind, each with its own experiment (0 customers: the uplift is known)."""
    found = []
    for number in range(shops):
        rng = np.random.default_rng([seed, number])
        shop = draw_shop(customers, rng, purchases)
        known = Uplift(uplift, uplift, uplift)
        if experiment:
            known = test_contacts(experiment, uplift, float(shop.leaves.mean()), rng)
        found.append(run_campaign(shop, known=known, uplift=uplift, cost=cost, rng=rng))
    return found


def main() -> None:
    """Print one line per kind of campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--uplift", type=float, default=0.1)
    parser.add_argument("--experiment", type=int, default=5_000)
    parser.add_argument("--costs", type=float, nargs="+", default=[0.5, 1.0, 2.0])
    parser.add_argument("--purchases", type=float, nargs=4, metavar=("R", "ALPHA", "S", "BETA"))
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # customers of the last day, correlations by chance
    purchases = dict(zip(PURCHASES, options.purchases, strict=True)) if options.purchases else PURCHASES

    print(
        "  cost contacts   profit  expected  by churn  by value  best churn best value  earns most  of its length  held"
    )
    for cost in options.costs:
        started = time.perf_counter()
        found = campaigns(
            options.shops,
            customers=options.customers,
            uplift=options.uplift,
            cost=cost,
            experiment=options.experiment,
            purchases=purchases,
        )
        means = [
            np.mean([figure(one) for one in found])
            for figure in (
                lambda one: one.contacts,
                lambda one: one.profit,
                lambda one: one.expected.expected,
                lambda one: one.by_churn,
                lambda one: one.by_value,
                lambda one: one.best_by_churn,
                lambda one: one.best_by_value,
            )
        ]
        most, held = sum(one.earns_most for one in found), sum(one.held for one in found)
        longest = sum(one.profit > max(one.by_churn, one.by_value) for one in found)
        print(
            f"{cost:6.2f} {means[0]:8.0f} "
            + " ".join(f"{mean:9.0f}" for mean in means[1:])
            + f"  {most:10d} {longest:13d} {held:6d}"
        )
        print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
