"""The knobs of the simulated shop, its clock and its random streams."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAY = 86_400.0

# How busy each hour of the day is (0 h .. 23 h, local time): quiet nights, a peak after dinner.
_HOURLY = np.array([3, 2, 1, 1, 1, 1, 2, 4, 6, 7, 7, 8, 9, 8, 7, 7, 7, 7, 8, 9, 10, 11, 9, 6], dtype=np.float64)
_BUSY = np.concatenate([[0.0], np.cumsum(_HOURLY) / _HOURLY.sum()])


@dataclass(frozen=True)
class Shop:
    """All knobs of a simulated shop; the same knobs give the same bytes.

    Size and place
        seed (20260301): start of every random stream.
        start_date (2026-03-01): first day with events, in `zone`.
        days (60): days with events.
        visitors (24000): people who are not yet customers and visit within those days.
        customers_before (None): customers with orders before start_date; None = a fifth of `visitors`.
        history_months (18): months before start_date that have orders.
        zone ("Asia/Seoul"): the shop's time zone, for days of files and spend; its offset at start_date is used.
        currency ("KRW"): of orders, of local ad accounts and of the prices below.
        usd_per_unit (1/1380): mean exchange rate, USD for one unit of `currency`.
        usd_order_share (0.02): share of orders paid in USD.
        domain ("example.com"): the shop's own registrable domain.

    Buying (Pareto/NBD and Gamma-Gamma; rates per day)
        r (0.8), alpha (60 days): gamma distribution of purchase rates.
        s (0.6), beta (70 days): gamma distribution of dropout rates.
        spend_p (6), spend_q (4): shapes of the Gamma-Gamma distribution of order values.
        mean_order_value (60000): of all orders, in `currency`.
        base_hazard (0.0003 per day): mean hazard of a first purchase that no channel caused.
        channel_lift (1.0): multiplies what every campaign adds to that hazard; 0 = marketing has no effect.
        effect_decay_days (4.0): the lasting part of a touch's effect fades as exp(-days / this).
        repeat_lift (0.0): chance that a customer's touch makes an extra repeat purchase, as a multiple of the
            campaign's immediate effect; 0 = repeats do not depend on touches.
        refund_share (0.04), partial_refund_share (0.02), cancel_share (0.02), delete_share (0.003): of orders.

    Visits
        visit_tail (1.5): tail index of visits per visitor, P(visits >= k) = k^-this; smaller = heavier.
        cart_share (0.16): share of prospects' visits that fill a cart without buying.
        shared_device_share (0.02): share of people who share one tablet with another person.
        guest_share (0.08): share of prospects who buy without an account.
        abuse_share (0.04): share of purchases claimed by a click flood. Android installs are injected four times as
            often.
        spend_factor (1.0): multiplies all ad spend.

    Dirt (shares of event lines)
        duplicate_share (0.01): sent again, same payload. conflict_share (0.0005): sent again, other payload.
        late_share (0.01): received 1 to 6 days later. out_of_order_share (0.02): minutes to hours later.
        malformed_share (0.001): cut lines, text, arrays. missing_field_share (0.001): a required field is missing.
        wrong_case_share (0.0005): a required key in another case. bad_value_share (0.0005): an invalid event_ts.
        clock_skew_share (0.003): of visits, with a device clock 10 minutes to 2 days ahead.
        bot_share (0.04): lines sent by crawlers and scripts.
    """

    seed: int = 20260301
    start_date: date = date(2026, 3, 1)
    days: int = 60
    visitors: int = 24_000
    customers_before: int | None = None
    history_months: int = 18
    zone: str = "Asia/Seoul"
    currency: str = "KRW"
    usd_per_unit: float = 1 / 1380
    usd_order_share: float = 0.02
    domain: str = "example.com"

    r: float = 0.8
    alpha: float = 60.0
    s: float = 0.6
    beta: float = 70.0
    spend_p: float = 6.0
    spend_q: float = 4.0
    mean_order_value: float = 60_000.0
    base_hazard: float = 0.0003
    channel_lift: float = 1.0
    effect_decay_days: float = 4.0
    repeat_lift: float = 0.0
    refund_share: float = 0.04
    partial_refund_share: float = 0.02
    cancel_share: float = 0.02
    delete_share: float = 0.003

    visit_tail: float = 1.5
    cart_share: float = 0.16
    shared_device_share: float = 0.02
    guest_share: float = 0.08
    abuse_share: float = 0.04
    spend_factor: float = 1.0

    duplicate_share: float = 0.01
    conflict_share: float = 0.0005
    late_share: float = 0.01
    out_of_order_share: float = 0.02
    malformed_share: float = 0.001
    missing_field_share: float = 0.001
    wrong_case_share: float = 0.0005
    bad_value_share: float = 0.0005
    clock_skew_share: float = 0.003
    bot_share: float = 0.04

    def __post_init__(self) -> None:
        """Refuse an impossible shop; the ValueError names the knob."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_share") and not 0 <= value < 1:
                raise ValueError(f"{field.name} is {value}: a share lies in [0, 1)")
        for name in ("days", "visitors", "history_months"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: at least 1 is needed")
        positive = ("r", "alpha", "s", "beta", "spend_p", "mean_order_value", "effect_decay_days", "usd_per_unit")
        for name in positive:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be positive")
        for name in ("base_hazard", "channel_lift", "repeat_lift", "spend_factor", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must not be negative")
        if self.spend_q <= 1 or self.visit_tail <= 1:
            raise ValueError("spend_q and visit_tail must be above 1: the means do not exist below")
        if self.customers_before is not None and self.customers_before < 0:
            raise ValueError(f"customers_before is {self.customers_before}: it must not be negative")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"zone {self.zone!r} is no time zone of the tz database") from error

    @property
    def customers(self) -> int:
        """How many customers have orders before start_date."""
        return self.visitors // 5 if self.customers_before is None else self.customers_before

    @property
    def history_start(self) -> date:
        """The first day that may have orders: history_months calendar months before start_date."""
        month = self.start_date.year * 12 + self.start_date.month - 1 - self.history_months
        return date(month // 12, month % 12 + 1, min(self.start_date.day, 28))

    @property
    def history_days(self) -> int:
        """Days with orders but without events."""
        return (self.start_date - self.history_start).days

    @property
    def offset(self) -> timedelta:
        """Local time minus UTC at start_date."""
        offset = datetime.combine(self.start_date, datetime.min.time(), ZoneInfo(self.zone)).utcoffset()
        return offset or timedelta(0)

    @property
    def start_seconds(self) -> float:
        """Start of the first day with events, seconds since 1970 UTC."""
        midnight = datetime.combine(self.start_date, datetime.min.time(), UTC)
        return midnight.timestamp() - self.offset.total_seconds()

    @property
    def end_seconds(self) -> float:
        """End of the last day, exclusive, seconds since 1970 UTC."""
        return self.start_seconds + self.days * DAY

    def day(self, index: int) -> date:
        """The local date `index` days after start_date."""
        return self.start_date + timedelta(days=index)

    def random(self, purpose: str) -> np.random.Generator:
        """A separate random stream per purpose, so that an extra draw for one purpose changes no other."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])

    def seconds(self, clock: Floats) -> Floats:
        """Shop clock (days since start_date, every hour equally busy) to seconds since 1970 UTC.

        Purchases and visits are drawn on an even clock. This monotone map makes nights quiet and evenings busy; it
        changes neither the order of events nor their days.
        """
        day = np.floor(clock)
        hours = np.interp(clock - day, _BUSY, np.arange(25))
        return self.start_seconds + day * DAY + hours * 3600.0


def identifiers(numbers: Ints, salt: int) -> list[str]:
    """Numbers to 16 hex digits that look random and are unique within one salt (splitmix64, a bijection)."""
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) + np.uint64(salt % 2**64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return [f"{value:016x}" for value in z.tolist()]


def money_text(value: float, currency: str) -> str:
    """An amount as feeds write it: two decimals, or whole units for currencies without cents."""
    return f"{value:.0f}" if currency in ("KRW", "JPY", "VND") else f"{value:.2f}"
