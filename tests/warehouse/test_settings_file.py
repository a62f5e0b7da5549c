from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from attribution.knobs import Attribution
from attribution.rules import RULES
from conf import CONF_ROOT
from jobs.located import located
from jobs.settings import Settings, load_settings
from warehouse.errors import UsageError
from warehouse.knobs import Knobs, ReportingCurrency, ReportingDay
from warehouse.table_update import digest_of


def configured(folder: Path, text: str) -> Path:
    path = folder / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    """What the user reads, without the folder of the file."""
    with pytest.raises(UsageError) as failure:
        load_settings(configured(folder, text))
    assert failure.value.exit_code == 2
    return str(failure.value).removeprefix(f"{folder}/")


def test_every_configuration_file_of_the_project_is_valid() -> None:
    for path in (CONF_ROOT / "base.yaml", CONF_ROOT / "demo.yaml"):
        load_settings(path)


def test_a_file_changes_only_the_knobs_it_names_and_lists_are_replaced(tmp_path: Path) -> None:
    base = load_settings()
    changed = load_settings(
        configured(
            tmp_path,
            """
            report: {currency: KRW}
            attribution:
              models: [linear]
              start_date: 2026-03-01
            ad_spend:
              platforms: {naver_searchad: {source: naver, medium: ppc}}
            """,
        )
    )
    assert (changed.report.currency, changed.report.timezone) == ("KRW", base.report.timezone)
    assert changed.attribution.models == ["linear"]
    assert changed.attribution.start_date == date(2026, 3, 1)
    assert changed.ad_spend.platforms["naver_searchad"].medium == "ppc"
    assert changed.ad_spend.platforms["google_ads"] == base.ad_spend.platforms["google_ads"]


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_settings(configured(tmp_path, "# nothing yet\n")) == located(load_settings(), tmp_path)


def test_relative_paths_start_at_the_folder_of_the_file_wherever_a_job_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mine.yaml").write_text("")
    text = (
        "lake: ../lake\nlanding: {root: landing}\nreport: {file: out/report.html}\n"
        "mlflow: {tracking_uri: sqlite:///mlflow.db, artifact_root: ./artifacts}\n"
        "touchpoints: {channels_file: mine.yaml}\n"
    )
    file = configured(tmp_path / "conf", text)
    found = []
    for folder, named in (
        (tmp_path, Path("conf/shop.yaml")),
        (tmp_path / "conf", Path("shop.yaml")),
        (Path("/"), file),
    ):
        monkeypatch.chdir(folder)
        found.append(load_settings(named))

    assert found[0] == found[1] == found[2]
    settings = found[0]
    assert settings.lake == f"{tmp_path}/lake"
    assert settings.landing.root == f"{tmp_path}/conf/landing"
    assert settings.report.file == f"{tmp_path}/conf/out/report.html"
    assert settings.mlflow.tracking_uri == f"sqlite:///{tmp_path}/conf/mlflow.db"
    assert settings.mlflow.artifact_root == f"{tmp_path}/conf/artifacts"
    assert settings.touchpoints.channels_file == f"{tmp_path}/conf/mine.yaml"
    assert settings.touchpoints.sources_file == "sources.yaml", "that of the project"


@pytest.mark.parametrize(
    ("given", "located_at"),
    [
        ("sqlite:///mlflow.db?timeout=5", "sqlite:////shop/mlflow.db?timeout=5"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite+pysqlite:///a b.db", "sqlite+pysqlite:////shop/a b.db"),
        ("mlruns", "/shop/mlruns"),
        ("/data/mlruns", "/data/mlruns"),
        ("file:mlruns", "file:/shop/mlruns"),
        ("file:///data/mlruns", "file:///data/mlruns"),
        ("http://mlflow:5000", "http://mlflow:5000"),
        ("postgresql://u:p@db/mlflow", "postgresql://u:p@db/mlflow"),
        ("databricks", "databricks"),
        ("databricks://profile", "databricks://profile"),
    ],
)
def test_an_address_of_mlflow_stays_and_a_path_in_it_starts_at_the_folder(given: str, located_at: str) -> None:
    base = load_settings()
    settings = base.model_copy(update={"mlflow": base.mlflow.model_copy(update={"tracking_uri": given})})
    assert located(settings, Path("/shop")).mlflow.tracking_uri == located_at


@pytest.mark.parametrize("address", ["s3a://bucket/lake", "hdfs://name/lake", "file:/data/lake", "/data/lake"])
def test_an_address_of_a_lake_or_a_landing_folder_stays(address: str) -> None:
    base = load_settings()
    settings = base.model_copy(update={"lake": address, "landing": base.landing.model_copy(update={"root": address})})
    found = located(settings, Path("/shop"))
    assert (found.lake, found.landing.root) == (address, address)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "lake: demo\nattribution:\n  lookback_dayz: 7\n",
            "shop.yaml:3: unknown knob attribution.lookback_dayz; did you mean lookback_days?",
        ),
        ("lake: demo\natribution: {}\n", "shop.yaml:2: unknown knob atribution; did you mean attribution?"),
        ("zzz: 1\n", "shop.yaml:1: unknown knob zzz; see conf/base.yaml"),
        (
            "landing:\n  inputs:\n    - {name: e, adapter: events, files: x, required: true}\n"
            "    - {name: o, adapter: orders, file: y, required: true}\n",
            "shop.yaml:4: knob landing.inputs.1.files is missing",
        ),
        ("quality:\n  max_quarantined_share: 5\n", "shop.yaml:2: quality.max_quarantined_share: Input should be less"),
        ("report:\n  currency: dollars\n", "shop.yaml:2: report.currency: String should match pattern"),
        ("report:\n\n  timezone: Seoul\n", "shop.yaml:3: report.timezone: Value error, no time zone is called 'Seoul'"),
        ("report:\n  timezone: /etc/passwd\n", "shop.yaml:2: report.timezone: Value error, no time zone"),
        ("report:\n  timezone: Asia\n", "shop.yaml:2: report.timezone: Value error, no time zone"),
        ("ltv:\n", "shop.yaml:1: ltv: Input should be a valid dictionary"),
        ("attribution:\n  models: [lineal]\n", "shop.yaml:2: attribution.models.0: Input should be 'first_touch'"),
        ("attribution:\n  models: [custom]\n", "shop.yaml:1: attribution: Value error, the model custom needs"),
        ("- lake\n", "shop.yaml: must hold knobs as `name: value`, not a list"),
        ("lake: [\n", "shop.yaml: not YAML: "),
        ("lake: a\nreport: {currency: KRW}\nlake: b\n", "shop.yaml:3: knob lake is given twice, first on line 1"),
        ("report:\n  file: a\n  file: b\n", "shop.yaml:3: knob file is given twice, first on line 2"),
    ],
)
def test_a_wrong_knob_is_refused_with_file_line_and_the_way_out(tmp_path: Path, text: str, message: str) -> None:
    refused = refusal(tmp_path, text)
    assert refused.startswith(message)
    assert "\n" not in refused


def test_a_rule_model_that_does_not_exist_is_named_with_the_nearest(tmp_path: Path) -> None:
    refused = refusal(tmp_path, "attribution:\n  models: [linear, lineal]\n")
    assert refused.endswith("; did you mean linear? (got 'lineal')")
    assert all(repr(name) in refused for name in RULES)


def test_a_missing_or_unreadable_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml: no such configuration file"):
        load_settings(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"lake: caf\xe9\n")
    with pytest.raises(UsageError, match=r"latin\.yaml: cannot be read"):
        load_settings(tmp_path / "latin.yaml")


def test_settings_cannot_be_changed_and_a_digest_follows_the_knobs_that_it_is_of(tmp_path: Path) -> None:
    base = load_settings()
    with pytest.raises(ValidationError):
        base.report.currency = "KRW"  # type: ignore[misc]
    other = load_settings(configured(tmp_path, "report: {currency: KRW}\n"))
    assert base.digest() == load_settings().digest()
    assert base.digest() != other.digest()

    def digest(settings: Settings, *parts: type[Knobs]) -> str:
        return digest_of([settings.part(part) for part in parts])

    assert digest(base, ReportingCurrency) != digest(other, ReportingCurrency)
    assert digest(base, ReportingDay, Attribution) == digest(other, ReportingDay, Attribution)
    elsewhere = load_settings(configured(tmp_path, "report: {file: other.html}\n"))
    assert digest(base, ReportingDay, ReportingCurrency) == digest(elsewhere, ReportingDay, ReportingCurrency)
    assert base.digest() != elsewhere.digest()
    korean = load_settings(configured(tmp_path, "report: {language: ko}\n"))
    assert digest(base, ReportingDay, ReportingCurrency) == digest(korean, ReportingDay, ReportingCurrency)


def test_a_lookback_of_its_own_holds_for_its_conversion_type_only(tmp_path: Path) -> None:
    settings = load_settings(configured(tmp_path, "attribution: {lookback_days_by_type: {sign_up: 7}}\n"))
    assert (settings.attribution.lookback_of("sign_up"), settings.attribution.lookback_of("purchase")) == (7, 30)
