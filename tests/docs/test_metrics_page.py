"""docs/metrics.md is what conf/metrics.yaml and the views say; docs/sql.md names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from published.metrics_page import metrics_page
from published.views import ready_views
from warehouse.tables import TABLES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_metrics_follows_from_their_definitions_and_the_views() -> None:
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == metrics_page(), "write it again with `make docs`"


def test_the_page_on_sql_names_tables_and_views_that_there_are() -> None:
    page = (DOCS / "sql.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:from|join) ([a-z_0-9]+)(?![.\w])", page))
    known = {*ready_views(), *(name.replace(".", "_") for name in TABLES)}
    assert named & set(ready_views())
    assert named - known == set()
