"""Builders are spelled so that every engine reads them alike: rules on their source, each with what it catches.

Why each of them: tests/engines/test_engine_differences.py and docs/decisions/0015-two-engines.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("touchpoints", "attribution", "ltv", "intake/adapters")
ALSO = (
    "intake/event_words.py",
    "intake/media_sources.py",
    "intake/page_address.py",
    "intake/trackers.py",
    "intake/parse.py",
    "intake/written_days.py",
    "intake/written_numbers.py",
    "intake/duplicates.py",
    "intake/flat_export.py",
    "warehouse/contract_checks.py",
    "warehouse/composed.py",
)
PATTERN_FUNCTIONS = ("regexp_replace", "regexp_extract", "rlike", "split", "regexp_like", "regexp_substr")
# Java's pattern alone, or read otherwise by Rust's.
NOT_PORTABLE = re.compile(
    r"\(\?[=!<]|\(\?[a-zA-Z]|\\[dDsSwWbBhHvVRZQ]|(?<!\\)\$\Z|(?<!\\)\$\)|(?<![\\\[])\.(?![^\[]*\])"
)
CASTS = ("cast", "try_cast")

Finding = tuple[int, str]
Parents = dict[ast.AST, ast.AST]


def is_call_of(node: ast.AST | None, *names: str) -> bool:
    """Whether the node calls F.<name>."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "F"
        and node.func.attr in names
    )


def is_method(node: ast.AST | None, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names


def is_cast(node: ast.AST, parents: Parents) -> bool:
    """Whether `.cast(..)` is called on the node."""
    attribute = parents.get(node)
    return isinstance(attribute, ast.Attribute) and attribute.attr in CASTS


def patterns_for_java_alone(node: ast.AST, parents: Parents) -> Iterator[str]:
    """A pattern in a call, spelled for Java alone; one that goes through `portable` is translated."""
    if not (is_call_of(node, *PATTERN_FUNCTIONS) or is_method(node, "rlike")):
        return
    assert isinstance(node, ast.Call)
    # The first argument of F.regexp_replace is the text, and a $1 in its last one is a group.
    written = node.args[1:2] if is_call_of(node, *PATTERN_FUNCTIONS) else node.args[:1]
    for part in (inner for argument in written for inner in untranslated(argument)):
        if NOT_PORTABLE.search(part):
            yield f"the pattern {part!r}: spell it with warehouse.patterns"


def untranslated(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "portable":
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from untranslated(child)


def groups_followed_by_letters(node: ast.AST, parents: Parents) -> Iterator[str]:
    """$1T is the group named 1T in Rust."""
    if is_call_of(node, "regexp_replace"):
        assert isinstance(node, ast.Call)
        for part in (inner for argument in node.args[2:] for inner in untranslated(argument)):
            if re.search(r"\$\d+\w", part):
                yield f"a group followed by a letter in {part!r}: put the parts together with concat"


def rounding_of_doubles(node: ast.AST, parents: Parents) -> Iterator[str]:
    if is_call_of(node, "round", "bround"):
        yield "F.round: cast a decimal to its places, or use warehouse.numbers for a double"


def branches_without_a_type(node: ast.AST, parents: Parents) -> Iterator[str]:
    """An array, struct, map or lambda's result as a branch of when or otherwise, or in concat or coalesce."""
    if not (is_call_of(node, "when", "concat", "coalesce") or is_method(node, "when", "otherwise")):
        return
    assert isinstance(node, ast.Call)
    is_when = is_method(node, "when")
    for branch in node.args[1:] if is_when else node.args:
        if is_call_of(branch, "array", "transform", "filter", "slice"):
            yield f"{ast.unparse(branch)[:60]}: cast each branch to its type"


def empty_arrays(node: ast.AST, parents: Parents) -> Iterator[str]:
    if is_call_of(node, "array") and isinstance(node, ast.Call) and not node.args and not is_cast(node, parents):
        yield "F.array() has no type: cast it"


def arrays_of_structs_without_a_type(node: ast.AST, parents: Parents) -> Iterator[str]:
    if is_call_of(node, "array") and isinstance(node, ast.Call) and not is_cast(node, parents):
        inner = [part for argument in node.args for part in ast.walk(argument)]
        if any(is_call_of(part, "struct") for part in inner):
            yield "an array of structs: cast it to its type"


def untyped_nulls(node: ast.AST, parents: Parents) -> Iterator[str]:
    if not is_call_of(node, "lit") or not isinstance(node, ast.Call) or is_cast(node, parents):
        return
    (literal,) = node.args
    above = parents.get(node)
    is_named = isinstance(above, ast.Attribute) and above.attr == "alias"
    if isinstance(literal, ast.Constant) and literal.value is None and is_named:
        yield "F.lit(None) as a column: cast it to its type"


def filled_by_a_union(node: ast.AST, parents: Parents) -> Iterator[str]:
    if is_method(node, "unionByName") and isinstance(node, ast.Call):
        where = [keyword for keyword in node.keywords if keyword.arg == "allowMissingColumns"]
        if where:
            yield "unionByName(allowMissingColumns=True): its nulls have no type; use warehouse.frames.stacked"


def columns_made_at_import(node: ast.AST, parents: Parents) -> Iterator[str]:
    """They would be of the engine that was in use at the import."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if not isinstance(node.func.value, ast.Name) or node.func.value.id not in ("F", "Window"):
        return
    above: ast.AST | None = node
    while above is not None and not isinstance(above, ast.FunctionDef | ast.Lambda):
        above = parents.get(above)
    if above is None:
        yield f"{ast.unparse(node)[:60]} is made at import: make it in a function"


Rule = Callable[[ast.AST, Parents], Iterator[str]]
# Each rule with code that it finds a fault in, and its like without one.
RULES: dict[Rule, tuple[list[str], list[str]]] = {
    patterns_for_java_alone: (
        [
            r"F.regexp_replace(raw, '%(?![0-9])', '%25')",
            r"F.regexp_extract(x, '(?i)utm=([^&]*)', 1)",
            r"F.col('a').rlike(r'^\d+')",
            r"F.rlike('a', F.lit(r'\w'))",
            r"code.rlike('^[A-Z]{3}$')",
            r"F.split(x, r'\s+')",
            r"F.regexp_extract(x, 'a.b', 1)",
        ],
        [
            r"F.regexp_extract(x, f'^[{SPACE}]*[.]', 1)",
            r"code.rlike(r'^[A-Z]{3}\z')",
            r"F.col('a').rlike(portable(r'^\d+$'))",
            r"F.regexp_replace(x, '%25([0-9A-F]{2})', '%$1')",
        ],
    ),
    groups_followed_by_letters: (["F.regexp_replace(x, 'a', '$1T')"], ["F.regexp_replace(x, 'a', '$1-$2')"]),
    rounding_of_doubles: (["F.round(total, 9)"], ["rounded(total, 9)"]),
    branches_without_a_type: (
        [
            "F.when(c, F.array(path)).otherwise(parts)",
            "F.when(c, x).otherwise(F.transform(path, f))",
            "F.concat(ends, F.array(x))",
        ],
        ["F.when(c, F.array(path).cast(PATHS)).otherwise(parts.cast(PATHS))"],
    ),
    empty_arrays: (["F.coalesce(x, F.array())"], ["F.array().cast('array<int>')"]),
    arrays_of_structs_without_a_type: (["F.array(F.struct('a'))"], ["F.array(F.struct('a')).cast(T)"]),
    untyped_nulls: (["F.lit(None).alias('a')"], ["F.lit(None).cast('string').alias('a')"]),
    filled_by_a_union: (["a.unionByName(b, allowMissingColumns=True)"], ["a.unionByName(b)"]),
    columns_made_at_import: (["X = F.col('a')", "W = Window.partitionBy('a')"], ["def f():\n  return F.col('a')"]),
}
# Found and known to be right: file, and what the finding begins with.
KNOWN = {
    # A struct that is null in some rows; sums are made of none of the columns.
    ("touchpoints/visits.py", "unionByName"),
    # Numbers, of which every engine makes an array of whole numbers.
    ("attribution/weights.py", "F.array(F.lit(0), self.size - 1)"),
}


def findings(rule: Rule, source: str) -> list[Finding]:
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return [(getattr(node, "lineno", 0), found) for node in ast.walk(tree) for found in rule(node, parents)]


def builders() -> list[Path]:
    paths = [path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")]
    return sorted([*paths, *(REPOSITORY / name for name in ALSO)])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_builders_keep_to_the_spelling(rule: Rule) -> None:
    wrong = []
    for path in builders():
        name = path.relative_to(REPOSITORY).as_posix()
        for line, found in findings(rule, path.read_text(encoding="utf-8")):
            if not any(name == file and found.startswith(start) for file, start in KNOWN):
                wrong.append(f"{name}:{line}: {found}")
    assert wrong == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_what_it_is_for_and_nothing_in_its_like(rule: Rule) -> None:
    faulty, right = RULES[rule]

    assert [code for code in faulty if not findings(rule, code)] == []
    assert [code for code in right if findings(rule, code)] == []


def test_every_known_exception_is_still_there() -> None:
    for name, start in KNOWN:
        source = (REPOSITORY / name).read_text(encoding="utf-8")
        assert any(found.startswith(start) for rule in RULES for _, found in findings(rule, source)), (name, start)


@pytest.mark.parametrize(
    "module",
    [
        "HOST",
        "SCHEME_AND_HOST",
        "NUMBER",
        "DAY",
        "ISO_WITH_OFFSET",
        "LINE",
        "START",
        "TOTAL",
        "PERIOD",
        "SPAN",
        "QUOTED_ID",
    ],
)
def test_patterns_with_a_name_are_portable(module: str) -> None:
    from intake import parse, written_days
    from intake.adapters.orders import cdnow_orders
    from touchpoints import activity, marketing_params, referrers

    places = (parse, written_days, cdnow_orders, activity, marketing_params, referrers)
    (pattern,) = [getattr(place, module) for place in places if hasattr(place, module)]

    assert not NOT_PORTABLE.search(pattern), pattern
