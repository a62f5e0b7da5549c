"""The tool that says what moved between two publications."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from dashboard.agents.answers import AgentAnswer, Limit, head, text
from dashboard.agents.arguments import Basis, ConversionType, FirstDay, InLanguage, LastDay, Model
from dashboard.agents.shop import AgentShop
from dashboard.changes_panel import changes_sentences
from dashboard.words import words_in
from published.changes import ChannelChange, Move, RoasMove, read_changes
from published.former import two_publications
from published.view import View
from warehouse.errors import InputError, UsageError

Earlier = Annotated[
    str | None,
    Field(description="The earlier publication: a run_id, or a day, which means the last one on or before it. "
                      "Default: the one before `later`."),
]  # fmt: skip
Later = Annotated[str | None, Field(description="The later publication, likewise. Default: the newest.")]


class Moved(BaseModel):
    """A figure before and after, and the part of its change by cause; the parts add up to the change."""

    before: str
    after: str
    parts: Annotated[
        dict[str, str],
        Field(description="cause: amount. new days, late rows, refunds, restated spend, rules, models and the like."),
    ]


class MovedChannel(BaseModel):
    """How one channel moved; all channels together where `channel` is empty."""

    channel: str
    conversions: Moved
    value: Moved
    spend: Moved
    roas: Annotated[Moved | None, Field(description="Null where one of the publications has no spend.")]
    roas_is_chance: Annotated[
        bool | None, Field(description="Whether chance alone may have moved ROAS as far by the new days.")
    ]


class WhatChanged(AgentAnswer):
    """What moved between two publications, under one model; `run_id` is the later one."""

    earlier_run_id: str
    earlier_as_of: str
    model: str
    conversion_type: str
    sentences: Annotated[list[str], Field(description="What an analyst would say, the largest movement first.")]
    new_models: list[str]
    removed_models: list[str]
    refitted_models: dict[str, str]
    total: MovedChannel
    channels: Annotated[list[MovedChannel], Field(description="Channels that moved, the largest movement first.")]
    is_cut: bool


class ChangeTools:
    """The tool about changes of one shop."""

    def __init__(self, shop: AgentShop) -> None:
        """`shop` is whose publications it compares."""
        self.shop = shop

    def what_changed(
        self,
        *,
        earlier: Earlier = None,
        later: Later = None,
        model: Model = None,
        conversion_type: ConversionType = None,
        date_basis: Basis = None,
        first_day: FirstDay = None,
        last_day: LastDay = None,
        language: InLanguage = "en",
        limit: Limit = 20,
    ) -> WhatChanged:
        """Say what moved between two publications and why: credited conversions, value, spend and ROAS by channel,
        each change in parts by cause that add up, and sentences on the largest. The same days may differ between
        publications, because late rows, refunds and restated spend arrive."""
        timezone = self.shop.timezone
        try:
            before, after = two_publications(self.shop.lake, from_=earlier, to=later, timezone=timezone)
        except UsageError as error:
            raise UsageError(str(error).replace("--from", "earlier").replace("--to", "later")) from error
        view = View(
            first_day=first_day,
            last_day=last_day,
            conversion_type=conversion_type,
            models=(model,) if model else None,
            date_basis=date_basis or "conversion",
            language=language,
        )
        found = read_changes(before, after, view, timezone=timezone)
        if found is None:
            raise InputError(
                f"run {before.run_id} or {after.run_id} published no credits or no spend: choose other publications"
            )
        chosen = found.models[0]
        moved = [one for one in found.of_model(chosen) if one.has_moved]
        return WhatChanged(
            **{**head(after, self.shop), "currency": found.currency},
            earlier_run_id=before.run_id,
            earlier_as_of=before.as_of.isoformat(),
            model=chosen,
            conversion_type=found.conversion_type,
            sentences=[text(one) for one in changes_sentences(found, words_in(language), chosen)],
            new_models=list(found.new_models),
            removed_models=list(found.removed_models),
            refitted_models={one.model: f"{one.before} to {one.after}" for one in found.refitted},
            total=_channel(found.total(chosen)),
            channels=[_channel(one) for one in moved[:limit]],
            is_cut=len(moved) > limit,
        )


def _channel(one: ChannelChange) -> MovedChannel:
    roas = one.roas
    return MovedChannel(
        channel=text(one.channel),
        conversions=_moved(one.conversions),
        value=_moved(one.value),
        spend=_moved(one.spend),
        roas=_moved(roas) if roas else None,
        roas_is_chance=roas.is_chance if roas else None,
    )


def _moved(move: Move[Any] | RoasMove) -> Moved:
    parts = {cause: text(part) for cause, part in move.parts.items()}
    return Moved(before=text(move.before), after=text(move.after), parts=parts)
