"""ops.digests: what a destination gets on a day, and what is on record of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from published.digests import FIGURES, NO_NEW_DATA, SentDigest, due, record_sent, sent_digests
from tests.published_lake import AS_OF, arrow_schema
from warehouse.errors import NotWritable
from warehouse.tables import OPS_DIGESTS

SEOUL = "Asia/Seoul"
MORNING = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)  # half past nine in Seoul
FILE = "file a.md"


def sent(day: date = AS_OF, moment: datetime = MORNING, *, to: str = FILE, content: str = FIGURES) -> SentDigest:
    return SentDigest("growth", to, content, day, "run-1", moment)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "as_of", "moment", "expected"),
    [
        pytest.param([], AS_OF, MORNING, FIGURES, id="nothing was sent"),
        pytest.param([sent()], AS_OF, MORNING, None, id="a second run of the day"),
        pytest.param([sent()], AS_OF + timedelta(days=1), MORNING, FIGURES, id="a newer day, on the same morning"),
        pytest.param([sent()], AS_OF, MORNING + timedelta(days=1), NO_NEW_DATA, id="no newer day a morning later"),
        pytest.param([sent()], AS_OF, MORNING + timedelta(hours=14), None, id="late in the evening in Seoul"),
        pytest.param([sent()], AS_OF, MORNING + timedelta(hours=15), NO_NEW_DATA, id="after midnight in Seoul"),
        pytest.param(
            [sent(), sent(AS_OF + timedelta(days=2), MORNING + timedelta(days=1), content=NO_NEW_DATA)],
            AS_OF,
            MORNING + timedelta(days=1, hours=1),
            None,
            id="that nothing came is sent once a day",
        ),
        pytest.param(
            [sent(), sent(AS_OF + timedelta(days=2), MORNING + timedelta(days=1), content=NO_NEW_DATA)],
            AS_OF + timedelta(days=1),
            MORNING + timedelta(days=1, hours=1),
            FIGURES,
            id="data that come after that line",
        ),
        pytest.param([sent()], AS_OF - timedelta(days=3), MORNING + timedelta(days=1), NO_NEW_DATA, id="an older day"),
        pytest.param([sent(to="file b.md")], AS_OF, MORNING, FIGURES, id="another destination had it"),
    ],
)
def test_a_destination_gets_the_figures_of_a_day_once(
    before: list[SentDigest], as_of: date, moment: datetime, expected: str | None
) -> None:
    assert due(before, FILE, as_of=as_of, moment=moment, timezone=SEOUL) == expected


def test_records_of_a_team_are_read_newest_day_first_and_the_same_is_written_once(tmp_path: Path) -> None:
    lake = str(tmp_path)
    assert sent_digests(lake, "growth") == ()
    older, newer = sent(), sent(AS_OF + timedelta(days=1), MORNING + timedelta(days=1))
    for one in (older, newer, older):
        record_sent(lake, one)
    assert sent_digests(lake, "growth") == (newer, older)
    assert sent_digests(lake, "it's another") == ()
    written = DeltaTable(f"{lake}/ops/digests").schema()
    assert pa.schema(written.to_arrow()).equals(arrow_schema(OPS_DIGESTS), check_metadata=False)


def test_a_lake_that_takes_nothing_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "digests").write_text("no folder")
    with pytest.raises(NotWritable, match=r"ops/digests: ops\.digests cannot be written"):
        record_sent(str(tmp_path), sent())
