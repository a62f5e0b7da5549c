"""Channel rules as data: conf/channels.yaml as frozen models."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from touchpoints.source_list import Category, conf_file, misfit
from warehouse.settings_file import read_yaml

UNASSIGNED = "Unassigned"
UNASSIGNED_RULE = "unassigned"
# Look-around, flags, named groups and back-references: not every SQL engine has them.
NOT_PORTABLE = re.compile(r"\(\?(?!:)|\\[1-9]")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Entry):
    """A condition on a touch; all of its parts must hold, and text is compared in lower case.

    missing: the field is null. is_in: it is one of these. matches: a regular expression matches a part of it.
    category: the source is a known one of that category. paid_click: the touch has a click id that proves an ad.
    The field click_kind is the kind of campaign that the click id proves: search, shopping, display, ...
    """

    field: Literal["source", "medium", "campaign", "click_id_type", "click_kind"] | None = None
    missing: bool | None = None
    is_in: Annotated[list[str], Field(min_length=1)] | None = None
    matches: str | None = None
    category: Category | None = None
    paid_click: bool | None = None

    @field_validator("matches")
    @classmethod
    def _portable(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {pattern!r} ({error})") from error
        if pattern is not None and NOT_PORTABLE.search(pattern):
            raise ValueError(f"{pattern!r} uses look-around, back-references or flags, which not every engine has")
        return pattern

    @model_validator(mode="after")
    def _asks_something(self) -> Condition:
        of_field = [self.missing, self.is_in, self.matches]
        if (self.field is None) != all(test is None for test in of_field):
            raise ValueError("field goes with one of missing, is_in and matches, and they with field")
        if all(test is None for test in (*of_field, self.category, self.paid_click)):
            raise ValueError("asks nothing: name field, category or paid_click")
        return self


class Rule(_Entry):
    """One rule: where all of `all` and, if given, one of `any` hold, the touch belongs to `channel`."""

    name: str
    channel: str
    all: list[Condition] = []
    any: list[Condition] = []


class Overrule(Rule):
    """A rule that counts only where the rules before it end in one of the channels `over`."""

    over: Annotated[list[str], Field(min_length=1)]


class ChannelRules(_Entry):
    """A version of the rules, in order: the first that holds decides; where none holds the channel is Unassigned.

    Then the first of `overrules` that holds replaces what they decided, each for the channels that it names.
    `is_strict`: no overrule counts, which is GA4's reading; the trace names the one that would have.
    """

    version: Annotated[str, Field(min_length=1)]
    rules: Annotated[list[Rule], Field(min_length=1)]
    overrules: list[Overrule] = []
    is_strict: bool = False

    @field_validator("rules")
    @classmethod
    def _named_once(cls, rules: list[Rule]) -> list[Rule]:
        _require_other_names([UNASSIGNED_RULE, *(rule.name for rule in rules)])
        return rules

    @model_validator(mode="after")
    def _overrules_something(self) -> ChannelRules:
        _require_other_names([UNASSIGNED_RULE, *(rule.name for rule in self.all_rules)])
        known = {UNASSIGNED, *(rule.channel for rule in self.rules)}
        unknown = [channel for rule in self.overrules for channel in rule.over if channel not in known]
        if unknown:
            raise ValueError(f"overrules: no rule ends in the channel {unknown[0]}")
        return self

    @property
    def all_rules(self) -> Sequence[Rule]:
        """The rules and the overrules."""
        return [*self.rules, *self.overrules]

    @property
    def channels(self) -> list[str]:
        """Every channel that a touch can have, in the order of the rules."""
        return [*dict.fromkeys(rule.channel for rule in self.all_rules), UNASSIGNED]

    def overruled_by(self, overrule: Overrule) -> list[str]:
        """Names of the rules whose decision `overrule` replaces."""
        names = [rule.name for rule in self.rules if rule.channel in overrule.over]
        return [*names, UNASSIGNED_RULE] if UNASSIGNED in overrule.over else names


def _require_other_names(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"rule names must differ: {twice[0]} is taken")


def load_channel_rules(name: str) -> ChannelRules:
    """The rules; UsageError, naming file and rule, where they do not fit."""
    path = conf_file(name)
    knobs = read_yaml(path)
    try:
        return ChannelRules.model_validate(knobs)
    except ValidationError as error:
        raise misfit(path, knobs, error) from error
