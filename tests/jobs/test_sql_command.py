"""The command `sql`: rows as a table, CSV and JSON, and the files that it writes."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
import yaml

from jobs.settings import load_settings
from jobs.sql import main
from published.views import ready_views
from tests.jobs.test_cli import answered as fresh
from tests.question_lake import FORMER, write_questions
from warehouse.errors import UsageError


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_questions(folder / "lake")
    file = folder / "shop.yaml"
    file.write_text("lake: lake\nreport: {targets: {roas: 3}}\n")
    return file


def answered(capsys: pytest.CaptureFixture[str], config: Path, *arguments: str) -> tuple[int, str, str]:
    code = main([*arguments, "--config", str(config)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


PATHS = "select path, conversions, revenue from top_paths order by conversions desc, revenue desc, days_to_convert"


def test_rows_are_a_table_with_numbers_to_the_right(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    code, out, err = answered(capsys, config, PATHS, "--limit", "1")
    assert (code, err) == (0, "1 rows are shown, and there are more: --limit N shows N\n")
    assert out.splitlines() == ["path         conversions  revenue", "Paid Search            9      900"]


def test_columns_are_aligned_beside_wide_letters(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    _, out, _ = answered(capsys, config, "select '봄자켓' as campaign, 7 as n")
    assert out.splitlines() == ["campaign  n", "봄자켓    7"]


def test_csv_and_json_are_exact(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    sql = "select path, conversions, value, days_to_convert from gold_path_summary where value = 900 or value = 1500"
    _, out, _ = answered(capsys, config, f"{sql} order by value", "--csv")
    assert list(csv.reader(io.StringIO(out)))[1:] == [
        ["Paid Search", "9", "900.000000", "1.5"],
        ["", "5", "1500.000000", ""],
    ]
    _, out, _ = answered(capsys, config, f"{sql} order by value", "--json")
    assert json.loads(out)[0] == {
        "path": ["Paid Search"],
        "conversions": 9,
        "value": "900.000000",
        "days_to_convert": 1.5,
    }


def test_without_sql_views_and_tables_are_listed(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    code, out, _ = answered(capsys, config)
    assert code == 0
    assert [name for name in ready_views() if name not in out] == []
    assert "gold_path_summary" in out


def test_the_columns_of_a_table_and_of_a_view_have_types_and_meanings(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    _, out, _ = answered(capsys, config, "--columns", "gold_path_summary", "--csv")
    rows = {name: (type_, meaning) for name, type_, meaning in csv.reader(io.StringIO(out))}
    assert rows["conversions"] == ("bigint", "journeys of this path that converted")
    assert rows["value"] == ("decimal(28,6)", "net value of the conversions [currency]")
    _, out, _ = answered(capsys, config, "--columns", "roas_by_channel_30d", "--csv")
    rows = {name: (type_, meaning) for name, type_, meaning in csv.reader(io.StringIO(out))}
    assert rows["spend"] == ("decimal(38,6)", "advertising cost [currency]")
    assert rows["roas_linear"] == ("double", "")
    code, _, err = answered(capsys, config, "--columns", "gold_path_sumary")
    assert code == 2
    assert "did you mean gold_path_summary?" in err


def test_an_older_publication_is_named_by_its_run(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    _, out, _ = answered(capsys, config, "select count(*) as n from gold_path_summary", "--run", FORMER, "--csv")
    assert out == "n\n1\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["select 1", "--csv", "--json"], 2, "error: --csv and --json: choose one\n"),
        (["select * from publication"], 2, "did you mean publications?"),
        (["select 1", "--run", "run-9"], 3, "run run-9 published nothing"),
    ],
)
def test_a_mistake_is_one_line(
    capsys: pytest.CaptureFixture[str], config: Path, arguments: list[str], code: int, message: str
) -> None:
    found, out, err = answered(capsys, config, *arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1


def test_text_of_a_log_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    _, out, _ = answered(capsys, config, "select chr(27) || '[31m' as campaign")
    assert out.splitlines()[1] == "\\x1b[31m"


def test_the_semantic_model_has_the_shops_targets_and_views_are_written_as_they_are(
    capsys: pytest.CaptureFixture[str], config: Path, tmp_path: Path
) -> None:
    code, _, err = answered(
        capsys, config, "--semantic-model", str(tmp_path / "model.yaml"), "--views", str(tmp_path / "views")
    )
    assert (code, len(err.splitlines())) == (0, 2)
    (model,) = yaml.safe_load((tmp_path / "model.yaml").read_text())["semantic_model"]
    roas = next(metric for metric in model["metrics"] if metric["name"] == "roas")
    assert json.loads(roas["custom_extensions"][0]["data"])["target"] == 3
    built = {name for name, view in ready_views().items() if view.sql}
    assert {file.stem for file in (tmp_path / "views").iterdir()} == built


def test_an_answer_takes_under_two_seconds(config: Path) -> None:
    out, err, seconds = fresh("sql", "select count(*) as n from gold_path_summary", "--csv", "--config", str(config))
    assert out == "n\n6\n"
    assert "(0, [" in err
    assert not {"mlflow", "pandas", "matplotlib"} & set(re.findall(r"'(\w+)'", err))
    assert seconds < 2


def test_a_target_of_no_metric_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("report:\n  targets:\n    roaz: 3\n")
    with pytest.raises(UsageError, match=r"shop\.yaml:3: report\.targets\.roaz: .*no metric.*did you mean roas\?"):
        load_settings(tmp_path / "shop.yaml")
