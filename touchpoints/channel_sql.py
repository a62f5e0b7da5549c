"""SQL of the channel rules and of their trace, for the engines that read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

from touchpoints.channel_rules import UNASSIGNED, UNASSIGNED_RULE, ChannelRules, Condition, Rule
from touchpoints.hosts import ANY_SUFFIX, SUFFIX_OF_A_COUNTRY
from touchpoints.source_list import Category, SourceList
from warehouse.patterns import portable

Dialect = Literal["spark", "duckdb"]
DEEPEST = 5  # labels of the longest listed host that others may be below: payment1.smt.docomo.ne.jp
LONGEST_SHOWN = 60  # characters of a value in a trace
# The kind of campaign that a click id of one's own proves where it names none: by its medium, otherwise by the category
# of its source.
KIND_OF_MEDIUM = {"display": "display", "affiliate": "affiliate", "email": "email"}
IN_WORDS = {"click_id_type": "click id", "click_kind": "click id of kind"}
# What the trace adds where a touch has no source although it has a referrer.
WHY_NO_SOURCE = {"own_page": "the referrer is of the page's own site", "no_source": "the referrer is no source"}


def channel_steps(
    rules: ChannelRules, sources: SourceList, dialect: Dialect = "spark", *, is_paid: bool = False
) -> list[dict[str, str]]:
    """SQL of the columns on the way to a channel, in steps: over source, medium, campaign, click_id_type, click_kind,
    source_from, and the columns of the steps before.

    `is_paid`: every row is paid for (spend), which proves an ad as a paid click id does.
    """
    paid = "TRUE" if is_paid else _is_one_of("click_id_type", sources.paid_click_ids, dialect)
    return [
        {
            "source_name": source_name_sql(dialect),
            "is_paid_click": paid,
            "proven_kind": _kind_sql(sources, dialect),
        },
        {"source_category": category_sql(sources, dialect)},
        {"given_rule": channel_rule_sql(rules, dialect)},
        {"channel_rule": overruled_sql(rules, dialect)},
        {"channel": channel_sql(rules, dialect), "channel_trace": trace_sql(rules, dialect)},
    ]


def source_name_sql(dialect: Dialect = "spark") -> str:
    """SQL for source_name: the source in lower case; of an address, and of a host with www., the host."""
    host = _text(r"^(?:[a-z-]+://)?(?:www[.])?([^/?#:@ ]+)(?:[/?#:][^ ]*)?\z", dialect)
    return (
        f"CASE WHEN CONTAINS(source, '.') THEN COALESCE(NULLIF(REGEXP_EXTRACT(LOWER(source), {host}, 1), ''), "
        "LOWER(source)) ELSE LOWER(source) END"
    )


def category_sql(sources: SourceList, dialect: Dialect = "spark") -> str:
    """SQL for source_category over source and source_name: the category of a known source, otherwise null.

    A source with a dot is a host: where it is not listed itself, the longest listed domain above it decides, as for
    referrers. One that is ignored, and one that covers no subdomains, decide that it is of no category.
    """
    names = sources.categories()
    pages = {f"{host}{path}": source.category for (host, path), source in sources.by_page().items()}
    above = _category_above_sql(sources, dialect)
    of_pages = " ".join(
        f"WHEN LOWER(source) = {_text(page, dialect)} THEN '{category}'" for page, category in pages.items()
    )
    cases = " ".join(
        f"WHEN source_name IN ({_list(of_category, dialect)}) THEN '{category}'"
        for category in get_args(Category)
        if (of_category := sorted(name for name, owner in names.items() if owner == category))
    )
    below = f"WHEN CONTAINS(source_name, '.') THEN {above}" if above else ""
    return f"CASE {of_pages} {cases} {below} END"


def _category_above_sql(sources: SourceList, dialect: Dialect) -> str:
    """The category of the longest listed domain above source_name; '' where none is listed.

    All domains are looked up by one expression.
    """
    of_host: dict[str, str] = dict.fromkeys(sources.ignored_referrers, "")
    for host, source in sources.by_host().items():
        of_host.setdefault(host, source.category if source.subdomains else "")
        if host.endswith(ANY_SUFFIX):
            of_host[f"={host}"] = source.category  # the host itself, not one below it
    cases = " ".join(
        f"WHEN x IN ({_list(hosts, dialect)}) THEN '{category}'"
        for category in ("", *get_args(Category))
        if (hosts := sorted(host for host, owner in of_host.items() if owner == category))
    )
    if not cases:
        return ""
    suffix = _text(rf"{SUFFIX_OF_A_COUNTRY}\z", dialect)

    def at_any_suffix(host: str) -> str:
        return f"REGEXP_REPLACE({host}, {suffix}, '{ANY_SUFFIX}')"

    above = [_last_labels(labels, dialect) for labels in range(DEEPEST, 1, -1)]
    looked_up = [f"CONCAT('=', {at_any_suffix('source_name')})"]
    for domain in above:
        looked_up += [domain, at_any_suffix(domain)]
    listed, case = ", ".join(looked_up), f"CASE {cases} END"
    if dialect == "spark":
        return f"NULLIF(GET(FILTER(TRANSFORM(ARRAY({listed}), x -> {case}), c -> c IS NOT NULL), 0), '')"
    found = f"LIST_FILTER(LIST_TRANSFORM([{listed}], lambda x: {case}), lambda c: c IS NOT NULL)"
    return f"NULLIF({found}[1], '')"


def _last_labels(labels: int, dialect: Dialect) -> str:
    if dialect == "spark":
        return f"CAST(SUBSTRING_INDEX(source_name, '.', -{labels}) AS STRING)"
    return f"ARRAY_TO_STRING(STRING_SPLIT(source_name, '.')[-{labels}:], '.')"


def _kind_sql(sources: SourceList, dialect: Dialect) -> str:
    """SQL for proven_kind: click_kind, otherwise what the click id's own medium or source stands for."""
    categories = sources.categories()
    kinds: dict[str, str] = {}
    for click_id in sources.click_ids:
        by_medium = KIND_OF_MEDIUM.get(click_id.medium, categories.get(click_id.source.lower(), ""))
        kind = click_id.kind or by_medium
        kinds.setdefault(click_id.parameter, kind)
    cases = " ".join(f"WHEN {_text(name, dialect)} THEN '{kind}'" for name, kind in kinds.items() if kind)
    return f"COALESCE(click_kind, CASE click_id_type {cases} END)" if cases else "click_kind"


def channel_rule_sql(rules: ChannelRules, dialect: Dialect = "spark") -> str:
    """SQL for given_rule: the first rule that holds."""
    cases = " ".join(f"WHEN {_rule_sql(rule, dialect)} THEN {_text(rule.name, dialect)}" for rule in rules.rules)
    return f"CASE {cases} ELSE '{UNASSIGNED_RULE}' END"


def overruled_sql(rules: ChannelRules, dialect: Dialect = "spark", *, even_if_strict: bool = False) -> str:
    """SQL for channel_rule over given_rule: the first overrule that holds, otherwise given_rule."""
    if not rules.overrules or (rules.is_strict and not even_if_strict):
        return "given_rule"
    cases = " ".join(
        f"WHEN given_rule IN ({_list(rules.overruled_by(rule), dialect)}) AND {_rule_sql(rule, dialect)} "
        f"THEN {_text(rule.name, dialect)}"
        for rule in rules.overrules
    )
    return f"CASE {cases} ELSE given_rule END"


def channel_sql(rules: ChannelRules, dialect: Dialect = "spark") -> str:
    """SQL for channel over channel_rule."""
    return _by_rule("channel_rule", rules.all_rules, lambda rule: _text(rule.channel, dialect), UNASSIGNED, dialect)


def trace_sql(rules: ChannelRules, dialect: Dialect = "spark") -> str:
    """SQL for channel_trace: the rule and the fields that decided, what it overruled, and why there is no source.

    Such as: paid_search_by_click_id by click id gclid, source google (search); overruled organic_search by ...
    """

    def decided_by(column: str, of: Iterable[Rule]) -> str:
        return _by_rule(
            column, of, lambda rule: _decided_sql(rule, dialect), f"{UNASSIGNED_RULE}, no rule holds", dialect
        )

    parts = [decided_by("channel_rule", rules.all_rules)]
    if rules.overrules and not rules.is_strict:
        given = [rule for rule in rules.rules if any(rule.channel in other.over for other in rules.overrules)]
        overruled = f"CONCAT('; overruled ', {decided_by('given_rule', given)})"
        parts.append(f"CASE WHEN channel_rule <> given_rule THEN {overruled} ELSE '' END")
    elif rules.overrules:
        would = overruled_sql(rules, dialect, even_if_strict=True)
        kept = f"CONCAT('; not overruled by ', {would}, ' in the strict reading of GA4')"
        parts.append(f"CASE WHEN {would} <> given_rule THEN {kept} ELSE '' END")
    why = " ".join(
        f"WHEN '{source_from}' THEN {_text(f'; {reason}', dialect)}" for source_from, reason in WHY_NO_SOURCE.items()
    )
    parts.append(f"CASE source_from {why} ELSE '' END")
    return f"CONCAT({', '.join(parts)})"


def _by_rule(column: str, rules: Iterable[Rule], value: Callable[[Rule], str], otherwise: str, dialect: Dialect) -> str:
    cases = " ".join(f"WHEN {_text(rule.name, dialect)} THEN {value(rule)}" for rule in rules)
    return f"CASE {column} {cases} ELSE {_text(otherwise, dialect)} END"


def _decided_sql(rule: Rule, dialect: Dialect) -> str:
    """The rule's name and the values that it holds by; of `any` the first condition that does."""
    parts = [value for condition in rule.all for value in _values_sql(condition)]
    if rule.any:
        cases = " ".join(
            f"WHEN {_condition_sql(condition, dialect)} THEN CONCAT_WS(', ', {', '.join(_values_sql(condition))})"
            for condition in rule.any
        )
        parts.append(f"CASE {cases} END")
    name = _text(f"{rule.name} by ", dialect)
    return f"CONCAT({name}, CONCAT_WS(', ', {', '.join(parts)}))" if parts else _text(rule.name, dialect)


def _values_sql(condition: Condition) -> list[str]:
    """What a trace shows of a condition that holds."""
    parts = []
    if condition.field is not None:
        field, shown = condition.field, IN_WORDS.get(condition.field, condition.field)
        value = f"SUBSTRING({_column(field)}, 1, {LONGEST_SHOWN})"
        parts.append(f"'no {shown}'" if condition.missing else f"CONCAT('{shown} ', {value})")
    if condition.category is not None:
        parts.append(f"CONCAT('source ', SUBSTRING(source, 1, {LONGEST_SHOWN}), ' ({condition.category})')")
    if condition.paid_click is not None:
        paid = "COALESCE(CONCAT('click id ', click_id_type), 'money spent')"
        parts.append(paid if condition.paid_click else "'no click id that proves an ad'")
    return parts


def _rule_sql(rule: Rule, dialect: Dialect) -> str:
    parts = [_condition_sql(condition, dialect) for condition in rule.all]
    if rule.any:
        parts.append("(" + " OR ".join(_condition_sql(condition, dialect) for condition in rule.any) + ")")
    return "(" + (" AND ".join(parts) or "TRUE") + ")"


def _condition_sql(condition: Condition, dialect: Dialect) -> str:
    parts = []
    column = _column(condition.field or "")
    if condition.missing is not None:
        parts.append(f"{column} IS {'' if condition.missing else 'NOT '}NULL")
    if condition.is_in is not None:
        parts.append(_is_one_of(f"LOWER({column})", condition.is_in, dialect))
    if condition.matches is not None:
        pattern = _text(portable(condition.matches) if dialect == "spark" else condition.matches, dialect)
        lower = f"LOWER({column})"
        found = f"{lower} RLIKE {pattern}" if dialect == "spark" else f"regexp_matches({lower}, {pattern})"
        parts.append(f"COALESCE({found}, FALSE)")
    if condition.category is not None:
        parts.append(f"COALESCE(source_category = '{condition.category}', FALSE)")
    if condition.paid_click is not None:
        parts.append("is_paid_click" if condition.paid_click else "NOT is_paid_click")
    return "(" + " AND ".join(parts) + ")"


def _column(field: str) -> str:
    return "proven_kind" if field == "click_kind" else field


def _is_one_of(text: str, names: Sequence[str], dialect: Dialect) -> str:
    return f"COALESCE({text} IN ({_list(names, dialect)}), FALSE)"


def _list(names: Sequence[str], dialect: Dialect) -> str:
    """The inside of an IN list: literals, so that Spark looks them up in a hash set; NULL where there are none."""
    if not names:
        return "NULL"
    return ", ".join(_text(name.lower(), dialect) for name in names)


def _text(text: str, dialect: Dialect) -> str:
    # Spark reads backslashes in literals, DuckDB does not.
    escaped = text.replace("\\", "\\\\") if dialect == "spark" else text
    return "'" + escaped.replace("'", "\\'" if dialect == "spark" else "''") + "'"
