"""Charts: a Vega-Lite spec of dashboard/charts over its rows, drawn by a browser or as inline SVG without one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

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


@dataclass(frozen=True)
class Chart:
    """A chart over its rows, and its description for screen readers: a Vega-Lite spec whose texts are filled in.

    `key` is the prefix of the drawing's ids: two charts of one spec on a page need different ones.
    """

    spec: Mapping[str, Any]
    label: str
    key: str

    @cached_property
    def svg(self) -> Markup:
        """The drawing as an <svg> element that fills its container's width. The same rows give the same drawing."""
        # It takes a second to import, and pages that a browser draws have no need of it.
        import vl_convert  # noqa: PLC0415

        svg: str = vl_convert.vegalite_to_svg(dict(self.spec), vl_version=VEGA_LITE, allowed_base_urls=[])
        return Markup(_own_ids(svg, prefix=self.key))


def chart_of(
    name: str, rows: Sequence[Mapping[str, Any]], words: Words, *, label: str, key: str | None = None, **texts: str
) -> Chart:
    """The chart dashboard/charts/<name>.vl.json over `rows`, in the theme of the pages.

    ${...} in the spec is filled from `texts`, ${charts...} with the formats of days and numbers in the language of
    `words`. Texts in `rows` are escaped where they are drawn. Values are JSON numbers and strings; days are ISO dates.
    """
    spec = _filled(_read(f"{name}.vl.json"), {**words.section("charts"), **texts})
    theme = _filled(_read("theme.json"), {})
    theme["legend"]["columnPadding"] = LEGEND_GAP[words.language]
    spec["data"] = {"values": [dict(row) for row in rows]}
    return Chart({**spec, "config": theme}, label, key or name)


@cache
def _read(file: str) -> Any:
    return json.loads((CHARTS / file).read_text(encoding="utf-8"))


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
