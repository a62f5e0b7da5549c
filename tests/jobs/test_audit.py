"""distributary audit and distributary questions: what they print, and their exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from jobs import audit, questions
from jobs.audit_words import in_columns
from tests.audited_shop import ANN, CAT, write_audited_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    write_audited_shop(folder)
    config = folder / "shop.yaml"
    config.write_text("lake: lake\nlanding: {root: landing}\nreport: {timezone: Asia/Seoul, currency: KRW}\n")
    return config


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], shop: Path) -> Any:
    """(exit code, stdout, stderr) of a job with these arguments and the shop's configuration."""

    def run(main: Any, *arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*arguments, "--config", str(shop)])
        return code, *capsys.readouterr()

    return run


def test_a_conversion_is_shown_with_its_path_its_credits_and_its_landed_lines(printed: Any) -> None:
    code, out, _ = printed(audit.main, ANN)
    assert code == 0
    assert (
        out
        == f"""\
conversion    {ANN}
type          purchase, first purchase
at            2026-03-10 15:30:00 UTC
net value     300.00 KRW
as landed     400.00 KRW, refunded 100.00

#  touched at (UTC)     channel      by rule                    source / medium / campaign  landed
1  2026-03-09 10:00:00  Paid Search  paid_search by medium cpc  google / cpc / -            events/1.jsonl.gz:1
2  2026-03-10 15:00:00  Email        email by medium email      Weekly / email / -          events/1.jsonl.gz:2

credit     last_touch  linear
#1         0.0%        50.0%
#2         100.0%      50.0%
sum        100.0%      100.0%
net value  300.00      300.00
version    rules       rules

table          what      at (UTC)             counts  landed
bronze.orders  refunded  2026-03-20 09:00:00  yes     orders/1.csv:4
bronze.orders  paid      2026-03-10 15:30:00  no      orders/1.csv:2
bronze.events  purchase  2026-03-10 15:30:00  yes     events/1.jsonl.gz:7
"""
    )


def test_a_conversion_without_touches_says_why(printed: Any) -> None:
    _, out, _ = printed(audit.main, CAT)
    assert "unattributed  no_visit (see gold.unattributed_conversions)" in out
    assert "no touch in its window" in out
    assert "(unattributed)  100.0%      100.0%" in out


def test_what_names_a_person_is_shown_where_it_is_asked_for_alone(printed: Any) -> None:
    personal = re.compile(r"user:ann|203\.0\.113\.7|Firefox|shop\.example|\bA1\b")
    for arguments in ([ANN], [ANN, "--json"]):
        _, without, _ = printed(audit.main, *arguments)
        _, with_them, _ = printed(audit.main, *arguments, "--personal")
        assert personal.findall(without) == []
        assert set(personal.findall(with_them)) == {"user:ann", "203.0.113.7", "Firefox", "shop.example", "A1"}


def test_as_json_each_touch_has_its_credits_and_its_landed_line(printed: Any) -> None:
    data = json.loads(printed(audit.main, ANN, "--json")[1])
    first, second = data["touches"]
    assert (first["channel_rule"], first["landed"]["file"], first["landed"]["line"]) == (
        "paid_search",
        "events/1.jsonl.gz",
        1,
    )
    assert second["credit"]["linear"] == {"credit": 0.5, "value": "150.000000"}
    assert second["landed"]["left_out"] == ["event_id", "ip", "user_agent", "user_id"]
    assert data["adds_up"] == {"last_touch": True, "linear": True}
    assert [row["line"] for row in data["landed"]] == [4, 2, 7]


def test_files_that_are_gone_are_named_with_what_bronze_has_of_them(printed: Any, shop: Path, tmp_path: Path) -> None:
    gone = tmp_path / "elsewhere.yaml"
    gone.write_text(f"lake: {shop.parent / 'lake'}\nlanding: {{root: nowhere}}\n")
    _, out, _ = printed(lambda argv: audit.main([*argv[:-1], str(gone)]), ANN)
    assert "events/1.jsonl.gz (the landed file is not in the landing folder any more)" in out
    assert "orders/1.csv:4 (the landed file is not in the landing folder any more)" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nobody's"], 2, 'error: no conversion "nobody\'s" is among those that run run-1 published'),
        ([ANN, "--run", "run-9"], 3, "run run-9 published nothing"),
    ],
)
def test_an_unknown_conversion_or_run_is_one_line(printed: Any, arguments: list[str], code: int, message: str) -> None:
    ended, out, err = printed(audit.main, *arguments)
    assert (ended, out) == (code, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_columns_stand_below_each_other_with_wide_letters() -> None:
    assert in_columns([("name", "x"), ("봄 세일", "y"), ("a", "z")]) == ["name     x", "봄 세일  y", "a        z"]


def test_a_question_is_asked_listed_and_answered(printed: Any) -> None:
    code, out, _ = printed(questions.main, "list")
    assert (code, out) == (0, "")
    asked = ["ask", "왜?", "--metric", "roas", "--number", "2.08", "--filter", "channel=Email", "--by", "ann"]
    code, out, _ = printed(questions.main, *asked)
    assert code == 0
    question_id = out.split()[0]
    assert re.fullmatch(
        rf"{question_id}  open\n  roas 2\.08 \(channel Email\), published by run-1\n  [0-9: -]+ UTC, ann: 왜\?\n", out
    )
    code, out, _ = printed(questions.main, "answer", question_id, "A late refund.", "--by", "bob")
    assert out.splitlines()[-1].endswith("UTC, bob: A late refund.")
    assert printed(questions.main, "list", "--state", "open")[1] == ""
    (listed,) = json.loads(printed(questions.main, "list", "--metric", "roas", "--json")[1])
    assert (listed["question_id"], listed["state"], listed["filters"]) == (
        question_id,
        "answered",
        {"channel": "Email"},
    )


def test_only_the_user_may_read_what_is_asked(printed: Any, shop: Path) -> None:
    printed(questions.main, "ask", "why?", "--metric", "cpa", "--number", "1")
    files = [path for path in (shop.parent / "lake/ops/questions").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["answer", "nothing", "x"], "no question has the id 'nothing'"),
        (
            ["ask", "x", "--metric", "roas", "--number", "1", "--filter", "channel"],
            "--filter 'channel': give name=value",
        ),
        (["list", "--state", "closed"], "no state of a question is called 'closed'"),
    ],
)
def test_what_cannot_be_done_is_one_line(printed: Any, arguments: list[str], message: str) -> None:
    code, out, err = printed(questions.main, *arguments)
    assert (code, out) == (2, "")
    assert message in err
