"""Where a conversion's credit comes from: its path, each model's credit, the rules that decided, the landed lines."""

from __future__ import annotations

import json as json_format
import sys
from typing import Annotated

import typer

from attribution.knobs import JourneyKnobs
from jobs.audit_words import as_data, in_words
from jobs.ending import exit_code_of
from jobs.options import Config, Json, job_main
from jobs.settings import Settings, load_settings
from published.conversion_audit import AuditedConversion, read_conversion
from published.landed_lines import read_landed_lines
from published.publication import read_published
from published.unattributed_cause import JourneyWindow
from warehouse.errors import InputError, UsageError
from warehouse.knobs import AdsUse
from warehouse.messages import printable, say_line

ConversionId = Annotated[str, typer.Argument(help="conversion_id, as in gold.attribution_credits.")]
RunId = Annotated[str | None, typer.Option("--run", help="The run whose publication is read. Default: the newest.")]
Personal = Annotated[bool, typer.Option("--personal", help="Show ids, pages and whole landed lines, too.")]


def audit(
    conversion_id: ConversionId,
    config: Config = None,
    run_id: RunId = None,
    personal: Personal = False,
    json: Json = False,
) -> None:
    """Show a conversion's path, each model's credit, the rule that decided each touch, and the landed lines.

    Example: distributary audit 34f22d777a0ab093ffb14a379184de05 --config conf/demo.yaml

    Starts no JVM. What names a person is left out without --personal.
    """

    def action() -> None:
        settings = load_settings(config)
        conversion = audited(settings, conversion_id, run_id)
        lines = read_landed_lines(conversion.records, settings.landing.root, personal=personal)
        if json:
            data = as_data(conversion, lines, personal=personal)
            text = json_format.dumps(data, indent=2, default=str, ensure_ascii=False)
        else:
            text = "\n".join(map(printable, in_words(conversion, lines, personal=personal)))
        sys.stdout.write(text + "\n")

    raise typer.Exit(exit_code_of(action))


def audited(settings: Settings, conversion_id: str, run_id: str | None = None) -> AuditedConversion:
    """The conversion in the publication of a run, or the newest. UsageError where it has none of that id."""
    published = read_published(settings.lake, run_id=run_id)
    found = read_conversion(published, conversion_id, window=journey_window(settings), secret=secret_of(settings))
    if found is not None:
        return found
    if not published.versions.keys() >= {"silver.conversions", "gold.attribution_credits"}:
        raise InputError(f"{settings.lake}: conversions and credits are not published: run `distributary pipeline`")
    raise UsageError(
        f"no conversion {conversion_id[:80]!r} is among those that run {published.run_id} published; "
        "`conversion_id` of gold.attribution_credits names them"
    )


def secret_of(settings: Settings) -> bytes | None:
    """The key of tokens; without it all but the landed rows is shown."""
    try:
        return settings.privacy.secret()
    except UsageError as error:
        say_line(f"landed rows are not looked for: {error}")
        return None


def journey_window(settings: Settings) -> JourneyWindow:
    """What the settings say of the touches that a conversion looks back to."""
    journeys = settings.part(JourneyKnobs)
    return JourneyWindow(
        lookback_days=journeys.lookback_days,
        lookback_days_by_type=journeys.lookback_days_by_type,
        clicks_take_part="click" in journeys.interactions,
        without_ads_consent=settings.part(AdsUse).without_ads_consent,
    )


main = job_main(audit)

if __name__ == "__main__":
    sys.exit(main())
