"""What touches lose of their source: unknown sources, self-referrals, and ad clicks that ended unpaid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from published.publication import Published
from warehouse.tables import SILVER_SOURCE_FINDINGS

FINDINGS = ("unknown_source", "self_referral", "unpaid_click")
MOST_KINDS = 8  # of each finding


@dataclass(frozen=True)
class Finding:
    """The touches of one finding that are of one source, medium, click id, channel and site."""

    finding: str
    source: str
    medium: str
    click_id_type: str
    channel: str
    site: str
    touches: int
    last_day: date


@dataclass(frozen=True)
class SourceFindings:
    """Touches of each finding, over all days, and the kinds with the most of them."""

    touches: dict[str, int]
    kinds: tuple[Finding, ...]


def read_source_findings(published: Published) -> SourceFindings | None:
    """The findings; None where the table is not published, or has none."""
    if not published.has(SILVER_SOURCE_FINDINGS):
        return None
    rows = published.rows(
        """
        select finding, source, medium, click_id_type, channel, site, touches, last_day from silver_source_findings
        order by touches desc, source, medium, click_id_type, channel, site
        """,
        SILVER_SOURCE_FINDINGS,
    )
    if not rows:
        return None
    by_finding = {name: [Finding(**row) for row in rows if row["finding"] == name] for name in FINDINGS}
    return SourceFindings(
        {name: sum(kind.touches for kind in kinds) for name, kinds in by_finding.items()},
        tuple(kind for kinds in by_finding.values() for kind in kinds[:MOST_KINDS]),
    )
