"""The panel about sources: what touches lose of theirs."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import PageTable, Panel, columns, table_rows
from dashboard.words import Words
from published.figures import Figures
from published.source_findings import Finding, SourceFindings, read_source_findings


def source_findings_panel(figures: Figures, words: Words) -> Panel | None:
    """Unknown sources, self-referrals and unpaid ad clicks by their touches; None where nothing was found."""
    findings = read_source_findings(figures.published)
    if findings is None:
        return None
    return Panel(
        "source_findings",
        words("source_findings.title"),
        words(
            "source_findings.sentence",
            **{name: formats.count(touches) for name, touches in findings.touches.items()},
        ),
        table=_table(findings, words),
        folded=True,
        note=words("source_findings.note"),
    )


def _table(findings: SourceFindings, words: Words) -> PageTable:
    names = {
        "unknown_source": words("source_findings.unknown_source"),
        "self_referral": words("source_findings.self_referral"),
        "unpaid_click": words("source_findings.unpaid_click"),
    }
    return PageTable(
        caption=words("source_findings.caption"),
        columns=columns(
            words("source_findings.finding"),
            words("source_findings.of"),
            words("source_findings.channel"),
            words("source_findings.touches"),
            words("source_findings.last_day"),
        ),
        rows=table_rows(
            [
                [
                    names[kind.finding],
                    _of(kind),
                    kind.channel,
                    formats.count(kind.touches),
                    kind.last_day.isoformat(),
                ]
                for kind in findings.kinds
            ]
        ),
    )


def _of(kind: Finding) -> str:
    """What the touches have in common: their site, or their source, medium and click id."""
    if kind.finding == "self_referral":
        return kind.site
    click_id = (kind.click_id_type,) if kind.finding == "unpaid_click" else ()
    return " / ".join((kind.source, kind.medium, *click_id))
