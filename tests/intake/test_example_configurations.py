"""conf/examples: each configuration loads, and its inputs name adapters and fields that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from conf import CONF_ROOT
from intake.adapters import ADAPTERS
from intake.inputs import input_of
from jobs.settings import load_settings

EXAMPLES = sorted((CONF_ROOT / "examples").glob("*.yaml"))
OWN_FORMATS = {"ad_spend", "cdnow_orders", "exchange_rates", "orders"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_configuration_with_inputs_that_can_be_read(example: Path) -> None:
    inputs = [input_of(chosen) for chosen in load_settings(example).landing.inputs]

    assert len({one.name for one in inputs}) == len(inputs)
    assert any(one.required for one in inputs), "a shop needs something"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_account_that_is_the_name_of_a_folder_has_a_folder_of_its_own(example: Path) -> None:
    inputs = load_settings(example).landing.inputs
    by_folder = [one.files for one in inputs if one.constants.get("account_id") == "{folder}"]
    assert all(files.rsplit("/", 2)[-2] == "*" for files in by_folder), "the input's own folder is no account"


def test_every_export_has_an_example() -> None:
    used = {chosen.adapter for example in EXAMPLES for chosen in load_settings(example).landing.inputs}
    assert set(ADAPTERS) - used - OWN_FORMATS == set()
