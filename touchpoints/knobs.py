"""The knobs of silver: identities, sessions, touchpoints, conversions, ad spend and exchange rates."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from touchpoints.channels import ChannelRules, load_channel_rules
from touchpoints.source_list import SourceList, load_sources
from warehouse.knobs import CurrencyCode, Knobs, PositiveDays, TimeZone


class Identity(Knobs):
    """Which login an anonymous event belongs to."""

    login_window_days: PositiveDays


class SessionGap(Knobs):
    """What ends a visit."""

    timeout_minutes: Annotated[int, Field(gt=0)]


class RobotLimit(Knobs):
    """The number of events above which a visit is a robot's."""

    max_events: Annotated[int, Field(gt=0)]


class Sessions(SessionGap, RobotLimit):
    """What ends a visit, and which visits are robots'."""


class OwnDomains(Knobs):
    """The shop's own domains: referrals from them are no source."""

    own_domains: list[str]


class InternalAddresses(Knobs):
    """The addresses of the shop's own people, whose events count as those of robots."""

    internal_ips: list[str]


class AdsConsent(Knobs):
    """The consent of an event that does not give it."""

    consent_ads_missing: bool


class EmailMask(Knobs):
    """Whether e-mail addresses in links are kept out of silver."""

    mask_emails: bool


class HitKnobs(OwnDomains, InternalAddresses, AdsConsent, EmailMask):
    """The knobs of `build_hits`."""


class RuleFiles(Knobs):
    """The files with channel rules, and with known sources and click ids."""

    channels_file: str
    sources_file: str

    def channel_rules(self) -> ChannelRules:
        """The channel rules; UsageError, naming file and entry, where they do not fit."""
        return load_channel_rules(self.channels_file)

    def sources(self) -> SourceList:
        """The known sources; UsageError, naming file and entry, where they do not fit."""
        return load_sources(self.sources_file)

    def content(self) -> str:
        """The content of both files, whatever their paths."""
        return f"{self.channel_rules().model_dump_json()}\n{self.sources().model_dump_json()}"


class Touchpoints(HitKnobs, RuleFiles):
    """Which events are no touches, defaults for what the sender did not give, and the files with channel rules."""


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

    platforms: dict[str, PlatformDefault]


class AccountDefault(Knobs):
    """Currency and time zone of an ad account where its export does not give them."""

    currency: CurrencyCode
    timezone: TimeZone


class AdSpend(Platforms):
    """Defaults for the fields that ad spend lacks."""

    accounts: dict[str, AccountDefault]


class ExchangeRates(Knobs):
    """How old a rate may be."""

    max_age_days: Annotated[int, Field(ge=0)]
