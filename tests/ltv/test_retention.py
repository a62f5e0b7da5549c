"""What a campaign earns: uplift from an experiment, expected profit, break-even, intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ltv.knobs import Experiment, RetentionCampaign
from ltv.retention import Contacts, Uplift, campaign_profit, mean_discount, uplift_of, uplift_of_experiment

OFF: dict[str, Any] = {
    "contact_cost": None,
    "uplift": None,
    "uplift_lower": None,
    "uplift_upper": None,
    "experiment": None,
    "leaving_days": 30,
    "horizon_days": 365,
    "high_value_share": 0.2,
    "max_refunded_share": 0.5,
    "max_days_since_purchase": None,
    "max_contacts": None,
}
KNOWN = {"contact_cost": 2.0, "uplift": 0.1, "uplift_lower": 0.05, "uplift_upper": 0.15}
TEST = {"contacted": 2000, "contacted_stayed": 1100, "control": 1000, "control_stayed": 500}


def test_of_those_who_would_leave_the_uplift_is_the_share_that_stays() -> None:
    """Half of the control left, 45% of the contacted: a tenth of the leavers was kept."""
    assert uplift_of_experiment(Experiment(**TEST), level=0.95).estimate == pytest.approx(0.1)


def test_the_interval_of_an_experiment_holds_the_uplift_of_the_truth() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        stayed = rng.binomial([300, 300], [1 - 0.7 * 0.8, 1 - 0.7])
        test = Experiment(contacted=300, contacted_stayed=stayed[0], control=300, control_stayed=stayed[1])
        found = uplift_of_experiment(test, level=0.95)
        held += found.lower <= 0.2 <= found.upper
    assert held / 2000 == pytest.approx(0.95, abs=0.015)


def test_a_contact_that_drives_customers_away_has_an_uplift_below_0() -> None:
    found = uplift_of_experiment(Experiment(**{**TEST, "contacted_stayed": 800}), level=0.95)

    assert found.estimate == pytest.approx(-0.2)
    assert found.lower < -0.2 < found.upper < 0


def test_a_small_group_of_which_nobody_left_still_has_an_interval() -> None:
    found = uplift_of_experiment(
        Experiment(contacted=20, contacted_stayed=20, control=20, control_stayed=10), level=0.95
    )

    assert found.estimate == found.upper == 1.0
    assert 0 < found.lower < 0.8


def test_profit_is_uplift_times_value_at_risk_less_the_cost_of_all_contacts() -> None:
    profit = campaign_profit(Contacts(100, 4000.0, 0.0, 0.0), Uplift(0.1, 0.1, 0.1), contact_cost=1.5, level=0.95)

    assert profit == pytest.approx((250.0, 250.0, 250.0, 0.0375))


def test_what_is_not_known_widens_the_interval_on_its_own_side() -> None:
    certain = Contacts(100, 4000.0, 0.0, 0.0)
    skewed = campaign_profit(certain, Uplift(0.1, 0.02, 0.12), contact_cost=1.5, level=0.95)
    uncertain = campaign_profit(certain._replace(error=500.0), Uplift(0.1, 0.02, 0.12), contact_cost=1.5, level=0.95)
    chance = campaign_profit(certain._replace(square=1e6), Uplift(0.1, 0.1, 0.1), contact_cost=1.5, level=0.95)

    assert skewed[:3] == pytest.approx((250, -70, 330))
    assert uncertain.lower == pytest.approx(250 - np.hypot(320, 1.959964 * 50))
    assert chance.upper - 250 == pytest.approx(1.959964 * np.sqrt(0.1 * 1e6))


def test_a_campaign_without_anything_at_risk_has_no_break_even() -> None:
    profit = campaign_profit(Contacts(0, 0.0, 0.0, 0.0), Uplift(0.1, 0.0, 0.2), contact_cost=1.5, level=0.95)

    assert profit == (0.0, 0.0, 0.0, None)


def test_groups_of_customers_add_up_and_their_errors_as_one() -> None:
    assert Contacts(1, 2.0, 3.0, 4.0).plus(Contacts(10, 20.0, 30.0, 40.0)) == Contacts(11, 22.0, 33.0, 44.0)


def test_money_that_comes_evenly_over_a_year_is_discounted_as_that_of_its_middle() -> None:
    assert mean_discount(365, 0.1) == pytest.approx(1.1**-0.5, rel=1e-3)
    assert mean_discount(365, 0.0) == 1.0


def test_the_knobs_name_an_uplift_or_an_experiment() -> None:
    assert uplift_of(RetentionCampaign(**{**OFF, **KNOWN}), level=0.95) == (0.1, 0.05, 0.15)
    by_test = RetentionCampaign(**{**OFF, "contact_cost": 2.0, "experiment": TEST})
    assert uplift_of(by_test, level=0.9) == uplift_of_experiment(Experiment(**TEST), level=0.9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contact_cost": 1.0}, "contact_cost needs an uplift with its bounds, or an experiment"),
        ({**KNOWN, "uplift_lower": None}, "uplift needs uplift_lower and uplift_upper"),
        ({**KNOWN, "uplift_upper": 0.08}, "uplift does not lie between"),
        ({**KNOWN, "experiment": TEST}, "name one of them"),
        ({"leaving_days": 400}, "leaving_days must be at most horizon_days"),
        ({"experiment": {**TEST, "contacted_stayed": 2001}}, "more customers stayed than there are"),
        ({"experiment": {**TEST, "control_stayed": 1000}}, "all of the control stayed"),
    ],
)
def test_knobs_that_cannot_be_meant_are_refused(changes: dict[str, Any], message: str) -> None:
    assert RetentionCampaign(**OFF).contact_cost is None
    with pytest.raises(ValidationError, match=message):
        RetentionCampaign(**{**OFF, **changes})
