"""What an import loads: a run that builds tables loads neither MLflow nor plotting nor the simulator."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.test_architecture import MAY_IMPORT, REPOSITORY, imports_of, reached_from, sources, with_root

# Modules that a run imports only in the steps that track, fit or draw; all other modules of these packages load fast.
MODELS: dict[str, set[str]] = {
    "warehouse": {"warehouse.model_registry", "warehouse.model_versions"},
    "touchpoints": set(),
    "attribution": set(),
    "ltv": {
        *("ltv.behaviour_registry", "ltv.churn_pyfunc", "ltv.churn_registry"),
        *("ltv.early_value_pyfunc", "ltv.early_value_registry"),
        *("ltv.log_backtest", "ltv.log_fit", "ltv.logged_model"),
        *("ltv.plots", "ltv.pyfunc", "ltv.registry", "ltv.training"),
    },
}
SLOW = {"mlflow", "matplotlib", "vl_convert", "lifetimes", "simulator", "scipy.optimize", "scipy.stats"}
WITHOUT_SPARK = {
    "warehouse.contracts",
    "warehouse.knobs",
    "warehouse.settings_file",
    "warehouse.tables",
    "attribution.knobs",
    "attribution.markov",
    "attribution.path_models",
    "attribution.paths_file",
    "ltv.bg_nbd",
    "ltv.gamma_gamma",
    "ltv.knobs",
    "ltv.mbg_cnbd_k",
    "ltv.mbg_nbd",
    "ltv.pareto_nbd",
    "ltv.value_model",
}


def modules_of(package: str) -> set[str]:
    names = (path.relative_to(REPOSITORY).with_suffix("").as_posix() for path in sources(package))
    return {name.replace("/", ".").removesuffix(".__init__") for name in names}


def loaded_by(modules: set[str]) -> set[str]:
    """Every module that a new Python process has loaded after importing these."""
    program = f"import json, sys, {', '.join(sorted(modules))}\nsys.stdout.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("package", MODELS)
def test_modules_that_builders_need_load_no_mlflow_no_plotting_and_no_simulator(package: str) -> None:
    assert MODELS[package] <= modules_of(package)
    assert loaded_by(modules_of(package) - MODELS[package]) & SLOW == set()


@pytest.mark.parametrize("entry", ["jobs.run", "jobs.pipeline"])
def test_opening_a_run_waits_for_none_of_them(entry: str) -> None:
    assert loaded_by({entry}) & SLOW == set()


def test_numeric_models_and_knobs_are_loaded_without_spark() -> None:
    assert loaded_by(WITHOUT_SPARK) & {"pyspark", "delta", *SLOW} == set()


def test_mlflow_is_imported_where_its_settings_are_made() -> None:
    """The first import of MLflow decides about its telemetry; the file of the registered model runs inside MLflow."""
    importers = {
        path.relative_to(REPOSITORY).as_posix()
        for package in MAY_IMPORT
        for path in sources(package)
        if with_root(imports_of(path), "mlflow")
    }
    entries = {f"ltv/{name}.py" for name in ("churn_pyfunc", "early_value_pyfunc", "pyfunc")}
    assert importers == {"warehouse/model_registry.py", *entries}


def stored_modules() -> dict[str, set[str]]:
    """The modules of ours that are stored with each registered model, by the module that MLflow loads."""
    from ltv.stored_code import CHURN_MODULES, EARLY_VALUE_MODULES, MODULES

    return {
        "pyfunc": {*MODULES, "errors"},
        "churn_pyfunc": {*CHURN_MODULES, "errors"},
        "early_value_pyfunc": {*EARLY_VALUE_MODULES},
    }


@pytest.mark.parametrize("entry", ["pyfunc", "churn_pyfunc", "early_value_pyfunc"])
def test_the_registered_model_imports_only_its_requirements_and_the_files_stored_with_it(entry: str) -> None:
    from ltv.stored_code import REQUIREMENTS

    stored = stored_modules()[entry]
    reached = {module for module in reached_from(REPOSITORY / "ltv" / f"{entry}.py") if module != "__future__"}
    ours = {module for module in reached if (REPOSITORY / f"{module.replace('.', '/')}.py").is_file()}
    of_errors = {"warehouse.errors"} if "errors" in stored else set()
    assert ours == {*of_errors, *(f"ltv.{module}" for module in stored)}
    roots = {module.split(".")[0] for module in reached} - set(sys.stdlib_module_names)
    assert {"ltv"} <= roots <= {"ltv", "warehouse", *REQUIREMENTS}


def test_files_stored_with_a_model_import_each_other_under_any_name() -> None:
    stored = {*stored_modules(), *(module for modules in stored_modules().values() for module in modules)} - {"errors"}
    for path in (REPOSITORY / "ltv" / f"{module}.py" for module in sorted(stored)):
        absolute = re.findall(r"^\s*(?:from|import) (ltv|warehouse)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert absolute == [], path.relative_to(REPOSITORY)
