"""What touches lose of their source, on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dashboard.source_findings_panel import source_findings_panel
from dashboard.words import words_in
from published.figures import read_figures
from published.publication import read_published
from published.source_findings import MOST_KINDS, read_source_findings
from tests.published_lake import AS_OF, publish, write_table
from warehouse.tables import SILVER_SOURCE_FINDINGS


def row(finding: str, touches: int, **kind: Any) -> dict[str, Any]:
    none = dict.fromkeys(("source", "medium", "click_id_type", "channel", "site"), "(not set)")
    return {**none, "finding": finding, "touches": touches, "first_day": AS_OF, "last_day": AS_OF, **kind}


ROWS = [
    row("unknown_source", 1200, source="adnet", medium="cpc", channel="Paid Other"),
    row("unknown_source", 30, source="forum.example", medium="referral", channel="Referral"),
    row("self_referral", 40, channel="Direct", site="shop.example"),
    row("unpaid_click", 5, source="crm", medium="email", click_id_type="gclid", channel="Email"),
]


def lake_with(tmp_path: Path, rows: list[dict[str, Any]]) -> str:
    publish(tmp_path, {SILVER_SOURCE_FINDINGS: write_table(tmp_path, SILVER_SOURCE_FINDINGS, rows)})
    return str(tmp_path)


def test_findings_are_shown_with_the_kinds_of_touches_that_they_concern(tmp_path: Path) -> None:
    panel = source_findings_panel(read_figures(lake_with(tmp_path, ROWS)), words_in("en"))

    assert panel is not None
    assert panel.sentence == (
        "1,230 touches have a source of no list, 40 came from the site's own pages, and 5 have an ad's click id in an "
        "unpaid channel."
    )
    assert panel.table is not None
    assert panel.table.rows == (
        ("Unknown source", "adnet / cpc", "Paid Other", "1,200", "2026-03-31"),
        ("Unknown source", "forum.example / referral", "Referral", "30", "2026-03-31"),
        ("Own page", "shop.example", "Direct", "40", "2026-03-31"),
        ("Unpaid ad click", "crm / email / gclid", "Email", "5", "2026-03-31"),
    )


def test_of_each_finding_the_kinds_with_most_touches_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    many = [row("unknown_source", 100 - place, source=f"s{place:02}") for place in range(MOST_KINDS + 3)]

    findings = read_source_findings(read_published(lake_with(tmp_path, many)))

    assert findings is not None
    assert len(findings.kinds) == MOST_KINDS
    assert findings.touches["unknown_source"] == sum(100 - place for place in range(MOST_KINDS + 3))


def test_a_lake_in_which_nothing_was_found_has_no_panel(tmp_path: Path) -> None:
    assert source_findings_panel(read_figures(lake_with(tmp_path, [])), words_in("en")) is None
