"""The registered models: which versions there are, which one is in use, and the way back."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.completion import model_versions
from jobs.ending import exit_code_of
from jobs.options import Config, DryRun, Json, job_main
from jobs.settings import Settings, load_settings
from warehouse.errors import UsageError, unknown_name
from warehouse.messages import conceal, secrets_in, secrets_of_environment

if TYPE_CHECKING:
    from warehouse.model_versions import VersionRecord

Version = Annotated[
    str,
    typer.Argument(
        help="A version, such as customer-value/3; a number alone is one of mlflow.model_name.",
        autocompletion=model_versions,
    ),
]
Name = Annotated[str | None, typer.Argument(help="A registered model. Default: mlflow.model_name.")]
FACTS_IN_LIST = ("as_of", "customers", "code_version")

COMMANDS = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)


@COMMANDS.callback()
def models() -> None:
    """List, show, promote and roll back registered models.

    Example: distributary models list --config conf/demo.yaml
    """


@COMMANDS.command("list")
def list_versions(config: Config = None, json: Json = False) -> None:
    """List the versions of the value model and of the data-driven attribution model, the newest first.

    Example: distributary models list --config conf/demo.yaml
    """

    def action() -> None:
        settings = _settings(config)
        from warehouse.model_versions import versions  # noqa: PLC0415 (imports MLflow)

        found = versions(settings.mlflow, _names(settings))
        if json:
            _print_json([asdict(version) for version in found])
        else:
            _print(_table(found) or [f"no model is registered yet: run `distributary train` ({_place(settings)})"])

    raise typer.Exit(exit_code_of(action))


@COMMANDS.command()
def show(version: Version, config: Config = None, json: Json = False) -> None:
    """Show one version: what it was fitted on, its parameters, and the metrics of its run.

    Example: distributary models show customer-value/3 --config conf/demo.yaml
    """

    def action() -> None:
        settings = _settings(config)
        from warehouse.model_versions import version_record  # noqa: PLC0415 (imports MLflow)

        found = version_record(settings.mlflow, _full_name(settings, version))
        if json:
            _print_json(asdict(found))
        else:
            _print(_card(found))

    raise typer.Exit(exit_code_of(action))


@COMMANDS.command()
def promote(version: Version, config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Make a version the champion, the one that scores or credits from the next run on.

    Example: distributary models promote customer-value/2 --config conf/demo.yaml
    """

    def action() -> None:
        settings = _settings(config)
        from warehouse import model_registry, model_versions  # noqa: PLC0415 (they import MLflow)

        chosen = model_versions.version_record(settings.mlflow, _full_name(settings, version))
        if chosen.is_champion:
            _report(chosen.full_name, chosen.full_name, dry_run=dry_run, json=json)
            return
        _usable(settings)(chosen.full_name)
        former = model_registry.champion(settings.mlflow, chosen.name)
        if not dry_run:
            model_registry.promote(settings.mlflow, chosen.full_name)
        _report(former.full_name if former else None, chosen.full_name, dry_run=dry_run, json=json)

    raise typer.Exit(exit_code_of(action))


@COMMANDS.command()
def rollback(name: Name = None, config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Make the champion before the present one champion again.

    Example: distributary models rollback --config conf/demo.yaml
    """

    def action() -> None:
        settings = _settings(config)
        from warehouse.model_versions import roll_back  # noqa: PLC0415 (imports MLflow)

        chosen = _known(settings, name or settings.mlflow.model_name)
        former, now = roll_back(settings.mlflow, chosen, usable=_usable(settings), dry_run=dry_run)
        _report(former, now, dry_run=dry_run, json=json)

    raise typer.Exit(exit_code_of(action))


def _settings(config: Path | None) -> Settings:
    settings = load_settings(config)
    conceal((*secrets_in(settings.mlflow.tracking_uri), *secrets_of_environment()))
    return settings


def _names(settings: Settings) -> list[str]:
    """The registered models that jobs use; those of churn and early value where they are wanted."""
    knobs = settings.behaviour
    of_behaviour = {knobs.churn_model: knobs.churn, knobs.early_value_model: knobs.early_value}
    wanted = [name for name, is_wanted in of_behaviour.items() if is_wanted]
    return [settings.mlflow.model_name, settings.attribution.data_driven.model_name, *wanted]


def _known(settings: Settings, name: str) -> str:
    if name not in _names(settings):
        raise UsageError(unknown_name("model", name, _names(settings)))
    return name


def _full_name(settings: Settings, version: str) -> str:
    """'<name>/<number>' of what was written."""
    name, _, number = version.rpartition("/")
    if not number.isdecimal():
        raise UsageError(f"{version!r} names no version; write one such as {settings.mlflow.model_name}/3, or 3")
    return f"{_known(settings, name or settings.mlflow.model_name)}/{number}"


def _usable(settings: Settings) -> Callable[[str], object]:
    """Reads a version as the job that uses it does: what cannot be used must not become champion."""

    def read(version: str) -> object:
        from attribution.channel_registry import load_version  # noqa: PLC0415
        from ltv.registry import load_scorer  # noqa: PLC0415

        if version.startswith(f"{settings.mlflow.model_name}/"):
            unit, currency = settings.ltv.time_unit, settings.report.currency
            return load_scorer(settings.mlflow, version, time_unit=unit, currency=currency)
        if version.startswith(f"{settings.behaviour.churn_model}/"):
            from ltv.churn import load_churn  # noqa: PLC0415
            from ltv.churn_model import ChurnModel  # noqa: PLC0415

            return ChurnModel.from_dict(load_churn(settings.mlflow, version))
        if version.startswith(f"{settings.behaviour.early_value_model}/"):
            from ltv.early_value import load_early_value  # noqa: PLC0415
            from ltv.early_value_model import EarlyValueModel  # noqa: PLC0415

            return EarlyValueModel.from_dict(load_early_value(settings.mlflow, version))
        return load_version(settings.mlflow, version)

    return read


def registered_versions(config: Path | None) -> list[str]:
    """The full names of all versions of the models that jobs use, the newest first."""
    settings = _settings(config)
    from warehouse.model_versions import versions  # noqa: PLC0415 (imports MLflow)

    return [version.full_name for version in versions(settings.mlflow, _names(settings))]


def _report(former: str | None, now: str, *, dry_run: bool, json: bool) -> None:
    """Prints which version was champion and which one is, or would be."""
    if json:
        _print_json({"former": former, "champion": now, "changed": former != now and not dry_run, "dry_run": dry_run})
    elif former == now:
        _print([f"{now} is the champion already; nothing changed"])
    else:
        is_moved = f"moved from {former} to {now}" if former else f"set to {now} (there was none)"
        _print([f"champion would be {is_moved}" if dry_run else f"champion {is_moved}; the next run uses it"])


def _table(found: list[VersionRecord]) -> list[str]:
    """One line per version, in columns."""
    if not found:
        return []
    rows: list[tuple[str, ...]] = [("version", "", "made", *FACTS_IN_LIST)]
    rows += [
        (
            version.full_name,
            "champion" if version.is_champion else "",
            f"{version.made_at:%Y-%m-%d %H:%M}",
            *(version.tags.get(fact, "-") for fact in FACTS_IN_LIST),
        )
        for version in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _card(version: VersionRecord) -> list[str]:
    """All that is recorded of a version, one fact per line."""
    facts = {
        "made": f"{version.made_at:%Y-%m-%d %H:%M} UTC",
        "run": version.run_id,
        **dict(sorted(version.tags.items())),
    }
    figures = {name: f"{value:.6g}" for name, value in sorted(version.metrics.items())}
    width = max(len(name) for name in (*facts, *figures))
    lines = [f"{version.full_name}{', the champion' if version.is_champion else ''}", ""]
    lines += [f"{name:{width}}  {value}" for name, value in facts.items()]
    if version.description:
        lines += ["", *version.description.splitlines()]
    if figures:
        lines += ["", "metrics of its run", *(f"{name:{width}}  {value}" for name, value in figures.items())]
    return lines


def _place(settings: Settings) -> str:
    return f"mlflow.tracking_uri {settings.mlflow.tracking_uri}"


def _print(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def _print_json(content: object) -> None:
    sys.stdout.write(json_format.dumps(content, indent=2, default=str, ensure_ascii=False) + "\n")


main = job_main(COMMANDS)

if __name__ == "__main__":
    sys.exit(main())
