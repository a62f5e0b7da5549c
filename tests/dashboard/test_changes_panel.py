"""The sentences on what changed: the largest movement first, with amount, cause and channel, and no win by chance."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dashboard.changes_panel import CAUSE_TEXTS, MOVEMENTS, changes_panel, changes_sentences, changes_table
from dashboard.words import words_in
from published.change_causes import CAUSES
from published.changes import Changes, ChannelChange, Move, Refitted
from published.publication import Published
from published.view import Language
from tests.published_lake import AS_OF, PUBLISHED_AT

MODEL = "last_touch"


def publication(run_id: str, as_of: date = AS_OF) -> Published:
    return Published("lake", run_id, as_of, PUBLISHED_AT, {})


def channel(
    name: str,
    *,
    value: tuple[int, dict[str, int]] = (0, {}),
    conversions: tuple[float, dict[str, float]] = (0.0, {}),
    spend: tuple[int, dict[str, int]] = (0, {}),
    model: str = MODEL,
    squares: tuple[float, float] = (0.0, 0.0),
) -> ChannelChange:
    """A channel by what it had before and the parts of its change."""

    def money(before: int, parts: dict[str, int]) -> Move[Decimal]:
        return Move(Decimal(before), Decimal(before + sum(parts.values())), {k: Decimal(v) for k, v in parts.items()})

    number = Move(conversions[0], conversions[0] + sum(conversions[1].values()), conversions[1])
    return ChannelChange(model, name, number, money(*value), money(*spend), *squares)


def changes(*channels: ChannelChange, **more: object) -> Changes:
    values: dict[str, object] = {
        "before": publication("mon"),
        "after": publication("tue", AS_OF),
        "conversion_type": "purchase",
        "currency": "KRW",
        "models": tuple(dict.fromkeys(one.model for one in channels)),
        "new_models": (),
        "removed_models": (),
        "refitted": (),
        "channels": channels,
        **more,
    }
    return Changes(**values)  # type: ignore[arg-type]


def sentences(found: Changes, language: Language = "en") -> tuple[str, ...]:
    return changes_sentences(found, words_in(language), MODEL)


def test_every_cause_has_a_text_of_its_own_in_both_languages() -> None:
    assert list(CAUSE_TEXTS) == list(CAUSES)
    for language in ("en", "ko"):
        texts = [words_in(language)(key) for key in CAUSE_TEXTS.values()]  # type: ignore[arg-type]
        assert len(set(texts)) == len(CAUSES)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Nothing changed between run mon and run tue."),
        ("ko", "실행 mon와(과) 실행 tue 사이에 달라진 것이 없습니다."),
    ],
)
def test_where_nothing_changed_that_is_all(language: Language, sentence: str) -> None:
    found = changes(channel("Search", value=(100, {})))
    assert sentences(found, language) == (sentence,)
    assert changes_panel(found, words_in(language), MODEL).table is None


def test_the_largest_amount_comes_first_whatever_its_cause() -> None:
    found = changes(
        channel("Search", value=(500, {"refunds": -30, "late": 200}), conversions=(5, {"late": 1.5})),
        channel("Email", value=(100, {"edited": 30}), conversions=(3, {"cancelled": -1.0}), spend=(50, {"late": -60})),
    )
    assert tuple(line for line in sentences(found)[1:] if "ROAS" not in line) == (
        "Late events and orders brought Search ₩200 and 1.5 purchases.",
        "Late spend lowered the spend of Email by ₩60.",
        "Edited orders brought Email ₩30.",
        "Refunds took ₩30 from Search.",
        "Cancelled orders took 1 purchase from Email.",
    )


def test_value_and_credit_that_go_opposite_ways_are_both_named() -> None:
    found = changes(channel("Search", value=(500, {"models": -30}), conversions=(5, {"models": 0.5})))
    assert sentences(found)[1] == "Models took ₩30 (and 0.5 purchases the other way) from Search."


def test_smaller_movements_are_counted_and_summed() -> None:
    found = changes(
        *(channel(f"C{number}", value=(0, {"late": 100 - number})) for number in range(MOVEMENTS)),
        channel("X", value=(9, {"refunds": -4})),
        channel("Y", spend=(9, {"restated": 3})),
    )
    listed = sentences(found)
    assert [line for line in listed if line.startswith("Late events")] == [
        f"Late events and orders brought C{number} ₩{100 - number}." for number in range(MOVEMENTS)
    ]
    assert listed[MOVEMENTS + 1] == "2 movements more, of ₩7 in all, are in the table."


@pytest.mark.parametrize(
    ("squares", "sentence"),
    [
        # 1.96 x sqrt(400 + 1 x 400) / 20 for as much spend again.
        ((400.0, 400.0), "the part of the new days, −1.50, is within what chance brings (±2.77)."),
        ((1.0, 0.0), "the part of the new days, −1.50, is more than chance brings (±0.10)."),
        ((0.0, 0.0), "the part of the new days, −1.50, has no conversion by which chance could be judged."),
    ],
    ids=["few large orders", "many small ones", "no order to judge by"],
)
def test_a_return_that_moved_is_called_chance_where_it_may_be(squares: tuple[float, float], sentence: str) -> None:
    # 2 units of value in each of the 10 of spend more: half of what the 10 before brought, 5 each.
    found = changes(channel("Search", value=(50, {"new_days": 20}), spend=(10, {"new_days": 10}), squares=squares))
    (roas,) = [line for line in sentences(found) if "ROAS" in line]
    assert roas == f"The ROAS of Search went from 5.00 to 3.50; {sentence}"


def test_a_return_that_moved_without_a_new_day_is_a_correction() -> None:
    found = changes(channel("Search", value=(50, {"refunds": -20}), spend=(10, {})))
    assert sentences(found)[-1] == (
        "The ROAS of Search went from 5.00 to 3.00, without a new day: past days are counted differently now."
    )


def test_models_that_are_new_gone_or_fitted_again_are_named_with_their_value() -> None:
    found = changes(
        channel("Search", value=(100, {})),
        channel("Search", model="shapley", value=(0, {"models": 100})),
        channel("Search", model="linear", value=(100, {"models": -100})),
        channel("Search", model="markov", value=(60, {"models": -25})),
        channel("Email", model="markov", value=(40, {"models": 25})),
        new_models=("shapley",),
        removed_models=("linear",),
        refitted=(Refitted("markov", "channels/1", "channels/2"),),
    )
    assert sentences(found)[1:] == (
        "Shapley is credited for the first time: ₩100 over all channels.",
        "Linear is no longer credited; it had ₩100 over all channels.",
        "Markov was fitted again (channels/1, now channels/2) and moved ₩25 between channels.",
    )
    assert sentences(found, "ko")[-1] == (
        "마르코프 체인 모델이 다시 학습되어(channels/1에서 channels/2(으)로) 채널 사이에 25원이(가) 옮겨졌습니다."
    )


def test_the_table_goes_from_before_to_after_through_every_cause() -> None:
    found = changes(
        channel("Search", value=(50, {"late": 10, "refunds": -30}), conversions=(5, {"late": 1.0}), spend=(10, {})),
        channel("Email", value=(40, {})),
    )
    table = changes_table(found, words_in("en"), MODEL)
    assert [column.label for column in table.columns] == [
        "Channel",
        "What",
        "Purchases",
        "Net revenue",
        "Spend",
        "Return",
    ]
    assert table.rows == (
        ("All channels", "before", "5.0", "90", "10", "9.00"),
        ("All channels", "late events and orders", "+1.0", "+10", "0", "+1.00"),
        ("All channels", "refunds", "0.0", "−30", "0", "−3.00"),
        ("All channels", "after", "6.0", "70", "10", "7.00"),
        ("Search", "before", "5.0", "50", "10", "5.00"),
        ("Search", "late events and orders", "+1.0", "+10", "0", "+1.00"),
        ("Search", "refunds", "0.0", "−30", "0", "−3.00"),
        ("Search", "after", "6.0", "30", "10", "3.00"),
    )
