from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import HEADER, Desk, credit, rows_of

from attribution.path_models import ALL_MODELS, DEFAULT_MODELS
from jobs.attribute_paths import main


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_every_model_credits_every_channel_and_the_unattributed(desk: Desk) -> None:
    rows = desk.run(HEADER + "A > B,2,20,1\nB,1,30,2\n,1,5,0\nC,0,0,4\n")
    assert list(rows[0]) == ["model", "channel", "conversions", "value", "removal_effect"]
    assert [row["model"] for row in rows[::4]] == list(DEFAULT_MODELS)
    assert [row["channel"] for row in rows[:4]] == ["A", "B", "C", "(unattributed)"]
    assert credit(rows, "first_touch") == {"A": 2, "B": 1, "C": 0, "(unattributed)": 1}
    assert credit(rows, "linear", "value") == {"A": 10, "B": 40, "C": 0, "(unattributed)": 5}
    for model in DEFAULT_MODELS:
        assert sum(credit(rows, model).values()) == pytest.approx(4)
        assert sum(credit(rows, model, "value").values()) == pytest.approx(55)


def test_only_markov_has_removal_effects(desk: Desk) -> None:
    rows = desk.run(HEADER + "A,1,1,1\nB,2,2,0\n,1,1,0\n")
    effects = {(row["model"], row["channel"]): row["removal_effect"] for row in rows if row["removal_effect"]}
    assert {key: float(effect) for key, effect in effects.items()} == pytest.approx(
        {("markov", "A"): 1 / 3, ("markov", "B"): 2 / 3}
    )


def test_options_set_models_order_transforms_and_knobs(desk: Desk) -> None:
    text = HEADER + "A > B > B,4,0,0\nC > B,0,0,4\nDirect > A > Direct,1,0,0\n"
    assert credit(desk.run(text, "--models", "markov", "--order", "2"), "markov")["C"] == 0
    assert [row["model"] for row in desk.run(text, "--models", "linear,first_touch")][::4] == ["linear", "first_touch"]
    assert credit(desk.run(text, "--models", "linear", "--transforms", "exposure,drop_direct"), "linear") == {
        "A": 3,
        "B": 2,
        "C": 0,
    }
    assert credit(desk.run(text, "--models", "position_based", "--position-shares", "1,0"), "position_based")["A"] == 4
    halves = desk.run("path,conversions\nA > B,1\n", "--models", "time_decay_by_order", "--order-ratio", "1")
    assert credit(halves, "time_decay_by_order") == {"A": 0.5, "B": 0.5}
    assert credit(desk.run(text, "--models", "last_paid", "--paid", "A, C"), "last_paid")["A"] == 5
    assert {row["model"] for row in desk.run(text, "--models", ",".join(ALL_MODELS), "--paid", "A")} == set(ALL_MODELS)


def test_without_value_and_nulls_they_stay_empty(desk: Desk) -> None:
    rows = desk.run("conversions,path\n3,A > B\n")
    assert {row["value"] for row in rows} == {""}
    assert credit(rows, "markov") == {"A": 1.5, "B": 1.5}


@pytest.mark.parametrize("name", ["(null)", "start", "C", "(conversion)", "[x", "", "é"])
def test_any_name_is_just_a_channel(desk: Desk, name: str) -> None:
    plain = desk.run(HEADER + "A > Q,2,4,1\nQ,0,0,3\n")
    renamed = desk.run(HEADER + f"A > {name or 'Q'},2,4,1\n{name or 'Q'},0,0,3\n")
    for model in DEFAULT_MODELS:
        assert sorted(credit(renamed, model).values()) == pytest.approx(sorted(credit(plain, model).values()))
        assert set(credit(renamed, model)) == {"A", name or "Q"}


def test_a_json_array_may_have_the_separator_in_a_name(desk: Desk) -> None:
    rows = desk.run(HEADER + '"[""A > B"", ""C""]",2,2,0\nC > D,2,2,0\n[],1,1,0\n', "--models", "first_touch")
    assert credit(rows, "first_touch") == {"A > B": 2, "C": 2, "D": 0, "(unattributed)": 1}


def test_other_separators_and_blanks_around_channels(desk: Desk) -> None:
    assert credit(desk.run(HEADER + "A|B | C,3,0,0\n", "--separator", "|"), "linear") == {"A": 1, "B": 1, "C": 1}


def test_a_separator_that_never_occurs_is_noted(desk: Desk) -> None:
    assert main(["--paths", desk.file(HEADER + "A>B,1,1,1\n"), "--out", "-"]) == 0
    assert "is it --separator '>'?" in desk.capsys.readouterr().err


def test_no_converting_path_gives_zeros(desk: Desk) -> None:
    rows = desk.run(HEADER + "A > B,0,0,4\nB,0,0,0\n")
    assert len(rows) == 2 * len(DEFAULT_MODELS)
    assert {float(row["conversions"]) for row in rows} == {0.0}
    assert {row["removal_effect"] for row in rows if row["model"] == "markov"} == {"0.0"}


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("A,1,1,1\nB,nan,1,1\n", "row 2: conversions must be a whole number from 0 up, not 'nan'"),
        ("A,1,1,1\nB,,1,1\n", "row 2: conversions must be a whole number from 0 up, not ''"),
        ("A,1,1,1\nB,-1,1,1\n", "row 2: conversions must be a whole number from 0 up, not '-1'"),
        ("A,1.5,1,1\n", "row 1: conversions must be a whole number from 0 up, not '1.5'"),
        ("A,1,1,0.5\n", "row 1: nulls must be a whole number from 0 up, not '0.5'"),
        ("A,1_0,1,0\n", "row 1: conversions must be a whole number from 0 up, not '1_0'"),
        ("A,1,inf,1\n", "row 1: value must be a number from 0 up, not 'inf'"),
        ("A,1,-2,1\n", "row 1: value must be a number from 0 up, not '-2'"),
        ("A,0,3,1\n", "row 1: value 3 without conversions"),
        ("A,1,1,1\nA >  > B,1,1,1\n", "row 2: the path 'A >  > B' has a channel without a name"),
        ("A > ,1,1,1\n", "row 1: the path 'A > ' has a channel without a name"),
        ('A,1,1,1\n"[""A"",",1,1,1\n', 'row 2: the path ["A", is no JSON array of names, as ["A","B"] is'),
        ('"[""A"",3]",1,1,1\n', 'row 1: the path ["A",3] is no JSON array of names, as ["A","B"] is'),
        ("\"['A', 'B']\",1,1,1\n", "row 1: the path ['A', 'B'] is no JSON array of names, as [\"A\",\"B\"] is"),
        ("A,1,1,1\nA, B,1,1,1\n", "row 2: 5 columns where the header has 4; quote a path that has commas, and close"),
    ],
)
def test_a_bad_row_is_one_clear_line_and_exit_3(desk: Desk, rows: str, complaint: str) -> None:
    code, message = desk.fails(HEADER + rows)
    assert code == 3
    assert message.startswith(f"paths.csv, {complaint}")


def test_other_unreadable_input_is_exit_3(desk: Desk) -> None:
    assert desk.fails(HEADER.encode() + b"\xff\xfe,1,1,1\n") == (
        3,
        "paths.csv, row 1: path is not UTF-8 text; --encoding cp1252 reads 'ÿþ' (line 2)",
    )
    assert desk.fails("")[0] == 3
    code, message = desk.fails("path,conv\nA,1\n")
    assert (code, message) == (
        3,
        "paths.csv has no column 'conversions', only path, conv; path and conversions are needed; did you mean conv?",
    )
    assert main(["--paths", str(desk.folder / "nowhere.csv"), "--out", "-"]) == 3
    assert "nowhere.csv does not exist" in desk.capsys.readouterr().err
    assert main(["--paths", desk.file("junk", "paths.parquet"), "--out", "-"]) == 3


@pytest.mark.parametrize(
    "options",
    [
        ["--order", "0"],
        ["--order", "two"],
        ["--models", "magic"],
        ["--models", "linear,linear"],
        ["--models", "linear", "--effects", "effects.csv"],
        ["--models", "last_paid"],
        ["--transforms", "shorten"],
        ["--position-shares", "0.9,0.9"],
        ["--position-shares", "1"],
        ["--order-ratio", "0"],
        ["--separator", " "],
        ["--effects", "same.csv", "--matrix", "same.csv"],
        ["--matrix", "/no/such/folder/matrix.csv"],
        ["--nonsense"],
    ],
)
def test_a_bad_option_is_exit_2(desk: Desk, options: list[str]) -> None:
    assert main(["--paths", desk.file(HEADER + "A,1,1,1\n"), "--out", "-", *options]) == 2
    output = desk.capsys.readouterr()
    assert output.out == ""
    assert "error:" in output.err


def test_effects_and_matrix_are_written_in_full(desk: Desk) -> None:
    effects, matrix = desk.folder / "effects.csv", desk.folder / "matrix.csv"
    desk.run(HEADER + "A > B,3,90,1\nB,1,10,5\n", "--effects", str(effects), "--matrix", str(matrix), "--order", "2")
    found = rows_of(effects.read_text())
    assert [(row["model"], row["order"], row["channel"]) for row in found] == [
        ("markov", "2", "A"),
        ("markov", "2", "B"),
    ]
    assert [float(row["removal_effect"]) for row in found] == pytest.approx([0.75, 1.0])
    assert [float(row["share"]) for row in found] == pytest.approx([3 / 7, 4 / 7])
    assert [float(row["value_removal_effect"]) for row in found] == pytest.approx([0.9, 1.0])
    assert [float(row["value_share"]) for row in found] == pytest.approx([9 / 19, 10 / 19])
    entries = {
        (tuple(json.loads(row["from_state"])), row["event"], tuple(json.loads(row["to_state"] or "[]"))): (
            float(row["journeys"]),
            float(row["probability"]),
        )
        for row in rows_of(matrix.read_text())
    }
    assert entries == {
        ((), "touch", ("A",)): (4, 0.4),
        ((), "touch", ("B",)): (6, 0.6),
        (("A",), "touch", ("A", "B")): (4, 1.0),
        (("A", "B"), "conversion", ()): (3, 0.75),
        (("A", "B"), "null", ()): (1, 0.25),
        (("B",), "conversion", ()): (1, 1 / 6),
        (("B",), "null", ()): (5, 5 / 6),
    }


def test_parquet_in_and_out_gives_what_csv_gives(desk: Desk) -> None:
    rows = desk.run(HEADER + "A > B,2,20,1\nB,1,30,2\n,1,5,0\n")
    columns = {"conversions": [2, 1, 1], "value": pa.array([20, 30, 5]).cast(pa.decimal128(28, 6)), "nulls": [1, 2, 0]}
    for paths in ([["A", "B"], ["B"], []], ["A > B", "B", None]):
        source, target = desk.folder / "in.parquet", desk.folder / "out.parquet"
        pq.write_table(pa.table({"path": paths, **columns}), source)
        assert main(["--paths", str(source), "--out", str(target)]) == 0
        as_text = [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in pq.read_table(target).to_pylist()
        ]
        assert as_text == rows
    pq.write_table(pa.table({"path": ["A", "B"], "conversions": [1.0, None]}), source)
    assert main(["--paths", str(source), "--out", "-"]) == 3
    assert "in.parquet, row 2: conversions" in desk.capsys.readouterr().err


def test_byte_order_mark_windows_lines_and_other_columns_do_no_harm(desk: Desk) -> None:
    text = b"\xef\xbb\xbfcampaign,path,conversions\r\nx,A > B,2\r\n\xff,A,1\r\n"
    assert credit(desk.run(text), "first_touch") == {"A": 3, "B": 0}


def test_help_has_an_example_before_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    help_text = capsys.readouterr().out
    assert help_text.index("--paths paths.csv --out credit.csv") < help_text.index("options:\n")


def test_no_spark_is_imported(tmp_path: Path) -> None:
    source = tmp_path / "paths.csv"
    source.write_text(HEADER + "A > B,1,1,1\n", encoding="utf-8")
    script = (
        "import sys; from jobs.attribute_paths import main; "
        f"code = main(['--paths', {str(source)!r}, '--out', '-', '--models', {','.join(ALL_MODELS)!r}, '--paid=A']); "
        "sys.exit(code or ('pyspark' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_order_two_counts_touches_as_they_are_and_with_collapse_channels(desk: Desk) -> None:
    # After two touches of A nothing is known of B and D; with one touch of A they are the channel before it.
    text = HEADER + "B > A > A,4,0,0\nD > A > A,0,0,4\n"
    as_they_are, collapsed, without_repeats = (
        credit(desk.run(paths, "--models", "markov", "--order", "2", *more), "markov")
        for paths, more in ((text, []), (text, ["--collapse"]), (text.replace("A > A", "A"), []))
    )
    assert as_they_are == pytest.approx({"A": 2, "B": 1, "D": 1})
    assert collapsed == without_repeats == pytest.approx({"A": 2, "B": 2, "D": 0})
    matrix = desk.folder / "matrix.csv"
    desk.run(text, "--models", "markov", "--order", "2", "--matrix", str(matrix))
    states = {tuple(json.loads(row["from_state"])) for row in rows_of(matrix.read_text())}
    assert states == {(), ("B",), ("B", "A"), ("A", "A"), ("D",), ("D", "A")}
    at_order_1 = [desk.run(text, "--models", "markov", *more) for more in ([], ["--collapse"])]
    assert at_order_1[0] == at_order_1[1]


def test_order_auto_is_the_order_that_predicts_the_newer_paths_best(desk: Desk) -> None:
    # Whether B converts depends on what came before it.
    paths = HEADER + "A > B,300,300,0\nC > B,0,0,300\n"
    newer = desk.file(HEADER + "A > B,100,100,0\nC > B,0,0,100\n", "newer.csv")
    chosen = desk.run(paths, "--models", "markov", "--order", "auto", "--newer", newer)
    assert chosen == desk.run(paths, "--models", "markov", "--order", "2")
    assert chosen != desk.run(paths, "--models", "markov")


def test_order_auto_needs_newer_paths_and_they_need_it(desk: Desk) -> None:
    newer = desk.file(HEADER + "A,1,1,1\n", "newer.csv")
    assert desk.fails(HEADER + "A,1,1,1\n", "--order", "auto")[0] == 2
    assert desk.fails(HEADER + "A,1,1,1\n", "--newer", newer)[0] == 2


def test_what_nobody_foresaw_is_one_line_and_exit_70_with_the_stack_in_a_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault\x1b[31m of nobody")

    monkeypatch.chdir(desk.folder)
    monkeypatch.setattr("jobs.attribute_paths.attribute", fail)
    code, message = desk.fails(HEADER + "A,1,1,1\n")
    assert code == 70
    assert "RuntimeError: a fault\\x1b[31m of nobody" in message
    (file,) = desk.folder.glob("distributary-failure-*.txt")
    assert str(file) in message
    assert "RuntimeError" in file.read_text()
