"""Writes what follows from the rule entries: their table in docs/attribution-models.md and the order of reports.

`python -m attribution.rules_page` (part of `make docs`) writes both; a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from attribution.rule import Rule
from attribution.rules import RULES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "attribution-models.md"
ORDER = ROOT / "warehouse" / "model_order.py"
BLOCK = re.compile(r"(?<=<!-- rule models: `make docs` writes this table -->\n).*?(?=<!-- end of the table -->)", re.S)
ORDER_MODULE = '''
"""The order in which reports show models; others follow by name. `make docs` writes it from attribution/rules.py."""

MODEL_ORDER = (
{names}
)
'''


def table(rules: Iterable[Rule]) -> str:
    """The Markdown table of rule models, one row each."""
    rows = ["| model | A > B > C | the credit | knobs | on paths | by default |", "|---|---|---|---|---|---|"]
    for rule in rules:
        needed = " (needed)" if rule.needs_knobs else ""
        cells = (
            rule.name,
            ", ".join(map(_number, rule.example)),
            rule.meaning,
            ", ".join(f"`{knob}`{needed}" for knob in rule.knobs),
            "yes" if rule.on_paths else "",
            "yes" if rule.is_default else "",
        )
        rows.append("|" + "".join(f" {cell} |" if cell else " |" for cell in cells))
    return "\n".join(rows) + "\n"


def page(text: str, rules: Iterable[Rule]) -> str:
    """The page with the table between its markers written from the entries."""
    return BLOCK.sub(lambda _: table(rules), text)


def model_order(rules: Iterable[Rule]) -> str:
    """warehouse/model_order.py: the models with a place in reports, in that order."""
    placed = sorted((rule.report_place, rule.name) for rule in rules if rule.report_place is not None)
    return ORDER_MODULE.lstrip().format(names="\n".join(f'    "{name}",' for _, name in placed))


def _number(share: float) -> str:
    """.4 or 1/3: a decimal where four places hold it, otherwise a fraction."""
    if share == round(share, 4):
        return f"{share:g}".removeprefix("0") or "0"
    return str(Fraction(share).limit_denominator(20))


def main() -> None:
    """Writes both files."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), RULES.values()), encoding="utf-8")
    ORDER.write_text(model_order(RULES.values()), encoding="utf-8")


if __name__ == "__main__":
    main()
