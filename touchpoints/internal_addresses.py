"""Which events come from addresses of the shop's own people: single ones and ranges (203.0.113.0/24), IPv4 and IPv6."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator
from pyspark.sql import Column
from pyspark.sql import functions as F

MAPPED = "::ffff:"  # before an IPv4 address that is written as one of IPv6


def _known_range(text: str) -> str:
    try:
        network = ip_network(text.strip().removeprefix(MAPPED), strict=False)
    except ValueError as error:
        raise ValueError("is no address and no range such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32") from error
    if network.prefixlen == 0:
        raise ValueError("is the range of all addresses: every event would be internal")
    return str(network)


AddressRange = Annotated[str, AfterValidator(_known_range)]


def is_internal(ip: Column, ranges: Sequence[str]) -> Column:
    """Whether the text `ip` is an address of one of `ranges` (in CIDR form, each knob's own form)."""
    networks = [ip_network(text) for text in ranges]
    if not networks:
        return F.lit(False)
    spread, bounds = _spread(ip), [_bounds(network) for network in networks]
    single = [first for first, last in bounds if first == last]
    wide = [spread.between(F.lit(first), F.lit(last)) for first, last in bounds if first != last]
    return F.coalesce(reduce(Column.__or__, wide, spread.isin(single) if single else F.lit(False)), F.lit(False))


def _bounds(network: IPv4Network | IPv6Network) -> tuple[str, str]:
    """The first and the last address, in the form of `_spread`."""
    first, last = network[0], network[-1]
    if isinstance(network, IPv4Network):
        return tuple(".".join(part.zfill(3) for part in str(end).split(".")) for end in (first, last))  # type: ignore[return-value]
    return first.exploded.replace(":", ""), last.exploded.replace(":", "")


def _spread(ip: Column) -> Column:
    """An address with all its digits, so that addresses are ordered as texts: 203.000.113.007, 20010db8..."""
    plain = F.lower(F.trim(ip))
    v4 = F.regexp_replace(plain, "^[^.]*:", "")  # also after ::ffff:
    spread_v4 = F.array_join(F.transform(F.split(v4, "[.]"), lambda part: F.lpad(part, 3, "0")), ".")
    has_gap = F.contains(plain, F.lit("::"))
    before, after = (_hex_of(F.regexp_replace(plain, half, "")) for half in ("::[0-9a-f:.]*", "^[0-9a-f:.]*::"))
    zeros = F.repeat(F.lit("0"), F.lit(32) - F.length(before) - F.length(after))
    spread_v6 = F.when(has_gap, F.concat(before, zeros, after)).otherwise(_hex_of(plain))
    return F.when(F.contains(plain, F.lit(".")), spread_v4).otherwise(spread_v6)


def _hex_of(groups: Column) -> Column:
    """The digits of groups such as 2001:db8, four of each."""
    parts = F.filter(F.split(groups, ":"), lambda part: F.length(part) > 0)
    return F.array_join(F.transform(parts, lambda part: F.lpad(part, 4, "0")), "")
