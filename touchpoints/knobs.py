"""The knobs of silver: identities, sessions, touchpoints, conversions, ad spend and exchange rates."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from touchpoints.channels import ChannelRules, load_channel_rules
from touchpoints.hosts import OwnedHost, OwnHost
from touchpoints.internal_addresses import AddressRange
from touchpoints.source_list import SourceList, load_sources
from warehouse.knobs import AdsUse, AnalyticsUse, CurrencyCode, Knobs, PositiveDays, TimeZone


def _parameter(name: str) -> str:
    parameter = name.strip().lower()
    if not re.fullmatch(r"[a-z0-9_.-]+", parameter):
        raise ValueError("is no URL parameter: name one such as utm_id")
    return parameter


def _platform(name: str) -> str:
    platform = name.strip().lower()  # as platforms of landed rows are
    if not platform:
        raise ValueError("is no platform: name one such as google_ads")
    return platform


def _account(id_: str) -> str:
    """The id as landed rows have it: 1234567890 for 123-456-7890, 123 for act_123."""
    account = id_.strip().removeprefix("act_")
    if not account:
        raise ValueError("is no account id")
    return account.replace("-", "") if re.fullmatch(r"[0-9]+(?:-[0-9]+)+", account) else account


def _text_of_number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


SHORTEST_PART = 4  # characters

Parameter = Annotated[str, AfterValidator(_parameter)]  # of a URL; matched in any case
PlatformName = Annotated[str, AfterValidator(_platform)]
AccountId = Annotated[str, BeforeValidator(_text_of_number), AfterValidator(_account)]


class LoginWindow(Knobs):
    """Which login an anonymous event belongs to."""

    login_window_days: PositiveDays


class Aliases(Knobs):
    """How many logins of the tracker may be one buyer of the shop."""

    max_aliases: Annotated[int, Field(ge=0)]


class Identity(LoginWindow, Aliases):
    """Which ids are one person."""


class SessionGap(Knobs):
    """What ends a visit."""

    timeout_minutes: Annotated[int, Field(gt=0)]
    max_hours: Annotated[int, Field(gt=0, le=24 * 366)]


class RobotLimit(Knobs):
    """What a visit is a robot's by: its number of events, and from `robot_pages` page views on their pace."""

    max_events: Annotated[int, Field(gt=0)]
    robot_pages: Annotated[int, Field(ge=3)]
    max_pages_per_minute: Annotated[float, Field(gt=0)]
    even_gap_seconds: Annotated[float, Field(ge=0, le=600)]
    even_gap_variation: Annotated[float, Field(ge=0, lt=1)]


class Sessions(SessionGap, RobotLimit):
    """What ends a visit, and which visits are robots'."""


class Fragments(Knobs):
    """Whether parameters after the # of a page count."""

    read_fragment: bool


class CampaignIds(Knobs):
    """The parameters that carry an ad platform's campaign id."""

    campaign_id_parameters: list[Parameter]


class OtherParameters(Knobs):
    """Parameters that count like those of UTM, each after them."""

    other_parameters: dict[Literal["source", "medium", "campaign", "content", "term", "id"], list[Parameter]]


class Links(Fragments, CampaignIds, OtherParameters):
    """How the links of campaigns are read."""


class NoSource(Knobs):
    """Hosts that are no source: the shop's own domains, and pages on the way to an order beside the known ones."""

    own_domains: list[OwnHost]
    ignored_referrers: list[OwnedHost]

    @property
    def hosts(self) -> list[str]:
        """All of them."""
        return [*self.own_domains, *self.ignored_referrers]


class InternalAddresses(Knobs):
    """The addresses of the shop's own people, whose events count as those of robots."""

    internal_ips: list[AddressRange]


def _text_of_agent(text: str) -> str:
    """A part of an agent, long enough to be one: a shorter one would be found in most agents."""
    if len(part := text.strip()) < SHORTEST_PART:
        raise ValueError(f"is no part of a user agent: it needs at least {SHORTEST_PART} characters, such as ShopApp/")
    return part


AgentPart = Annotated[str, AfterValidator(_text_of_agent)]  # matched anywhere in an agent, in any case


class RobotAgents(Knobs):
    """Parts of user agents that show robots, and parts that show people, beside the known ones."""

    robot_agents: list[AgentPart]
    people_agents: list[AgentPart]


class AdsConsent(Knobs):
    """The consent of an event that does not give it."""

    consent_ads_missing: bool


class PersonalData(Knobs):
    """What of personal data in links is kept out of silver."""

    mask_emails: bool
    mask_phones: bool
    mask_tokens: bool


class HitKnobs(NoSource, InternalAddresses, RobotAgents, AnalyticsUse, AdsConsent, Links, PersonalData):
    """The knobs of `build_hits`."""


class RuleFiles(Knobs):
    """The files with channel rules, and with known sources and click ids, and how the rules are read."""

    channels_file: str
    sources_file: str
    more_sources_files: list[str]
    click_ids_overrule: bool

    def channel_rules(self) -> ChannelRules:
        """The channel rules; UsageError, naming file and entry, where they do not fit."""
        rules = load_channel_rules(self.channels_file)
        return rules if self.click_ids_overrule else rules.model_copy(update={"is_strict": True})

    def sources(self) -> SourceList:
        """The known sources; UsageError, naming file and entry, where they do not fit."""
        return load_sources(self.sources_file, self.more_sources_files)

    def content(self) -> str:
        """The content of the files, whatever their paths; the days on which lists were gone through change nothing."""
        return f"{self.channel_rules().model_dump_json()}\n{self.sources().model_dump_json(exclude={'listed_on'})}"


class Touchpoints(HitKnobs, AdsUse, RuleFiles):
    """Which events are no touches, what consent allows to use, defaults for what the sender did not give, and the files
    with channel rules."""


class AdAbuse(Knobs):
    """Which claims of an ad are abuse; see touchpoints/abuse_signals.py for the signals."""

    min_probability: Annotated[float, Field(gt=0, le=1)]
    several_clicks: Annotated[int, Field(ge=2)]
    install_seconds: Annotated[int, Field(gt=0, le=3600)]
    on_site_seconds: Annotated[int, Field(ge=0, le=3600)]


class ConversionTypes(Knobs):
    """Which events are success: names of events, final and auxiliary."""

    final: list[str]
    auxiliary: list[str]

    @property
    def all_types(self) -> list[str]:
        """Final types first."""
        return [*self.final, *self.auxiliary]


class DefaultCurrency(Knobs):
    """The currency of a sale without one; null = the sale is quarantined."""

    default_currency: CurrencyCode | None


class Conversions(ConversionTypes, DefaultCurrency):
    """Which events are success, and the currency of a sale that names none."""


class PlatformDefault(Knobs):
    """Source and medium of a platform's ads where its export does not give them."""

    source: str
    medium: str


class Platforms(Knobs):
    """Source and medium of each ad platform's rows that name none."""

    platforms: dict[PlatformName, PlatformDefault]


class AccountDefault(Knobs):
    """Currency and time zone of an ad account where its export does not give them."""

    currency: CurrencyCode
    timezone: TimeZone


class AdSpend(Platforms):
    """Defaults for the fields that ad spend lacks."""

    accounts: dict[AccountId, AccountDefault]


class ExchangeRates(Knobs):
    """How old a rate may be."""

    max_age_days: Annotated[int, Field(ge=0)]
