"""Tokens are HMAC-SHA256 under a key that no setting, message or digest shows."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.run import open_run
from jobs.settings import load_settings
from warehouse.errors import UsageError
from warehouse.expressions import token_of
from warehouse.messages import one_line
from warehouse.pseudonyms import VARIABLE, Pseudonyms, blocks_of
from warehouse.table_update import digest_of

KEY, OTHER_KEY = "correct horse battery staple, twice", "correct horse battery staple, three times"
TEXTS = ["ann", "홍길동", "ann.lee@mail.example", "", "a" * 1000]


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize("key", [KEY, "k" * 64, "길다" * 40])
def test_a_token_is_the_first_half_of_the_hmac_of_the_text(key: str, spark: SparkSession) -> None:
    rows = spark.createDataFrame([(text,) for text in [*TEXTS, None]], "text string")

    found = rows.select("text", token_of(F.col("text"), key.encode())).collect()

    assert {row[0]: row[1] for row in found} == {
        **{text: hmac.new(key.encode(), text.encode(), "sha256").hexdigest()[:32] for text in TEXTS},
        None: None,
    }


def asked(key: str | None) -> Pseudonyms:
    return Pseudonyms.model_validate({"pseudonyms": True, "key": key})


def test_the_key_of_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(KEY).secret() == KEY.encode()
    monkeypatch.setenv(VARIABLE, OTHER_KEY)
    assert asked(KEY).secret() == OTHER_KEY.encode()
    assert Pseudonyms(pseudonyms=False, key=None).secret() is None


@pytest.mark.parametrize(("key", "what"), [(None, "is missing"), ("too short a key", "is too short")])
def test_without_a_long_key_a_run_is_refused_in_one_line_that_does_not_show_it(
    key: str | None, what: str, tmp_path: Path
) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text("lake: lake\nprivacy:\n  pseudonyms: true\n" + (f"  key: {key}\n" if key else ""))

    with pytest.raises(UsageError) as refused:
        open_run("build", config=config)

    assert str(refused.value) == (
        f"privacy.pseudonyms: the key {what}: set {VARIABLE} (or privacy.key) to at least 32 characters that nobody "
        "can guess"
    )
    open_run("report", config=config)  # makes no table


def test_a_key_of_digits_is_a_key(tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text(f"privacy: {{pseudonyms: true, key: {'1234567890' * 4}}}\n")

    assert load_settings(config).privacy.secret() == b"1234567890" * 4


def test_another_key_or_none_has_another_digest_and_none_shows_the_key(tmp_path: Path) -> None:
    digests = [digest_of([knobs]) for knobs in (asked(KEY), asked(OTHER_KEY), Pseudonyms(pseudonyms=False, key=None))]
    assert len(set(digests)) == 3
    # A key that nothing uses changes nothing.
    assert digest_of([Pseudonyms.model_validate({"pseudonyms": False, "key": KEY})]) == digests[2]

    config = tmp_path / "shop.yaml"
    config.write_text(f"privacy: {{pseudonyms: true, key: '{KEY}'}}\n")
    settings = load_settings(config)
    shown = [repr(settings), str(settings), settings.model_dump_json(), settings.privacy.content()]
    assert [text for text in shown if KEY in text] == []


def test_no_message_shows_the_key_or_what_expressions_are_made_with(tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text(f"lake: lake\nprivacy: {{pseudonyms: true, key: '{KEY}'}}\n")
    open_run("build", config=config)
    inner, outer = blocks_of(KEY.encode())

    message = one_line(f"cannot resolve unhex({inner}), 0x{outer.upper()}, {KEY}")

    assert message == "cannot resolve unhex(***), 0x***, ***"
