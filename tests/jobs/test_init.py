"""distributary init: a landing folder of many formats becomes a configuration that runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from intake.adapters import ADAPTERS
from intake.inputs import input_of, misfits_of
from intake.recognise import OF_ANYBODY, recognised
from jobs.init import main
from jobs.input_patterns import patterns_of
from jobs.settings import BASE_FILE, load_settings
from tests.docs.test_use_your_own_data import FILES
from tests.intake.test_formats_to_roas import APPS, LOOKUPS, SPEND_FORMATS, app_lines
from tests.quick import QUICK
from tests.tracker_histories import EXPORTS, history
from warehouse.settings_file import read_yaml

# By format: the beginning of a file as that platform or tracker writes it, and how its name ends.
HEADS: dict[str, tuple[Sequence[str], str]] = {
    **{name: (write(history("x")), ending) for name, (write, ending) in EXPORTS.items()},
    **{name: (lines, "jsonl" if lines[0].startswith("{") else "csv") for name, (_, lines) in SPEND_FORMATS.items()},
    **{name: (app_lines(name), "csv") for name in APPS},
    "shopify_orders": (dict(FILES)["shopify/2026-03.csv"].splitlines(), "csv"),
    "woocommerce_orders": (
        ["order_number,order_status,order_date,billing_email,order_total,order_currency,refunded_total",
         "17,completed,2026-03-01 10:00:00,ann@x.com,12.50,EUR,0"],
        "csv",
    ),
    "orders": (["order_id,user_id,order_ts,value,currency,status", "1,a,2026-03-01T10:00:00Z,5,EUR,paid"], "csv"),
    "csv_orders": (["Order number,Customer email,Order date,Grand total", "1,a@x.com,2026-03-01,5"], "csv"),
    "exchange_rates": (["date,currency,report_currency,rate", "2026-03-01,USD,EUR,0.9"], "csv"),
    "google_click_views": (["click_view.gclid,segments.date,campaign.id", "g1,2026-03-01,22"], "csv"),
    "skan_postbacks": (
        ['{"version":"4.0","ad-network-id":"n38lu8286q.skadnetwork","transaction-id":"t","app-id":1,'
         '"source-identifier":"12","fidelity-type":1,"timestamp":"2026-03-01T10:00:00Z"}'],
        "jsonl",
    ),
}  # fmt: skip
# Not among them: any line is one of the first, the second is a map of columns, and the third needs one to differ from
# the exports of a platform.
WITHOUT_HEAD = {"cdnow_orders", "order_lines", "csv_spend"}


@pytest.mark.parametrize("adapter", sorted(set(HEADS) - {"csv_spend"}))
def test_a_file_is_known_by_its_first_lines(adapter: str) -> None:
    lines, ending = HEADS[adapter]
    found = recognised(f"export.{ending}", ("\n".join(lines) + "\n").encode())
    assert found.fit is not None and found.fit.adapter == adapter, found.nearest


def test_every_format_is_tried() -> None:
    assert set(HEADS) | WITHOUT_HEAD == set(ADAPTERS)
    assert set(OF_ANYBODY) <= set(ADAPTERS)


def test_a_column_that_is_missing_gives_the_nearest_format_and_what_it_lacks() -> None:
    header = "Name,Email,Financial Status,Paid at,Currency,Created at,Lineitem quantity\n#1,a@x.com,paid,,USD,,1\n"
    found = recognised("orders.csv", header.encode())
    assert found.fit is None and found.nearest is not None
    assert (found.nearest.adapter, found.nearest.missing) == ("shopify_orders", ("value",))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("book.xlsx", b"PK\x03\x04......", "is a zip archive"),
        ("page.csv", b"<!doctype html><html></html>", "is no CSV and no JSON Lines"),
        ("photo.csv", bytes(range(32)) * 40, "is no CSV and no JSON Lines"),
    ],
)
def test_a_file_that_is_no_text_says_what_it_is(name: str, content: bytes, why: str) -> None:
    found = recognised(name, content)
    assert found.fit is None and why in found.why_not


def test_an_encoding_is_the_one_in_which_a_header_is_read() -> None:
    korean = "주문번호,회원아이디,주문일시,총 주문금액\n1,a,2026-03-01 10:00:00,12000\n"
    for encoding in ("cp949", "utf-8", "utf-16"):
        found = recognised("o.csv", korean.encode(encoding))
        assert found.fit is not None and found.fit.adapter == "csv_orders"
        assert found.encoding == (None if encoding == "utf-8" else encoding)


@pytest.mark.parametrize(
    ("folder", "inside", "others", "by_folder", "patterns"),
    [
        ("orders", ["orders/1.csv", "orders/2.csv"], [], False, ["orders/*"]),
        ("mixed", ["mixed/1.csv", "mixed/2.csv"], ["mixed/a.jsonl"], False, ["mixed/*.csv"]),
        ("mixed", ["mixed/google_1.csv", "mixed/google_2.csv"], ["mixed/meta_1.csv"], False, ["mixed/google_*.csv"]),
        ("mixed", ["mixed/1.csv", "mixed/2.csv"], ["mixed/3.csv"], False, ["mixed/1.csv", "mixed/2.csv"]),
        ("meta", ["meta/77/1.csv", "meta/88/1.csv"], [], True, ["meta/*/*"]),
        ("", ["a.csv"], ["deep/b.csv", "c.jsonl"], False, ["*.csv"]),
        ("", ["a[1].csv", "b.csv"], ["c.csv"], False, ["a*1*.csv", "b.csv"]),
        ("a {b}", ["a {b}/1.csv"], [], False, ["a *b*/*"]),
    ],
)
def test_a_pattern_means_the_files_of_one_kind_alone(
    folder: str, inside: list[str], others: list[str], *, by_folder: bool, patterns: list[str]
) -> None:
    assert [pattern for pattern, _ in patterns_of(folder, inside, others, by_folder=by_folder)] == patterns


def land(root: Path, files: Mapping[str, str], encoding: str = "utf-8") -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding=encoding)


def exports() -> dict[str, str]:
    """Files of nine formats, and of two that nobody knows."""
    files = dict(FILES)
    for name in ("ga4_events", "segment_events", "snowplow_events"):
        write, ending = EXPORTS[name]
        files[f"{name}/1.{ending}"] = "\n".join(write(history(name))) + "\n"
    for name in ("tiktok_ads", "google_ads"):
        files[f"{name}/data.csv"] = "\n".join(SPEND_FORMATS[name][1]) + "\n"
    for name, lines in LOOKUPS["google_ads"].items():
        files[f"google_ads/{name}.csv"] = "\n".join(lines) + "\n"
    return files


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    root = tmp_path / "landing"
    land(root, exports())
    land(root, {"notes.txt": "remember the milk\n", "half.csv": "Name,Email,Financial Status,Created at\n#1,a,paid,\n"})
    return root


def test_a_landing_folder_becomes_a_configuration_with_an_input_for_each_format(
    landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "shop"
    assert main([str(project), "--landing", str(landing), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    settings = load_settings(project / "shop.yaml")

    found = {one.name: (one.adapter, one.files) for one in settings.landing.inputs}
    assert found == {
        "events": ("events", "events/*"),
        "ga4_events": ("ga4_events", "ga4_events/*"),
        "google": ("google_ads_web", "google/*"),
        "google_ads": ("google_ads", "google_ads/*"),
        "meta": ("meta_ads", "meta/*/*"),
        "segment_events": ("segment_events", "segment_events/*"),
        "shopify": ("shopify_orders", "shopify/*"),
        "snowplow_events": ("snowplow_events", "snowplow_events/*"),
        "tiktok_ads": ("tiktok_ads", "tiktok_ads/*"),
    }
    assert all(input_of(one) and not list(misfits_of(one)) for one in settings.landing.inputs)
    by_name = {one.name: one for one in settings.landing.inputs}
    assert by_name["meta"].constants == {"account_id": "{folder}"}
    assert by_name["google_ads"].options == {
        "account_history": "google_ads/account_history.csv",
        "campaign_history": "google_ads/campaign_history.csv",
    }
    assert Path(settings.landing.root) == landing
    assert (settings.report.timezone, settings.report.currency) == ("America/New_York", "USD")
    assert "-5 h from UTC" in content["timezone_evidence"]
    assert [(one["file"], one["nearest"], one["lacks"]) for one in content["unknown"]] == [
        ("half.csv", "shopify_orders", ["value"]),
        ("notes.txt", None, []),
    ]
    text = (project / "shop.yaml").read_text(encoding="utf-8")
    assert "# not read: half.csv is nearest to shopify_orders, but lacks value" in text
    assert "# currency: USD is the default" in text


def test_only_knobs_that_differ_are_written_and_each_is_explained(landing: Path, tmp_path: Path) -> None:
    main([str(tmp_path / "shop"), "--landing", str(landing)])
    text = (tmp_path / "shop" / "shop.yaml").read_text(encoding="utf-8")
    base, own = read_yaml(BASE_FILE), yaml.safe_load(text)

    def differing(knobs: Mapping[str, object], default: Mapping[str, object]) -> bool:
        return all(
            differing(value, default[name]) if isinstance(value, dict) else value != default[name]  # type: ignore[arg-type]
            for name, value in knobs.items()
        )

    assert differing(own, base)
    lines = text.splitlines()
    knobs = [number for number, line in enumerate(lines) if line.lstrip().startswith(("- {", "timezone:", "root:"))]
    assert len(knobs) == 11
    assert all(lines[number - 1].lstrip().startswith("#") for number in knobs)


def test_nothing_is_overwritten_and_a_dry_run_writes_nothing(
    landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "shop"
    assert main([str(project), "--landing", str(landing), "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert not project.exists() and "landing:\n" in shown.out and "would write" in shown.err

    project.mkdir()
    (project / "README.md").write_text("mine")
    assert main([str(project), "--landing", str(landing)]) == 2
    assert f"{project}/README.md: already there" in capsys.readouterr().err
    assert [path.name for path in project.iterdir()] == ["README.md"]


def test_a_folder_that_is_missing_empty_or_unknown_ends_it(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    land(tmp_path / "unknown", {"notes.txt": "remember the milk\n"})
    codes = [main([str(tmp_path / "p"), "--landing", str(tmp_path / name)]) for name in ("none", "empty", "unknown")]
    assert codes == [2, 3, 3]
    assert not (tmp_path / "p").exists()


def test_days_amounts_zones_and_currencies_are_read_as_they_are_written(tmp_path: Path) -> None:
    root = tmp_path / "landing"
    land(root, {
        "google/1.csv": "Tag;Kampagne;Kampagnen-ID;Kosten;Währungscode\n24.03.2026;A;1;1.000,50;EUR\n"
        "02.03.2026;A;1;7,25;EUR\n",
        "shop/1.csv": "order_number,order_status,order_date,billing_email,order_total,order_currency,refunded_total\n"
        "17,completed,2026-03-01 10:00:00,ann@x.com,12.50,EUR,0\n",
        "micro/1.csv": "Gregorian date,Campaign,Account ID,Currency code,Spend\n3/24/2026,A,5,USD,1.50\n",
    })  # fmt: skip
    main([str(tmp_path), "--landing", str(root)])
    settings = load_settings(tmp_path / "shop.yaml")
    by_name = {one.name: one for one in settings.landing.inputs}

    assert (by_name["google"].date_format, by_name["google"].decimal) == ("d.M.yyyy", ",")
    assert (by_name["micro"].date_format, by_name["micro"].decimal) == ("M/d/yyyy", ".")
    assert by_name["shop"].timezone == settings.report.timezone == "Europe/Berlin"
    assert settings.report.currency == "EUR"
    # Amounts in dollars need rates.
    assert by_name["exchange_rates"].adapter == "exchange_rates" and not by_name["exchange_rates"].required
    assert (tmp_path / ".gitignore").read_text().splitlines()[-1] == "/landing/"


def test_names_and_texts_of_files_end_no_comment_and_no_line_of_the_configuration(tmp_path: Path) -> None:
    root = tmp_path / "landing"
    land(root, {
        "a\nlake: stolen\n/x.csv": "order_id,order_ts,value,currency\n1,2026-03-01T10:00:00Z,1,EUR\n",
        "b\nlake: stolen.csv": "a\x1b[31m,b\nlake: stolen,2\n",
    })  # fmt: skip
    assert main([str(tmp_path / "p"), "--landing", str(root)]) == 0
    assert yaml.safe_load((tmp_path / "p" / "shop.yaml").read_text(encoding="utf-8")).keys() == {
        "landing",
        "report",
        "conversions",
    }
    assert "\x1b" not in (tmp_path / "p" / "shop.yaml").read_text(encoding="utf-8")


@pytest.mark.system
def test_what_it_writes_runs_to_the_report(landing: Path, tmp_path: Path) -> None:
    from jobs import pipeline

    project = tmp_path / "shop"
    assert main([str(project), "--landing", str(landing)]) == 0
    config = project / "shop.yaml"
    with config.open("a", encoding="utf-8") as file:
        file.write(yaml.safe_dump({"spark": {"conf": QUICK}}))
    assert pipeline.main(["--config", str(config)]) == 0
    assert (project / "report.html").exists()
