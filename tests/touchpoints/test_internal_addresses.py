"""Addresses of the shop's own people: single ones and ranges, of both kinds, however they are written."""

from __future__ import annotations

import random
from ipaddress import ip_address, ip_network

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.internal_addresses import is_internal
from touchpoints.knobs import InternalAddresses
from warehouse.errors import UsageError
from warehouse.settings_file import knobs_of


def internal(spark: SparkSession, ranges: list[str], addresses: list[str | None]) -> list[str | None]:
    knobs = knobs_of(InternalAddresses, {"internal_ips": ranges})
    frame = spark.createDataFrame([(address,) for address in addresses], "ip string")
    found = {row["ip"] for row in frame.where(is_internal(F.col("ip"), knobs.internal_ips)).collect()}
    return [address for address in addresses if address in found]


@pytest.mark.parametrize(
    ("ranges", "inside", "outside"),
    [
        (["203.0.113.7"], ["203.0.113.7", "::ffff:203.0.113.7", " 203.0.113.7 "], ["203.0.113.70", "20.30.113.7"]),
        (["203.0.113.0/24"], ["203.0.113.0", "203.0.113.99", "203.0.113.255"], ["203.0.112.255", "203.0.114.0"]),
        (["203.0.113.7/24"], ["203.0.113.200"], ["203.0.11.200"]),
        (["10.0.0.0/8", "192.0.2.7"], ["10.1.2.3", "10.255.0.1", "192.0.2.7"], ["100.0.0.1", "9.255.255.255"]),
        (["2001:db8::/32"], ["2001:db8::1", "2001:DB8:ffff::", "2001:0db8:0:0:0:0:0:9"], ["2001:db9::1", "2001::1"]),
        (["2001:DB8:0:0:0:0:0:1"], ["2001:db8::1"], ["2001:db8::2", "::1"]),
        (["fe80::/10", "::1"], ["fe80::1", "febf::", "::1", "0:0:0:0:0:0:0:1"], ["fec0::", "::2", "::"]),
    ],
)
def test_an_address_of_a_range_is_internal(
    spark: SparkSession, ranges: list[str], inside: list[str], outside: list[str]
) -> None:
    assert internal(spark, ranges, [*inside, *outside, "unknown", "", None]) == inside


def test_without_ranges_nobody_is(spark: SparkSession) -> None:
    assert internal(spark, [], ["10.0.0.1", None]) == []


def test_random_addresses_are_in_the_ranges_that_python_finds_them_in(spark: SparkSession) -> None:
    chance = random.Random(20260301)
    v4 = [str(ip_address(chance.getrandbits(32))) for _ in range(300)]
    v6 = [str(ip_address(chance.getrandbits(4) << 124 | chance.getrandbits(20))) for _ in range(300)]
    ranges = [f"{chance.choice(v4)}/{chance.randint(3, 8)}" for _ in range(5)]
    ranges += [f"{chance.choice(v6)}/{chance.randint(2, 120)}" for _ in range(5)]
    networks = [ip_network(text, strict=False) for text in ranges]

    expected = [text for text in v4 + v6 if any(ip_address(text) in network for network in networks)]

    assert internal(spark, ranges, [*v4, *v6]) == expected
    assert 50 < len(expected) < 550


@pytest.mark.parametrize(
    "text", ["", "10.0.0.300", "10.0.0", "10.0.0.*", "10.0.0.1-10.0.0.9", "shop.com", "203.0.113.0/33", "0.0.0.0/0"]
)
def test_what_no_address_can_ever_match_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"internal_ips\.0"):
        knobs_of(InternalAddresses, {"internal_ips": [text]})
