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
        (
            "landing:\n  inputs:\n    - name: o\n      adapter: csv_orders\n      files: x\n      required: true\n"
            "      columns: {oder_id: Nr}\n",
            "shop.yaml:7: landing.inputs.0.columns.oder_id: the adapter csv_orders has no field oder_id; it has ",
        ),
        (
            "landing:\n  inputs:\n    - name: o\n      adapter: csv_oders\n      files: x\n      required: true\n",
            "shop.yaml:4: landing.inputs.0.adapter: no adapter is called 'csv_oders'; there are ad_spend, ",
        ),
        (
            "landing:\n  inputs:\n    - {name: o, adapter: orders, files: x, required: true, encoding: cp-949x}\n",
            "shop.yaml:3: landing.inputs.0.encoding: no encoding is called 'cp-949x'; names are those of Python",
        ),
        (
            "landing:\n  inputs:\n    - name: g\n      adapter: google_ads\n      files: x\n      required: true\n"
            "      options:\n        acount_history: a.csv\n",
            "shop.yaml:8: landing.inputs.0.options.acount_history: the adapter google_ads has no option ",
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
    assert refused.replace(str(tmp_path), "FOLDER").startswith(message)
    assert "\n" not in refused


def test_a_field_that_an_adapter_does_not_have_is_named_with_the_nearest(tmp_path: Path) -> None:
    refused = refusal(
        tmp_path,
        "landing:\n  inputs:\n    - {name: o, adapter: orders, files: x, required: true, columns: {oder_id: Nr}}\n",
    )
    assert refused.endswith("; did you mean order_id?")


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
    assert base.fingerprint() == load_settings().fingerprint()
    assert base.fingerprint() != other.fingerprint()

    def digest(settings: Settings, *parts: type[Knobs]) -> str:
        return digest_of([settings.part(part) for part in parts])

    assert digest(base, ReportingCurrency) != digest(other, ReportingCurrency)
    assert digest(base, ReportingDay, Attribution) == digest(other, ReportingDay, Attribution)
    elsewhere = load_settings(configured(tmp_path, "report: {file: other.html}\n"))
    assert digest(base, ReportingDay, ReportingCurrency) == digest(elsewhere, ReportingDay, ReportingCurrency)
    assert base.fingerprint() != elsewhere.fingerprint()
    korean = load_settings(configured(tmp_path, "report: {language: ko}\n"))
    assert digest(base, ReportingDay, ReportingCurrency) == digest(korean, ReportingDay, ReportingCurrency)


def test_a_lookback_of_its_own_holds_for_its_conversion_type_only(tmp_path: Path) -> None:
    settings = load_settings(configured(tmp_path, "attribution: {lookback_days_by_type: {sign_up: 7}}\n"))
    assert (settings.attribution.lookback_of("sign_up"), settings.attribution.lookback_of("purchase")) == (7, 30)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # domains, addresses
        ("touchpoints:\n  own_domains: [shop]\n", "shop.yaml:2: touchpoints.own_domains.0: Value error, is"),
        (
            "touchpoints:\n  own_domains: [co.kr]\n",
            "shop.yaml:2: touchpoints.own_domains.0: Value error, is a public suf",
        ),
        (
            "touchpoints:\n  ignored_referrers: ['']\n",
            "shop.yaml:2: touchpoints.ignored_referrers.0: Value error, is no",
        ),
        (
            "touchpoints:\n  internal_ips: [10.0.0.300]\n",
            "shop.yaml:2: touchpoints.internal_ips.0: Value error",
        ),
        (
            "touchpoints:\n  internal_ips: [10.0.0.*]\n",
            "shop.yaml:2: touchpoints.internal_ips.0: Value error",
        ),
        (
            "touchpoints:\n  campaign_id_parameters: [a b]\n",
            "shop.yaml:2: touchpoints.campaign_id_parameters.0: Value",
        ),
        # files
        (
            "touchpoints:\n  channels_file: my_channels.yaml\n",
            "shop.yaml:2: touchpoints.channels_file: there is no file FOLDER/my_channels.yaml, neither here nor in "
            "conf/",
        ),
        ("touchpoints:\n  sources_file: conf\n", "shop.yaml:2: touchpoints.sources_file: there is no file FOLDER/conf"),
        # channels
        (
            "attribution:\n  paid_channels: [Paid Search, Paid social]\n",
            "shop.yaml:2: attribution.paid_channels.1: Paid social is no channel of channels.yaml; "
            "did you mean Paid Social?",
        ),
        (
            "attribution:\n  channel_weights:\n    Email: 1\n    Sms: 2\n",
            "shop.yaml:4: attribution.channel_weights.Sms: Sms is no channel of channels.yaml; did you mean SMS?",
        ),
        # conversion types
        (
            "attribution:\n  conversion_types: [purchase, signup]\n",
            "shop.yaml:2: attribution.conversion_types.1: signup is neither in conversions.final nor in .auxiliary; "
            "did you mean sign_up?",
        ),
        (
            "attribution:\n  milestones: [lead]\n",
            "shop.yaml:2: attribution.milestones.0: lead is neither in conversions.final nor in .auxiliary",
        ),
        (
            "attribution:\n  lookback_days_by_type: {signup: 7}\n",
            "shop.yaml:2: attribution.lookback_days_by_type.signup: signup is not in .conversion_types; "
            "did you mean sign_up?",
        ),
        (
            "conversions:\n  final: [Purchase, lead]\n",
            "shop.yaml:2: conversions.final.0: no event is called Purchase; did you mean purchase?",
        ),
        (
            "conversions:\n  final: [purchase, first_open]\n",
            "shop.yaml:2: conversions.final.1: first_open counts as app_install: name that",
        ),
        # what a section cannot be in itself
        (
            "serve:\n  host: 0.0.0.0\n",
            "shop.yaml:2: serve.host: 0.0.0.0 can be reached from other machines: set serve.",
        ),
        ("digest:\n  smtp: {user: shop}\n", "shop.yaml:2: digest.smtp.user: user and password_env need each other"),
        # currencies
        ("report:\n  currency: KWR\n", "shop.yaml:2: report.currency: Value error, no currency has the code 'KWR'"),
        (
            "ad_spend:\n  accounts:\n    a: {currency: XYZ, timezone: Asia/Seoul}\n",
            "shop.yaml:3: ad_spend.accounts.a.currency: Value error, no currency has the code 'XYZ'",
        ),
    ],
)
def test_a_setting_that_can_never_match_is_refused(tmp_path: Path, text: str, message: str) -> None:
    refused = refusal(tmp_path, text)
    assert refused.replace(str(tmp_path), "FOLDER").startswith(message)
    assert "\n" not in refused


def test_what_has_one_meaning_is_mended(tmp_path: Path) -> None:
    settings = load_settings(
        configured(
            tmp_path,
            """
            touchpoints:
              own_domains: [www.shop.com, https://shop2.com]
              internal_ips: [203.0.113.7/24, "2001:DB8::1"]
              campaign_id_parameters: [UTM_ID]
            ad_spend:
              accounts:
                act_123: {currency: KRW, timezone: Asia/Seoul}
                123-456-7890: {currency: KRW, timezone: Asia/Seoul}
                55: {currency: USD, timezone: UTC}
              platforms: {Meta: {source: fb, medium: paid}}
            """,
        )
    )
    assert settings.touchpoints.own_domains == ["shop.com", "shop2.com"]
    assert settings.touchpoints.internal_ips == ["203.0.113.0/24", "2001:db8::1/128"]
    assert settings.touchpoints.campaign_id_parameters == ["utm_id"]
    assert set(settings.ad_spend.accounts) == {"123", "1234567890", "55"}
    assert settings.ad_spend.platforms["meta"].source == "fb"


def test_several_wrong_settings_are_refused_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    refused = refusal(
        tmp_path,
        "report: {currency: dollars}\ntouchpoints:\n  own_domains: [shop]\n  internal_ip: []\n"
        "attribution:\n  markov: {order: x}\n  lookback_days: 0\n",
    )
    places = [line.removeprefix(f"{tmp_path}/").split(": ")[:2] for line in refused.splitlines()]
    assert places == [
        ["shop.yaml:1", "report.currency"],
        ["shop.yaml:3", "touchpoints.own_domains.0"],
        ["shop.yaml:4", "unknown knob touchpoints.internal_ip; did you mean internal_ips?"],
        ["shop.yaml:6", "attribution.markov.order.constrained-int"],
        ["shop.yaml:7", "attribution.lookback_days"],
    ]


def test_all_names_of_nothing_are_refused_at_once(tmp_path: Path) -> None:
    text = (
        "attribution:\n  milestones: [lead]\n  conversion_types: [signup]\ntouchpoints:\n  channels_file: none.yaml\n"
    )
    lines = refusal(tmp_path, text).splitlines()
    places = [line.removeprefix(f"{tmp_path}/").split(": ")[0] for line in lines]
    assert places == ["shop.yaml:2", "shop.yaml:3", "shop.yaml:5"]


def test_what_a_user_leaves_as_it_is_is_not_refused(tmp_path: Path) -> None:
    rules = tmp_path / "own.yaml"
    rules.write_text("version: own\nrules:\n  - {name: all, channel: Everything}\n")
    text = f"conversions: {{final: [purchase]}}\ntouchpoints: {{channels_file: {rules}}}\n"
    settings = load_settings(configured(tmp_path, text))
    assert "app_install" in settings.attribution.conversion_types
