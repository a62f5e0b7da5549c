"""Charts as inline SVG, drawn from a Vega-Lite spec in dashboard/charts and its rows, without a browser or network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import vl_convert
from markupsafe import Markup

from dashboard.words import Words
from published.view import Language

VEGA_LITE = "6.4"
CHARTS = files("dashboard") / "charts"
# Pixels between the columns of a legend. A machine without a Korean font measures Hangul too narrow; the browser that
# shows the page has such a font and needs more room.
LEGEND_GAP: dict[Language, int] = {"en": 22, "ko": 66}
_OWN_ID = re.compile(r'\bid="([^"]+)"')
_TEXT = re.compile(r"\$\{([\w.]+)\}")


def chart_names() -> tuple[str, ...]:
    """The names of all charts: one per spec."""
    suffix = ".vl.json"
    return tuple(sorted(f.name.removesuffix(suffix) for f in CHARTS.iterdir() if f.name.endswith(suffix)))


def draw_chart(
    name: str, rows: Sequence[Mapping[str, Any]], words: Words, *, key: str | None = None, **texts: str
) -> Markup:
    """The chart dashboard/charts/<name>.vl.json over `rows`, as an <svg> element that fills its container's width.

    ${...} in the spec is filled from `texts`, ${charts...} with the formats of days and numbers in the language of
    `words`. Two charts of the same spec on one page need different `key`s. Texts in `rows` are escaped. The same rows
    give the same drawing. Values are JSON numbers and strings; days are ISO dates.
    """
    spec = json.loads((CHARTS / f"{name}.vl.json").read_text(encoding="utf-8"))
    theme = json.loads((CHARTS / "theme.json").read_text(encoding="utf-8"))
    theme["legend"]["columnPadding"] = LEGEND_GAP[words.language]
    spec = _filled(spec, {**words.section("charts"), **texts})
    spec["data"] = {"values": [dict(row) for row in rows]}
    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, config=theme, allowed_base_urls=[])
    return Markup(_own_ids(svg, prefix=key or name))


def _filled(part: Any, texts: Mapping[str, str]) -> Any:
    """The part of a spec with every ${...} of its strings filled in; KeyError when a text is missing."""
    if isinstance(part, dict):
        return {name: _filled(value, texts) for name, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, texts) for value in part]
    if isinstance(part, str):
        return _TEXT.sub(lambda found: texts[found.group(1)], part)
    return part


def _own_ids(svg: str, *, prefix: str) -> str:
    """The SVG with ids that no other chart of the page has, and that do not depend on charts drawn before it."""
    for position, drawn in enumerate(dict.fromkeys(_OWN_ID.findall(svg))):
        own = f"{prefix}-{position}"
        svg = svg.replace(f'id="{drawn}"', f'id="{own}"').replace(f"url(#{drawn})", f"url(#{own})")
    return svg
