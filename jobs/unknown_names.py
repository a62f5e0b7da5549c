"""Names in settings that nothing can ever have: each would be a knob without effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from published.metrics import metrics
from touchpoints.page_query import INSTALLS
from touchpoints.source_list import conf_file
from warehouse.errors import did_you_mean
from warehouse.knobs import Misfit
from warehouse.terms import UNATTRIBUTED

if TYPE_CHECKING:
    from jobs.settings import Settings

Place = tuple[str | int, ...]


def names_of_nothing(settings: Settings, base: Mapping[str, Any]) -> Iterator[Misfit]:
    """Each name that is of no adapter, field, conversion type, channel or file; `base`: what a user starts from."""
    yield from _inputs(settings, base)
    yield from _conversion_types(settings, base)
    where = "is no metric of conf/metrics.yaml"
    yield from _unknown(("report", "targets"), settings.report.targets, metrics(), where)
    missing = [*_files(settings)]
    yield from missing
    if not missing:
        yield from _channels(settings, base)


def _inputs(settings: Settings, base: Mapping[str, Any]) -> Iterator[Misfit]:
    inputs = settings.landing.inputs
    if [chosen.model_dump(exclude_unset=True) for chosen in inputs] == base["landing"]["inputs"]:
        return
    # Adapters load Spark's Python.
    from intake.inputs import misfits_of  # noqa: PLC0415

    for position, chosen in enumerate(inputs):
        for place, wrong in misfits_of(chosen):
            yield Misfit(("landing", "inputs", position, *place), wrong)


def _conversion_types(settings: Settings, base: Mapping[str, Any]) -> Iterator[Misfit]:
    knobs, known = settings.attribution, settings.conversions.all_types
    usual = [*base["conversions"]["final"], *base["conversions"]["auxiliary"]]
    for group, types in (("final", settings.conversions.final), ("auxiliary", settings.conversions.auxiliary)):
        for position, name in enumerate(types):
            # Events of these names are in lower case, however they were sent.
            if name not in usual and name.lower() in usual:
                yield Misfit(
                    ("conversions", group, position), f"no event is called {name}; did you mean {name.lower()}?"
                )
            if name.lower() in INSTALLS[1:]:
                yield Misfit(("conversions", group, position), f"{name} counts as {INSTALLS[0]}: name that")
    where = "is neither in conversions.final nor in .auxiliary"
    for knob in ("conversion_types", "milestones"):
        names = getattr(knobs, knob)
        yield from _unknown(("attribution", knob), names, known, where, usual=base["attribution"][knob])
    lookbacks = ("attribution", "lookback_days_by_type")
    yield from _unknown(lookbacks, knobs.lookback_days_by_type, knobs.conversion_types, "is not in .conversion_types")


def _files(settings: Settings) -> Iterator[Misfit]:
    for knob in ("channels_file", "sources_file"):
        name = getattr(settings.touchpoints, knob)
        if not conf_file(name).is_file():
            yield Misfit(("touchpoints", knob), f"there is no file {name}, neither here nor in conf/")
    for position, name in enumerate(settings.touchpoints.more_sources_files):
        if not conf_file(name).is_file():
            yield Misfit(
                ("touchpoints", "more_sources_files", position), f"there is no file {name}, neither here nor in conf/"
            )


def _channels(settings: Settings, base: Mapping[str, Any]) -> Iterator[Misfit]:
    knobs, usual = settings.attribution, base["attribution"]["paid_channels"]
    networks, usual_networks = settings.skan.networks, base["skan"]["networks"]
    of_teams = [team.chosen_channels or () for team in settings.digest.teams]
    is_usual = knobs.paid_channels == usual and not knobs.channel_weights and networks == usual_networks
    if is_usual and not any(of_teams):
        return
    known = settings.touchpoints.channel_rules().channels
    where = f"is no channel of {settings.touchpoints.channels_file}"
    yield from _unknown(("attribution", "paid_channels"), knobs.paid_channels, known, where, usual=usual)
    yield from _unknown(("attribution", "channel_weights"), knobs.channel_weights, known, where)
    for position, names in enumerate(of_teams):
        shown = [*known, UNATTRIBUTED]
        yield from _unknown(("digest", "teams", position, "channels"), names, shown, where)
    for network, channel in networks.items():
        if channel not in known and usual_networks.get(network) != channel:
            yield Misfit(("skan", "networks", network), f"{channel} {where}{did_you_mean(channel, known)}")


def _unknown(
    place: Place, names: Iterable[str], known: Iterable[str], where: str, *, usual: Iterable[str] = ()
) -> Iterator[Misfit]:
    """A misfit for each of `names` that is not among `known`, unless all of them are as usual."""
    if (listed := list(names)) == list(usual):
        return
    for position, name in enumerate(listed):
        if name not in known:
            at = position if not isinstance(names, Mapping) else name
            yield Misfit((*place, at), f"{name} {where}{did_you_mean(name, known)}")
