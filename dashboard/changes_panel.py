"""What changed between two publications: sentences, the largest movement first, and the table that adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.words import Words, capital
from published.change_causes import (
    CANCELLED,
    EDITED,
    IDENTITY,
    LATE,
    MODELS,
    NEW_DAYS,
    OTHER,
    RATES,
    REFUNDS,
    RESTATED,
    RULES,
)
from published.changes import Changes, ChannelChange, RoasMove

MOVEMENTS = 8  # sentences about amounts; the table has all of them
RETURNS = 3  # channels whose return has a sentence
CAUSE_TEXTS = {
    NEW_DAYS: "changes.new_days",
    LATE: "changes.late",
    CANCELLED: "changes.cancelled",
    REFUNDS: "changes.refunds",
    EDITED: "changes.edited",
    RATES: "changes.rates",
    IDENTITY: "changes.identity",
    RULES: "changes.rules",
    MODELS: "changes.models",
    RESTATED: "changes.restated",
    OTHER: "changes.other",
}
LATE_SPEND = "changes.late_spend"


@dataclass(frozen=True)
class Movement:
    """What one cause moved in one channel: spend, or credited value and conversions."""

    channel: str
    cause: str
    money: Decimal
    conversions: float = 0.0
    is_spend: bool = False

    @property
    def order(self) -> tuple[Decimal, float, bool, str, str]:
        """Larger amounts first, then conversions, then names."""
        return -abs(self.money), -abs(self.conversions), self.is_spend, self.channel, self.cause


def changes_panel(changes: Changes, words: Words, model: str) -> Panel:
    """The changes under one model of the view."""
    sentences = " ".join(changes_sentences(changes, words, model))
    table = None if changes.is_empty else changes_table(changes, words, model)
    return Panel("changes", words("changes.title"), sentences, table=table)


def changes_sentences(
    changes: Changes, words: Words, model: str, *, smaller: str = "changes.smaller"
) -> tuple[str, ...]:
    """What an analyst would say of the changes under `model`: the whole, the largest movements first with amount,
    cause and channel, what chance may have done to returns, and the models that are new, gone or fitted again.

    `smaller` is the key of the sentence on where the smaller movements are.
    """
    if changes.is_empty:
        return (words("changes.nothing", before=changes.before.run_id, after=changes.after.run_id),)
    return (
        _whole(changes, words, model),
        *_movements(changes, words, model, smaller),
        *_returns(changes, words, model),
        *_models(changes, words),
    )


def changes_table(changes: Changes, words: Words, model: str) -> PageTable:
    """Before, the part of each cause, and after: of all channels together, then of each channel where something moved.

    The parts of a channel add up to its change. What moves between channels is in their rows and not in the first.
    """
    moved = [channel for channel in changes.of_model(model) if channel.has_moved]
    rows = [row for one in (changes.total(model), *moved) for row in _rows(one, changes, words)]
    return PageTable(
        caption=words("changes.caption", model=words.model(model), currency=words.currency(changes.currency)),
        columns=(
            Column(words("changes.channel"), numeric=False),
            Column(words("changes.what"), numeric=False),
            Column(capital(words.conversions(changes.conversion_type))),
            Column(words("changes.value")),
            Column(words("changes.spend")),
            Column(words("changes.roas_heading")),
        ),
        rows=table_rows(rows),
    )


def _whole(changes: Changes, words: Words, model: str) -> str:
    total, currency = changes.total(model), changes.currency
    return words(
        "changes.whole",
        model=words.model(model),
        before=changes.before.run_id,
        after=changes.after.run_id,
        before_day=words.day(changes.before.as_of),
        after_day=words.day(changes.after.as_of),
        conversions=words.conversions(changes.conversion_type),
        old=_number(total.conversions.before),
        new=_number(total.conversions.after),
        old_value=words.money(total.value.before, currency),
        new_value=words.money(total.value.after, currency),
        old_spend=words.money(total.spend.before, currency),
        new_spend=words.money(total.spend.after, currency),
    )


def _movements(changes: Changes, words: Words, model: str, more: str) -> Iterator[str]:
    movements = sorted(_all_movements(changes.of_model(model)), key=lambda one: one.order)
    for one in movements[:MOVEMENTS]:
        yield _in_words(one, changes, words)
    if smaller := movements[MOVEMENTS:]:
        money = words.money(sum((abs(one.money) for one in smaller), Decimal(0)), changes.currency)
        yield words(more, movements=words.counted("movement", len(smaller)), money=money)


def _all_movements(channels: tuple[ChannelChange, ...]) -> Iterator[Movement]:
    for one in channels:
        for cause in {**one.value.parts, **one.conversions.parts}:
            value = one.value.parts.get(cause, Decimal(0))
            yield Movement(one.channel, cause, value, one.conversions.parts.get(cause, 0.0))
        for cause, spend in one.spend.parts.items():
            yield Movement(one.channel, cause, spend, is_spend=True)


def _in_words(one: Movement, changes: Changes, words: Words) -> str:
    late = one.is_spend and one.cause == LATE
    cause = capital(words(LATE_SPEND) if late else words(CAUSE_TEXTS[one.cause]))
    money = words.money(abs(one.money), changes.currency)
    if one.is_spend:
        if one.money > 0:
            return words("changes.spend_rose", cause=cause, channel=one.channel, money=money)
        return words("changes.spend_fell", cause=cause, channel=one.channel, money=money)
    number = _number(abs(one.conversions))
    noun = words.conversions(changes.conversion_type)
    if abs(one.conversions) == 1:
        noun = words.conversion(changes.conversion_type)
    sales = words("counts.conversion", number=number, noun=noun)
    has_sales = number != _number(0.0)
    if one.money and has_sales and (one.money > 0) != (one.conversions > 0):
        amount = words("changes.opposite", money=money, sales=sales)
    elif one.money and has_sales:
        amount = words("changes.both", money=money, sales=sales)
    else:
        amount = money if one.money else sales
    if (one.money or Decimal(one.conversions)) > 0:
        return words("changes.brought", cause=cause, channel=one.channel, amount=amount)
    return words("changes.took", cause=cause, channel=one.channel, amount=amount)


def _returns(changes: Changes, words: Words, model: str) -> Iterator[str]:
    """The returns that moved most; never as better or worse where chance may have moved them."""
    of_channels = [(one.channel, roas) for one in changes.of_model(model) if (roas := one.roas) and roas.parts]
    largest = sorted(of_channels, key=lambda one: (-abs(one[1].after - one[1].before), one[0]))[:RETURNS]
    for channel, roas in largest:
        old, new = words.roas(roas.before), words.roas(roas.after)
        if roas.chance is None:
            yield words("changes.roas_of_past_days", channel=channel, old=old, new=new)
            continue
        part = _signed_roas(roas.parts.get(NEW_DAYS, 0.0), words)
        if not roas.chance:
            yield words("changes.roas_of_no_sale", channel=channel, old=old, new=new, part=part)
            continue
        values = {"channel": channel, "old": old, "new": new, "part": part, "chance": words.roas(roas.chance)}
        yield words("changes.roas_by_chance", **values) if roas.is_chance else words("changes.roas_beyond", **values)


def _models(changes: Changes, words: Words) -> Iterator[str]:
    currency = changes.currency
    for model in changes.new_models:
        money = words.money(changes.total(model).value.after, currency)
        yield words("changes.new_model", model=capital(words.model(model)), money=money)
    for model in changes.removed_models:
        money = words.money(changes.total(model).value.before, currency)
        yield words("changes.removed_model", model=capital(words.model(model)), money=money)
    for one in changes.refitted:
        moved = [channel.value.parts.get(MODELS, Decimal(0)) for channel in changes.of_model(one.model)]
        money = words.money(sum((part for part in moved if part > 0), Decimal(0)), currency)
        yield words(
            "changes.refitted", model=capital(words.model(one.model)), old=one.before, new=one.after, money=money
        )


def _rows(one: ChannelChange, changes: Changes, words: Words) -> Iterator[list[str]]:
    name, roas = one.channel or words("page.all_channels"), one.roas
    currency = changes.currency

    def figures(
        conversions: float, value: Decimal, spend: Decimal, back: float | None, *, is_part: bool = False
    ) -> list[str]:
        texts = (formats.count(conversions, 1), formats.amount(value, currency), formats.amount(spend, currency))
        if not is_part:
            return [*texts, words.roas(back)]
        signs = ("+" if number > 0 else "" for number in (conversions, float(value), float(spend)))
        signed = [sign + text for sign, text in zip(signs, texts, strict=True)]
        return [*signed, formats.MISSING if back is None else _signed_roas(back, words)]

    before = roas.before if roas else _ratio(one.value.before, one.spend.before)
    after = roas.after if roas else _ratio(one.value.after, one.spend.after)
    yield [name, words("changes.before"), *figures(one.conversions.before, one.value.before, one.spend.before, before)]
    for cause, text in CAUSE_TEXTS.items():
        if any(cause in move.parts for move in (one.conversions, one.value, one.spend)):
            parts = (
                one.conversions.parts.get(cause, 0.0),
                one.value.parts.get(cause, Decimal(0)),
                one.spend.parts.get(cause, Decimal(0)),
            )
            yield [name, words(text), *figures(*parts, _part(roas, cause), is_part=True)]
    yield [name, words("changes.after"), *figures(one.conversions.after, one.value.after, one.spend.after, after)]


def _part(roas: RoasMove | None, cause: str) -> float | None:
    return roas.parts.get(cause, 0.0) if roas else None


def _ratio(value: Decimal, spend: Decimal) -> float | None:
    return float(value) / float(spend) if spend else None


def _signed_roas(value: float, words: Words) -> str:
    return f"{'+' if value > 0 else formats.MINUS if value < 0 else ''}{words.roas(abs(value))}"


def _number(value: float) -> str:
    """A number of conversions: whole ones without decimals, others with one."""
    return formats.count(value, 0 if abs(value - round(value)) < 0.05 else 1)
