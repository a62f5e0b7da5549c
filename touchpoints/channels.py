"""Channels: GA4's default channel groups as ordered rules from conf/channels.yaml, turned into one SQL CASE."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.source_list import Category, SourceList, conf_file, misfit
from warehouse.patterns import portable
from warehouse.settings_file import read_yaml

Dialect = Literal["spark", "duckdb"]
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
    """

    field: Literal["source", "medium", "campaign", "click_id_type"] | None = None
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


class ChannelRules(_Entry):
    """A version of the rules, in order: the first that holds decides; where none holds the channel is Unassigned."""

    version: Annotated[str, Field(min_length=1)]
    rules: Annotated[list[Rule], Field(min_length=1)]

    @field_validator("rules")
    @classmethod
    def _named_once(cls, rules: list[Rule]) -> list[Rule]:
        counts = Counter([UNASSIGNED_RULE, *(rule.name for rule in rules)])
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"rule names must differ: {twice[0]} is taken")
        return rules


def load_channel_rules(name: str) -> ChannelRules:
    """The rules; UsageError, naming file and rule, where they do not fit."""
    path = conf_file(name)
    knobs = read_yaml(path)
    try:
        return ChannelRules.model_validate(knobs)
    except ValidationError as error:
        raise misfit(path, knobs, error) from error


def category_sql(sources: SourceList, dialect: Dialect = "spark") -> str:
    """SQL for source_category over the column source: the category of a known source, otherwise null."""
    cases = " ".join(
        f"WHEN LOWER(source) IN ({_list(sources.names_of(category), dialect)}) THEN '{category}'"
        for category in get_args(Category)
    )
    return f"CASE {cases} END"


def channel_rule_sql(rules: ChannelRules, sources: SourceList, dialect: Dialect = "spark") -> str:
    """SQL for channel_rule over the columns source, medium, campaign, click_id_type and source_category.

    Dialects differ only in their function for regular expressions and in the escapes of literals.
    """
    cases = " ".join(
        f"WHEN {_rule_sql(rule, sources, dialect)} THEN {_text(rule.name, dialect)}" for rule in rules.rules
    )
    return f"CASE {cases} ELSE '{UNASSIGNED_RULE}' END"


def channel_sql(rules: ChannelRules, dialect: Dialect = "spark") -> str:
    """SQL for channel over the column channel_rule."""
    cases = " ".join(f"WHEN {_text(rule.name, dialect)} THEN {_text(rule.channel, dialect)}" for rule in rules.rules)
    return f"CASE channel_rule {cases} ELSE '{UNASSIGNED}' END"


def with_channel(
    frame: DataFrame, rules: ChannelRules, sources: SourceList, *, where: Column | None = None
) -> DataFrame:
    """`frame` with channel and channel_rule, from source, medium, campaign and, where it has one, click_id_type.

    Both are null in rows for which `where` does not hold: most events are no touch, and the rules are long.
    """
    wanted = F.lit(True) if where is None else where
    has_click = "click_id_type" in frame.columns
    prepared = frame if has_click else frame.withColumn("click_id_type", F.lit(None).cast("string"))
    # In steps: the long lists of categories are searched once, and the rule decides the channel.
    named = (
        prepared.withColumn("source_category", F.when(wanted, F.expr(category_sql(sources))))
        .withColumn("channel_rule", F.when(wanted, F.expr(channel_rule_sql(rules, sources))))
        .withColumn("channel", F.when(wanted, F.expr(channel_sql(rules))))
        .drop("source_category")
    )
    return named if has_click else named.drop("click_id_type")


def _rule_sql(rule: Rule, sources: SourceList, dialect: Dialect) -> str:
    parts = [_condition_sql(condition, sources, dialect) for condition in rule.all]
    if rule.any:
        parts.append("(" + " OR ".join(_condition_sql(condition, sources, dialect) for condition in rule.any) + ")")
    return "(" + (" AND ".join(parts) or "TRUE") + ")"


def _condition_sql(condition: Condition, sources: SourceList, dialect: Dialect) -> str:
    parts = []
    field = f"LOWER({condition.field})"
    if condition.missing is not None:
        parts.append(f"{condition.field} IS {'' if condition.missing else 'NOT '}NULL")
    if condition.is_in is not None:
        parts.append(f"COALESCE({field} IN ({_list(condition.is_in, dialect)}), FALSE)")
    if condition.matches is not None:
        pattern = _text(portable(condition.matches) if dialect == "spark" else condition.matches, dialect)
        found = f"{field} RLIKE {pattern}" if dialect == "spark" else f"regexp_matches({field}, {pattern})"
        parts.append(f"COALESCE({found}, FALSE)")
    if condition.category is not None:
        parts.append(f"COALESCE(source_category = '{condition.category}', FALSE)")
    if condition.paid_click is not None:
        found = f"COALESCE(click_id_type IN ({_list(sources.paid_click_ids, dialect)}), FALSE)"
        parts.append(found if condition.paid_click else f"NOT {found}")
    return "(" + " AND ".join(parts) + ")"


def _list(names: list[str], dialect: Dialect) -> str:
    """The inside of an IN list: literals, so that Spark looks them up in a hash set; NULL where there are none."""
    if not names:
        return "NULL"
    return ", ".join(_text(name.lower(), dialect) for name in names)


def _text(text: str, dialect: Dialect) -> str:
    # Spark reads backslashes in literals, DuckDB does not.
    escaped = text.replace("\\", "\\\\") if dialect == "spark" else text
    return "'" + escaped.replace("'", "\\'" if dialect == "spark" else "''") + "'"
