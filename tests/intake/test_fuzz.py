"""Damaged files: each line is in a row, above the rows, or in a file that is refused or passed over by name.

`make test` takes a few hundred files, `make test-long` 5,000.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from damaged_files import SEED, Kind, damaged, kinds, lines_of
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.checks import check_bronze
from intake.csv_header import header_of
from intake.first_look import Expected, look_at_files
from intake.inputs import Input, input_of
from intake.knobs import InputFiles
from intake.landed_lines import begin
from intake.landed_money import check_landed_money
from intake.landed_rows import LandedFile, header_problem, kind_of, list_files, read_rows
from intake.landing_folder import LandingFolder
from intake.line_text import SHOWN_OTHERWISE, not_in
from intake.staged_files import fetched
from intake.wanted_columns import Wanted
from jobs import ingest
from tests.quick import QUICK
from warehouse.session_at_need import started
from warehouse.store import Lake
from warehouse.tables import BRONZE_LANDED_FILES

MAX_LINE_BYTES = 1 << 20
TOGETHER = 280  # files that one Spark job reads: Spark reads files of one header at once, and damaged ones have many
TRACE = re.compile(r"Traceback|Exception|\.java:|\.scala:|py4j|Error:")
HEADER_WITHIN = 25  # lines: 20 that are looked through, and what a header of several lines has more


class Text(NamedTuple):
    """The lines of a file, the line in which its header ends (0: it needs none), and what separates its columns."""

    lines: Sequence[bytes]
    encoding: str
    above: int
    delimiter: str

    def line(self, number: int) -> str:
        """A line by its number, from 1."""
        return self.lines[number - 1].decode(self.encoding)

    @property
    def blanks(self) -> bytes:
        """A line of these alone is blank."""
        return f'{self.delimiter} "\t'.encode() if self.delimiter else b" "


def test_no_line_of_a_damaged_file_is_unaccounted_for(spark: SparkSession, tmp_path: Path) -> None:
    outcomes = sum((accounted(spark, tmp_path, kind, 50) for kind in kinds()), Counter[str]())
    assert outcomes["read"] + outcomes["refused"] + outcomes["passed over"] == 300
    assert min(outcomes.values()) > 0, outcomes


@pytest.mark.long
def test_no_line_of_5000_damaged_files_is_unaccounted_for(spark: SparkSession, tmp_path: Path) -> None:
    outcomes = sum((accounted(spark, tmp_path, kind, 840, seed=SEED + 1) for kind in kinds()), Counter[str]())
    assert outcomes["read"] + outcomes["refused"] + outcomes["passed over"] >= 5_000
    assert min(outcomes.values()) > 20, outcomes


def accounted(spark: SparkSession, folder: Path, kind: Kind, number: int, *, seed: int = SEED) -> Counter[str]:
    """What became of this number of files of a kind, nearly all damaged, and of their lines."""
    input_, content_of = input_named_as(kind), land(folder / "landing", kind, number, seed)
    landing = LandingFolder(
        lambda: spark,
        str(folder / "landing"),
        Defaults(),
        max_line_bytes=MAX_LINE_BYTES,
        staging=Lake(spark, str(folder / "lake"), "fuzz").staging,
    )
    wanted = wanted_by(input_)
    files = list_files(lambda: spark, landing.root, input_.files, required=True)
    assert {file.file for file in files} == set(content_of)
    expected = Expected(input_.files, input_.export.encoding, MAX_LINE_BYTES, partial(header_problem, wanted=wanted))
    looks = look_at_files(files, partial(fetched, lambda: spark), expected)
    for look in looks:
        assert (look.outcome == "read") == (not look.reason), look
        assert_is_one_clear_line(look.reason)
    whole = {look.file.file for look in looks if look.outcome == "read"}
    assert whole >= {f"{kind.name}/whole{place}{ending}" for place, (ending, _) in enumerate(kind.files)}
    outcomes = Counter(look.outcome for look in looks)
    taken = [look for look in looks if look.outcome == "read"]
    for start in range(0, len(taken), TOGETHER):
        staged = landing.staged(taken[start : start + TOGETHER], str(folder / "staged"))
        outcomes += assert_lines_are_in_rows(landing, input_, staged, content_of)
    return outcomes


def assert_lines_are_in_rows(
    landing: LandingFolder, input_: Input, staged: Sequence[LandedFile], content_of: dict[str, bytes]
) -> Counter[str]:
    """Every line below the header is in one row as it is, and the adapter makes one row, good or bad, of each."""
    spark, wanted = started(landing.session), wanted_by(input_)
    found = read_rows(
        spark,
        landing.root,
        staged,
        columns=wanted.columns,
        required=wanted.required,
        numbered=True,
        export=wanted.export,
        names=wanted.names,
    )
    rows_of: dict[str, list[Row]] = {file.file: [] for file in staged}
    for row in found.select("file", "line", "raw", "problem").collect():
        rows_of[row["file"]].append(row)
    encoding = wanted.export.encoding or "utf-8"
    for file in staged:
        text = Text(*lines_of(content_of[file.file], encoding), *header_of_file(spark, file, wanted))
        assert_lines_are_covered(file.file, text, rows_of[file.file])

    parsed = landing.parsed(input_, staged, f"{landing.root}/../lookups")
    # The hash makes Spark compute every column.
    made = F.bit_xor(F.xxhash64(*parsed.columns))
    counted = parsed.groupBy("file").agg(F.count(F.lit(1)).alias("rows"), F.count("reason").alias("bad"), made)
    counts = {row["file"]: row for row in counted.collect()}
    for name, rows in rows_of.items():
        assert (counts[name]["rows"] if name in counts else 0) == len(rows), name
    bad = sum(row["bad"] for row in counts.values())
    return Counter({"good rows": sum(map(len, rows_of.values())) - bad, "bad rows": bad})


def header_of_file(spark: SparkSession, file: LandedFile, wanted: Wanted) -> tuple[int, str]:
    """The line in which the header of a file ends, 0 where it needs none, and what separates its columns."""
    first = begin(spark, file)
    format_, encoding = kind_of(file, lambda: first, wanted)
    header = header_of(first, encoding or "utf-8", wanted) if format_ == "csv" else None
    if header is None:
        return 0, ""
    assert header.last_line <= HEADER_WITHIN
    return header.last_line, header.delimiter


def assert_lines_are_covered(name: str, text: Text, rows: Sequence[Row]) -> None:
    """Every line below the header is in one row, unless it is blank; a row of text has its lines as they are."""
    covered: Counter[int] = Counter()
    not_text = (*SHOWN_OTHERWISE, not_in(text.encoding))
    for row in rows:
        parts = row["raw"].split("\n")
        numbers = range(row["line"], row["line"] + len(parts))
        covered.update(numbers)
        if row["problem"] not in not_text:
            written = [text.line(number) for number in numbers]
            assert [part.lstrip("\ufeff") for part in parts] == [line.lstrip("\ufeff") for line in written], name
    assert all(times == 1 for times in covered.values()), f"{name}: a line is in two rows"
    assert all(number > text.above for number in covered), f"{name}: a row is above the header"
    missing = [
        number
        for number, line in enumerate(text.lines, start=1)
        if number > text.above and number not in covered and line.strip(text.blanks)
    ]
    assert missing == [], f"{name}: lines that are in no row"


def input_named_as(kind: Kind) -> Input:
    return input_of(
        InputFiles(name=kind.name, adapter=kind.adapter, files=f"{kind.name}/*", required=True, **kind.export)
    )


def wanted_by(input_: Input) -> Wanted:
    required = (*input_.adapter.required, *input_.adapter.required_without_accounts)
    return Wanted(input_.adapter.columns, required, input_.export, input_.adapter.names)


def land(root: Path, kind: Kind, number: int, seed: int) -> dict[str, bytes]:
    """Whole files of a kind, then damaged ones, `number` in all: their content by name."""
    draw = random.Random(f"{seed} {kind.name}")
    others = [content for other in kinds() for _, content in other.files]
    made = [(f"whole{place}{ending}", content) for place, (ending, content) in enumerate(kind.files)]
    for place in range(number - len(made)):
        ending, content = damaged(draw, kind, others)
        made.append((f"damaged{place:04}{ending}", content))
    (root / kind.name).mkdir(parents=True)
    for name, content in made:
        (root / kind.name / name).write_bytes(content)
    return {f"{kind.name}/{name}": content for name, content in made}


def assert_is_one_clear_line(text: str) -> None:
    """No line break, no trace, nothing that a terminal obeys."""
    assert text.isprintable(), text
    assert not TRACE.search(text), text


class TestWholeRuns:
    """Damaged files, each an input of its own, so that the refusal of one hides no other."""

    @pytest.mark.system
    def test_a_run_over_damaged_files_ends_with_the_right_code_and_loses_no_row(
        self, spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run(spark, tmp_path, capsys, seed=SEED, files_of_a_kind=2)

    @pytest.mark.long
    @pytest.mark.parametrize("seed", range(1, 11))
    def test_more_runs(
        self, spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
    ) -> None:
        self.run(spark, tmp_path, capsys, seed=SEED + seed, files_of_a_kind=4)

    def run(
        self,
        spark: SparkSession,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        *,
        seed: int,
        files_of_a_kind: int,
    ) -> None:
        inputs = self.land_inputs(folder / "landing", seed, files_of_a_kind)
        first = self.ingest(folder, inputs, capsys)
        lake = Lake(spark, str(folder / "lake"), "test")
        landed = {row["source"]: row for row in lake.rows(BRONZE_LANDED_FILES)}
        refused = {name for name in inputs if self.is_refused(name, first[1])}
        passed_over = {name for name in inputs if any(f"{name}/" in line for line in first[1] if "passed over" in line)}
        assert sorted([*landed, *refused, *passed_over]) == sorted(inputs), first[1]
        assert first[0] == self.code_of(first[1])
        checks = [*check_bronze(lake.read), *check_landed_money(lake.read)]
        assert [check.name for check in checks if not check.passed] == []

        again = self.ingest(folder, inputs, capsys)
        assert again[0] == first[0]
        assert {row["source"]: row for row in lake.rows(BRONZE_LANDED_FILES)} == landed

    def land_inputs(self, root: Path, seed: int, files_of_a_kind: int) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for kind in kinds():
            draw = random.Random(f"{seed} {kind.name}")
            others = [content for other in kinds() for _, content in other.files]
            for place in range(files_of_a_kind):
                name = f"{kind.name}_{place}"
                ending, content = kind.files[0] if place == 0 else damaged(draw, kind, others)
                (root / name).mkdir(parents=True)
                (root / name / f"file{ending}").write_bytes(content)
                found[name] = {
                    "name": name, "adapter": kind.adapter, "files": f"{name}/*", "required": True, **kind.export
                }  # fmt: skip
        return found

    def ingest(
        self, folder: Path, inputs: dict[str, dict[str, object]], capsys: pytest.CaptureFixture[str]
    ) -> tuple[int, list[str]]:
        """Exit code and lines of a run; none of them is of a trace."""
        config = folder / "shop.yaml"
        knobs = {
            "lake": str(folder / "lake"),
            "landing": {"root": str(folder / "landing"), "inputs": list(inputs.values())},
            "mlflow": {"tracking_uri": f"sqlite:///{folder}/mlflow.db"},
            "spark": {"conf": {"spark.sql.shuffle.partitions": "2", **QUICK}},
        }
        config.write_text(json.dumps(knobs))  # JSON is YAML
        capsys.readouterr()
        code = ingest.main(["--config", str(config)])
        printed = capsys.readouterr()
        assert not TRACE.search(printed.out + printed.err), printed.err
        return code, [line.strip() for line in printed.err.splitlines()]

    def is_refused(self, name: str, lines: Sequence[str]) -> bool:
        return any(line.startswith((f"error: {name}/", f"error: {name}:")) for line in lines)

    def code_of(self, lines: Sequence[str]) -> int:
        """0 without a refusal, 1 where all are of too many bad rows, 3 otherwise."""
        errors = [line for line in lines if line.startswith("error: ")]
        return 0 if not errors else 1 if all("rows are unusable" in line for line in errors) else 3
