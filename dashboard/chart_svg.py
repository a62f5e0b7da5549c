"""Charts as inline SVG: a Vega-Lite spec from dashboard/charts with its rows, drawn without a browser or network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import vl_convert
from markupsafe import Markup

VEGA_LITE = "6.4"
CHARTS = Path(__file__).with_name("charts")
_OWN_ID = re.compile(r'\bid="([^"]+)"')


def chart_names() -> tuple[str, ...]:
    """The charts there are specs of."""
    suffix = ".vl.json"
    return tuple(sorted(f.name.removesuffix(suffix) for f in CHARTS.iterdir() if f.name.endswith(suffix)))


def draw_chart(name: str, rows: Sequence[Mapping[str, Any]]) -> Markup:
    """The chart dashboard/charts/<name>.vl.json over `rows`, as an <svg> element that fills its container's width.

    Texts in `rows` come out escaped, and the same rows give the same drawing. Values are JSON numbers and strings;
    days are ISO dates.
    """
    spec = json.loads((CHARTS / f"{name}.vl.json").read_text(encoding="utf-8"))
    theme = json.loads((CHARTS / "theme.json").read_text(encoding="utf-8"))
    spec["data"] = {"values": [dict(row) for row in rows]}
    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, config=theme, allowed_base_urls=[])
    return Markup(_own_ids(svg, prefix=name))


def _own_ids(svg: str, *, prefix: str) -> str:
    """Ids that no other chart of the page has; those drawn count on through the life of the process."""
    for position, drawn in enumerate(dict.fromkeys(_OWN_ID.findall(svg))):
        own = f"{prefix}-{position}"
        svg = svg.replace(f'id="{drawn}"', f'id="{own}"').replace(f"url(#{drawn})", f"url(#{own})")
    return svg
