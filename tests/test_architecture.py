"""The architecture rules: which package may import which, and what every table, knob and file must have."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from conf import CONF_ROOT
from intake.knobs import Export, InputFiles
from jobs.check import PUBLISHED_TABLES, check_tables
from jobs.settings import Settings
from warehouse.tables import ALL_TABLES

REPOSITORY = Path(__file__).parents[1]
# package: the packages of this project that it may import
MAY_IMPORT = {
    "conf": set(),
    "views": set(),
    "warehouse": {"conf"},
    "intake": {"warehouse", "conf"},
    "touchpoints": {"warehouse", "conf"},
    "attribution": {"warehouse", "conf"},
    "ltv": {"warehouse", "conf"},
    "published": {"warehouse", "views", "conf"},
    "dashboard": {"published", "warehouse", "conf"},
    "simulator": {"warehouse"},  # the input contract only, see below
    "jobs": {
        "warehouse",
        "intake",
        "touchpoints",
        "attribution",
        "ltv",
        "published",
        "dashboard",
        "simulator",
        "conf",
    },
}
LONGEST_FILE = 400


def sources(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Every module that the file imports, also within functions: `from a.b import c` gives a.b and a.b.c."""
    package = path.relative_to(REPOSITORY).parent.parts
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = [*package[: len(package) - node.level + 1]] if node.level else []
            origin = ".".join([*parts, *([node.module] if node.module else [])])
            found.update({origin, *(f"{origin}.{alias.name}" for alias in node.names)})
    return frozenset(found)


def reached_from(path: Path) -> set[str]:
    """Modules imported by the file, directly or through modules of this project."""
    reached: set[str] = set()
    todo = [path]
    while todo:
        for module in imports_of(todo.pop()) - reached:
            reached.add(module)
            place = REPOSITORY.joinpath(*module.split("."))
            todo += [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]
    return reached


def with_root(modules: Set[str], root: str) -> set[str]:
    return {module for module in modules if module.split(".")[0] == root}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    for path in sources(package):
        roots = {module.split(".")[0] for module in imports_of(path)}
        wrong = (roots & set(MAY_IMPORT)) - MAY_IMPORT[package] - {package}
        assert not wrong, f"{path.relative_to(REPOSITORY)} imports {sorted(wrong)}"
        assert "tests" not in roots, f"{path.relative_to(REPOSITORY)} imports from tests"


def test_no_job_hides_a_package() -> None:
    # spark-submit jobs/x.py puts jobs/ first on the path, so `import intake` would import a jobs/intake.py.
    assert not {path.stem for path in sources("jobs")} & set(MAY_IMPORT)


@pytest.mark.parametrize("package", ["published", "dashboard"])
def test_readers_of_published_tables_never_import_pyspark(package: str) -> None:
    for path in sources(package):
        assert not with_root(reached_from(path), "pyspark"), path.relative_to(REPOSITORY)


def test_the_simulator_imports_only_the_contracts() -> None:
    for path in sources("simulator"):
        ours = {module for root in MAY_IMPORT if root != "simulator" for module in with_root(imports_of(path), root)}
        allowed = ("warehouse.tables", "warehouse.contracts")
        assert all(module.startswith(allowed) for module in ours), f"{path.relative_to(REPOSITORY)}: {sorted(ours)}"


def test_contracts_are_plain_data_without_pyspark() -> None:
    for path in [REPOSITORY / "warehouse" / "contracts.py", *sources("warehouse/tables")]:
        assert not with_root(reached_from(path), "pyspark"), path.relative_to(REPOSITORY)


@pytest.mark.parametrize(
    "door", ["ltv/pareto_nbd.py", "ltv/bg_nbd.py", "ltv/mbg_cnbd_k.py", "ltv/gamma_gamma.py", "attribution/markov.py"]
)
def test_the_numeric_models_need_no_spark(door: str) -> None:
    assert not with_root(reached_from(REPOSITORY / door), "pyspark")


def test_only_warehouse_jvm_uses_the_jvm() -> None:
    """So that an engine without one runs everything that imports nothing from there."""
    of_the_jvm = re.compile(r"\b_jvm\b|\b_jdf\b|\b_jsc\b|\b_jsparkSession\b|\bsparkContext\b|\bSparkContext\b")
    for package in MAY_IMPORT:
        for path in sources(package):
            if path.parent != REPOSITORY / "warehouse" / "jvm":
                of_ml = {module for module in imports_of(path) if module.startswith(("pyspark.ml", "pyspark.mllib"))}
                found = with_root(imports_of(path), "delta") | with_root(imports_of(path), "py4j") | of_ml
                assert not found, f"{path.relative_to(REPOSITORY)} imports {sorted(found)}"
                assert not of_the_jvm.search(path.read_text(encoding="utf-8")), path.relative_to(REPOSITORY)


def test_one_expression_makes_ids_of_several_texts() -> None:
    for package in MAY_IMPORT:
        for path in sources(package):
            if path != REPOSITORY / "warehouse" / "expressions.py":
                found = re.search(r"\bF\.(md5|sha|sha1|sha2|crc32|hash)\(", path.read_text(encoding="utf-8"))
                assert not found, f"{path.relative_to(REPOSITORY)}: {found}; see warehouse.expressions.id_of"


def test_small_changes_are_written_without_pyspark() -> None:
    for path in sources("warehouse/arrow"):
        assert not with_root(reached_from(path), "pyspark"), path.relative_to(REPOSITORY)


def test_only_the_engine_seam_knows_of_sail() -> None:
    for package in MAY_IMPORT:
        for path in sources(package):
            if path != REPOSITORY / "warehouse" / "engine.py":
                connect = {module for module in imports_of(path) if module.startswith("pyspark.sql.connect")}
                found = with_root(imports_of(path), "pysail") | connect
                assert not found, f"{path.relative_to(REPOSITORY)} imports {sorted(found)}"


def test_every_table_has_a_contract_module_of_its_name() -> None:
    modules = {path.stem for path in sources("warehouse/tables")} - {"__init__"}
    assert modules == {f"{table.layer}_{table.name}" for table in ALL_TABLES}


@pytest.mark.parametrize(
    "table", [table for table in ALL_TABLES if table.layer in ("silver", "gold")], ids=lambda table: table.full_name
)
def test_every_silver_and_gold_table_has_one_builder_in_a_module_of_its_name(table: Any) -> None:
    homes = [REPOSITORY / package / f"{table.name}.py" for package in ("touchpoints", "attribution", "ltv")]
    homes = [path for path in homes if path.is_file()]
    assert len(homes) == 1, f"{table.full_name}: {homes}"
    defined = {
        node.name for node in ast.parse(homes[0].read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    }
    assert f"build_{table.name}" in defined, homes[0]


def test_no_published_table_is_outside_the_key_checks() -> None:
    """Which a pipeline's results prove table by table: tests/jobs/test_pipeline.py."""
    silver_and_gold = tuple(table for table in ALL_TABLES if table.layer in ("silver", "gold"))
    assert silver_and_gold == PUBLISHED_TABLES
    assert inspect.signature(check_tables).parameters["contracts"].default is PUBLISHED_TABLES


def test_builders_and_adapters_use_neither_clock_nor_files() -> None:
    impure = re.compile(r"\b(datetime\.now|date\.today|time\.time|current_timestamp|current_date|open\()")
    for package in ("touchpoints", "attribution", "ltv"):
        for path in sources(package):
            if re.search(r"^def build_", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
                assert not impure.search(path.read_text(encoding="utf-8")), path.relative_to(REPOSITORY)
    for path in sources("intake/adapters"):
        assert not impure.search(path.read_text(encoding="utf-8")), path.relative_to(REPOSITORY)


def test_no_python_file_of_the_packages_is_too_long_to_read() -> None:
    for package in MAY_IMPORT:
        for path in sources(package):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= LONGEST_FILE, f"{path.relative_to(REPOSITORY)} has {lines} lines"


def knobs_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every field of the settings models that a YAML file can set, as section.knob."""
    for name, field in model.model_fields.items():
        inner = next(
            (
                one
                for one in (field.annotation, *get_args(field.annotation))
                if isinstance(one, type) and issubclass(one, BaseModel)
            ),
            None,
        )
        yield f"{prefix}{name}"
        if inner is field.annotation and inner is not None:
            yield from knobs_of(inner, f"{prefix}{name}.")


def keys_of(mapping: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in mapping.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from keys_of(value, f"{prefix}{name}.")


def test_every_knob_is_in_base_yaml_and_no_model_has_a_default() -> None:
    base = yaml.safe_load((CONF_ROOT / "base.yaml").read_text(encoding="utf-8"))
    assert set(knobs_of(Settings)) <= set(keys_of(base))

    def defaults(model: type[BaseModel]) -> list[str]:
        found = [name for name, field in model.model_fields.items() if not field.is_required()]
        for field in model.model_fields.values():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                found += defaults(field.annotation)
        return found

    assert defaults(Settings) == []
    # What an input may leave out: most files are written as their adapter expects, and most inputs may not lag.
    assert {name for name, field in InputFiles.model_fields.items() if not field.is_required()} == {
        *Export.model_fields,
        "may_lag",
        "options",
    }


def test_every_knob_of_base_yaml_has_a_comment() -> None:
    lines = (CONF_ROOT / "base.yaml").read_text(encoding="utf-8").splitlines()
    section = ""
    for number, line in enumerate(lines, start=1):
        if found := re.match(r"^(\w+):", line):
            section = found.group(1)
        # The reasons for Spark's settings are in conf/spark/README.md; a platform's source and medium need no comment.
        knob = re.match(r"^(?:  )?([a-z_]+):( |$)", line)
        is_section = re.match(r"^\w+:\s*$", line)
        if knob and not is_section:
            assert re.search(r"#\s*\S", line), f"base.yaml:{number}: {section}: {knob.group(1)} has no comment"


def test_the_project_names_no_machine_and_prints_nothing() -> None:
    for package in MAY_IMPORT:
        for path in sources(package):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"[\"' ](/root|/work|/home)/", text), path.relative_to(REPOSITORY)
            assert not re.search(r"^\s*print\(", text, flags=re.MULTILINE), path.relative_to(REPOSITORY)
