"""Hosts in settings, in the form in which the host of a referrer is found."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

if TYPE_CHECKING:
    import tldextract

ANY_SUFFIX = ".*"  # google.* is google.com, google.co.kr and so on
# The suffixes that .* stands for: a country's, .com, .net, .org and the like. Under others anybody, or the company
# itself, has sites of other kinds: google.blog, amazon.jobs.
SUFFIX_OF_A_COUNTRY = r"[.](?:(?:co|com|net|ne|org|or)[.])?(?:[a-z]{2}|com|net|org|cat)"
ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?)?(?P<host>[^/?#:]*)")
# Letters of every script, digits, hyphens; a label of an app's package may have underscores.
LABEL = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")


def host_in_settings(text: str) -> str:
    """The host that `text` names: in lower case, without scheme, user, port, path, *. and www. before it.

    ValueError for what no referrer's host can ever be.

    >>> from touchpoints.hosts import host_in_settings
    >>> host_in_settings("https://www.Shop.com/kr")
    'shop.com'
    """
    plain = text.strip().lower()
    if _is_address(plain) or plain == "localhost":
        return plain
    host = ADDRESS.match(plain)["host"].strip(".").removeprefix("*.").removeprefix("www.")  # type: ignore[index]
    if _is_address(host):
        return host
    labels = host.removesuffix(ANY_SUFFIX).split(".")
    if not all(LABEL.fullmatch(label) for label in labels) or (len(labels) == 1 and not host.endswith(ANY_SUFFIX)):
        raise ValueError("is no host: name one such as shop.com or m.shop.com")
    return host


def _with_owner(host: str) -> str:
    if not host.endswith(ANY_SUFFIX) and is_public_suffix(host):
        raise ValueError("is a public suffix, under which anybody has hosts: name one such as shop.com")
    return host


def _under_one_suffix(host: str) -> str:
    if host.endswith(ANY_SUFFIX):
        raise ValueError("is a name under every suffix: name the shop's own domains one by one")
    return host


Host = Annotated[str, AfterValidator(host_in_settings)]
OwnedHost = Annotated[Host, AfterValidator(_with_owner)]
OwnHost = Annotated[OwnedHost, AfterValidator(_under_one_suffix)]


def written_forms(host: str) -> set[str]:
    """The host in Unicode and in the form of the domain name system (xn--...)."""
    forms = {host}
    with suppress(UnicodeError):
        forms.add(host.encode("idna").decode("ascii"))
    with suppress(UnicodeError):
        forms.add(host.encode("ascii").decode("idna"))
    return forms


def under_any_suffix(host: str) -> str | None:
    """google.co.kr gives google.*, as the lists write it; null under a suffix for which .* does not stand.

    >>> from touchpoints.hosts import under_any_suffix
    >>> under_any_suffix("uk.search.yahoo.com"), under_any_suffix("google.blog")
    ('uk.search.yahoo.*', None)
    """
    found = re.search(rf"{SUFFIX_OF_A_COUNTRY}\Z", host)
    return host[: found.start()] + ANY_SUFFIX if found and found.start() else None


def parent_domains(host: str) -> list[str]:
    """The host and the domains above it, the longest first: m.a.com, a.com, com."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def site_of(host: str, shared_domains: frozenset[str]) -> str | None:
    """The domain whose hosts have one owner: the registrable domain, below a shared platform the host.

    Null for a public suffix, and for the platform itself.

    >>> from touchpoints.hosts import site_of
    >>> site_of("m.shop.co.kr", frozenset()), site_of("one.myshopify.com", frozenset())
    ('shop.co.kr', 'one.myshopify.com')
    """
    parts = _registrable_on_platforms()(host)
    domain = parts.top_domain_under_public_suffix
    if parts.suffix and not domain:
        return None
    if not parts.suffix and not _is_address(host):
        domain = ".".join(host.split(".")[-2:])  # of no public suffix, as in a company's own network
    if not shared_domains.intersection(parent_domains(host)):
        return domain or host
    own_host = host.removeprefix("m.")
    return None if own_host in shared_domains else own_host


def is_public_suffix(host: str) -> bool:
    """Whether anybody can register a domain below it, as below com and co.kr."""
    parts = registrable()(host)
    return bool(parts.suffix) and not parts.domain


@cache
def registrable() -> tldextract.TLDExtract:
    """Finds the registrable domain of a host."""
    import tldextract  # noqa: PLC0415 (settings are read before it is known whether hosts are)

    # The list that comes with the package: nothing is fetched, nothing is cached on disk.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@cache
def _registrable_on_platforms() -> tldextract.TLDExtract:
    """The same, where a platform whose customers have hosts below its domain counts as a suffix: myshopify.com."""
    import tldextract  # noqa: PLC0415

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def _is_address(host: str) -> bool:
    if not host[:1].isdigit() and ":" not in host:
        return False
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
