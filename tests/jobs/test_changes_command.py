"""`distributary changes` and `report --run`: which publications they take, what they print, how they end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from jobs import changes, report
from published.former import find_publication, two_publications
from published.publication import read_published
from tests.published.two_publications import (
    RULE_MODELS,
    ZONE,
    Model,
    Order,
    Shop,
    Spend,
    Touch,
    at,
    linear,
    publish_shops,
)
from tests.published_lake import AS_OF, PUBLISHED_AT, publish, write_table
from tests.small_shop import FILES, NOON, performance_rows, write_shop
from warehouse.errors import InputError, UsageError
from warehouse.tables import BRONZE_QUARANTINE, GOLD_CHANNEL_PERFORMANCE

# Run 1 has two orders; run 2 has a refund and restated spend; run 3 a new day and a new model.
FIRST = Shop(
    touches=(Touch("a", "ann", at(5), "Search"), Touch("b", "ben", at(3), "Email")),
    orders=(Order("A", "ann", at(3), Decimal(300)), Order("B", "ben", at(2), Decimal(100))),
    spend=(Spend(AS_OF - timedelta(days=3), "brand", "Search", Decimal(40)),),
)
SECOND = replace(FIRST.with_order("A", refunded=Decimal(90)), spend=(replace(FIRST.spend[0], spend=Decimal(50)),))
THIRD = replace(
    SECOND,
    orders=(*SECOND.orders, Order("C", "ann", at(-1), Decimal(20))),
    models={**RULE_MODELS, "shapley": Model(linear, "channels/2")},
    as_of=AS_OF + timedelta(days=1),
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three") / "lake"
    publish_shops(folder, (FIRST, SECOND, THIRD))
    return folder


def config(lake: Path, language: str = "en") -> str:
    file = lake.parent / f"{language}.yaml"
    report_ = {"timezone": ZONE, "language": language, "file": str(lake.parent / "report.html")}
    file.write_text(yaml.safe_dump({"lake": str(lake), "report": report_}))
    return str(file)


def printed(
    lake: Path, capsys: pytest.CaptureFixture[str], *options: str, language: str = "en"
) -> tuple[int, str, str]:
    code = changes.main(["--config", config(lake, language), *options])
    out, err = capsys.readouterr()
    return code, out, err


def test_by_default_the_newest_is_compared_with_the_one_before(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = printed(lake, capsys)
    assert (code, err) == (0, "")
    assert out.splitlines()[:4] == [
        "From 31 March 2026 (run run-2) to 1 April 2026 (run run-3), under last touch: purchases went from 2 to 3, "
        "net revenue from ₩310 to ₩330, and ad spend from ₩50 to ₩50.",
        "New days brought Search ₩20 and 1 purchase.",
        "The ROAS of Search went from 4.20 to 4.60; the part of the new days, +0.40, is within what "
        "chance brings (±0.78).",
        "Shapley is credited for the first time: ₩330 over all channels.",
    ]


def test_a_run_or_a_day_names_a_publication(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_run = printed(lake, capsys, "--from", "run-1", "--to", "run-2")[1]
    # Run 2 published at noon of 2 April in Seoul; run 3 a day later.
    by_day = printed(lake, capsys, "--from", "2026-04-01", "--to", "2026-04-02")[1]
    before_it = printed(lake, capsys, "--to", "run-2")[1]
    assert by_run == by_day == before_it
    assert by_run.splitlines() == [
        "From 31 March 2026 (run run-1) to 31 March 2026 (run run-2), under last touch: purchases went from 2 to 2, "
        "net revenue from ₩400 to ₩310, and ad spend from ₩40 to ₩50.",
        "Refunds took ₩90 from Search.",
        "Restated spend raised the spend of Search by ₩10.",
        "The ROAS of Search went from 7.50 to 4.20, without a new day: past days are counted differently now.",
        "",
        "What moved under last touch, in KRW; channels where nothing moved are left out",
        "Channel       What            Purchases  Net revenue  Spend  Return",
        "All channels  before                2.0          400     40    10.0",
        "All channels  refunds               0.0          −90      0   −2.02",
        "All channels  restated spend        0.0            0    +10   −1.77",
        "All channels  after                 2.0          310     50    6.20",
        "Search        before                1.0          300     40    7.50",
        "Search        refunds               0.0          −90      0   −2.02",
        "Search        restated spend        0.0            0    +10   −1.27",
        "Search        after                 1.0          210     50    4.20",
    ]


def test_in_korean_columns_stand_below_each_other(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = printed(lake, capsys, "--to", "run-2", language="ko")
    lines = out.splitlines()
    assert lines[1:4] == [
        "Search 채널에서 90원 줄었습니다(사유: 환불).",
        "Search 채널의 광고비가 10원 늘었습니다(사유: 정정된 광고비).",
        "Search 채널의 ROAS가 750%에서 420%(으)로 바뀌었습니다. 새로운 날짜 없이 지난 날짜의 집계가 달라진 것입니다.",
    ]
    assert lines[6:9] == [
        "채널       항목           구매  순매출  광고비  광고 수익률",
        "전체 채널  이전            2.0     400      40       1,000%",
        "전체 채널  환불            0.0     −90       0        −202%",
    ]


def test_json_has_all_models_and_money_as_text(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = printed(lake, capsys, "--json")
    found = json.loads(out)
    assert code == 0
    assert [one["model"] for one in found["models"]] == ["last_touch", "linear", "shapley"]
    assert (found["from"]["run_id"], found["to"]["run_id"]) == ("run-2", "run-3")
    assert (found["new_models"], found["removed_models"], found["refitted"]) == (["shapley"], [], [])
    assert found["models"][0]["total"]["value"] == {
        "before": "310.000000",
        "after": "330.000000",
        "parts": {"new_days": "20.000000"},
    }


def test_a_publication_is_the_same_as_itself(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(lake, capsys, "--from", "run-2", "--to", "run-2") == (
        0,
        "Nothing changed between run run-2 and run run-2.\n",
        "",
    )


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (["--to", "run-1"], 3, "run run-1 published first; there is nothing before it to compare with"),
        (["--to", "run-9"], 3, "run run-9 published nothing; the newest publications are of: run-3, run-2, run-1"),
        (
            ["--from", "2026-03-01"],
            3,
            "nothing was published on or before 2026-03-01; the first publication is of 2026",
        ),
        (["--from", "run-3", "--to", "run-1"], 2, "--from is run run-3, which published after run run-1 of --to: swap"),
        (["--model", "lastest"], 2, "no model is called 'lastest'; there are last_touch, linear, shapley"),
    ],
)
def test_what_is_not_there_is_one_line(
    options: list[str], code: int, line: str, lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, out, err = printed(lake, capsys, *options)
    assert (ended, out) == (code, "")
    assert line in " ".join(err.split())


def test_a_lake_without_credits_has_no_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shop(tmp_path / "lake", run_id="run-1")
    write_shop(tmp_path / "lake", run_id="run-2")
    code, _, err = printed(tmp_path / "lake", capsys)
    assert code == 3
    assert "published no credits or no spend" in " ".join(err.split())


def test_a_day_is_one_of_the_reporting_zone(lake: Path) -> None:
    # Published at 03:00 UTC: in Honolulu that is the day before.
    assert find_publication(str(lake), "2026-04-01", timezone="Pacific/Honolulu").run_id == "run-2"
    assert find_publication(str(lake), "2026-04-01", timezone=ZONE).run_id == "run-1"
    assert find_publication(str(lake), "2030-01-01", timezone=ZONE).run_id == "run-3"
    before, after = two_publications(str(lake), from_=None, to=None, timezone=ZONE)
    assert (before.run_id, after.run_id) == ("run-2", "run-3")
    with pytest.raises(InputError):
        find_publication(str(lake), "2026-02-30", timezone=ZONE)  # no day, and no run
    with pytest.raises(UsageError):
        two_publications(str(lake), from_="run-2", to="run-1", timezone=ZONE)


def test_a_former_report_is_made_again_to_the_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake, page = tmp_path / "lake", tmp_path / "report.html"
    write_shop(lake, run_id="run-1")
    assert report.main(["--config", config(lake), "--out", str(page)]) == 0
    then = page.read_bytes()

    changed = [{**row, "credited_value": row["credited_value"] * 2} for row in performance_rows()]
    version = write_table(lake, GOLD_CHANNEL_PERFORMANCE, changed)
    bad = {"source": "events", "reason": "no time", "quarantined_at": NOON, "batch_id": "c"}
    lines = [{**bad, "file": "events/1", "line": line} for line in range(1, FILES[0][1])]
    write_table(lake, BRONZE_QUARANTINE, lines, metadata=json.dumps({"run_id": "run-2"}))
    versions = {GOLD_CHANNEL_PERFORMANCE: version}
    publish(lake, versions, run_id="run-2", published_at=PUBLISHED_AT + timedelta(days=1))

    assert report.main(["--config", config(lake), "--out", str(page)]) == 0
    assert page.read_bytes() != then
    assert report.main(["--config", config(lake), "--run", "run-1"]) == 0
    assert (tmp_path / "report-run-1.html").read_bytes() == then
    assert report.main(["--config", config(lake), "--run", "2026-04-01", "--out", str(tmp_path / "day.html")]) == 0
    assert (tmp_path / "day.html").read_bytes() == then
    assert "wrote" in capsys.readouterr().err


def test_a_dry_run_of_a_former_report_writes_nothing(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(lake.parent.iterdir())
    assert report.main(["--config", config(lake), "--run", "run-2", "--dry-run"]) == 0
    assert "would write" in capsys.readouterr().err
    assert sorted(lake.parent.iterdir()) == before


def test_a_former_report_that_nobody_published_is_one_line(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--config", config(lake), "--run", "run-7"]) == 3
    assert "run run-7 published nothing" in " ".join(capsys.readouterr().err.split())
    assert read_published(str(lake)).run_id == "run-3"
