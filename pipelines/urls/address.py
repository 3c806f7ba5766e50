"""The parts of a page's address."""

import functools
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


def host_of(url: str) -> str:
    """The host in lower case, without user, port and final dot; empty where an address has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


@functools.lru_cache(maxsize=1 << 16)
def site_of(host: str) -> str:
    """The registered domain of a host, by the Public Suffix List that ``publicsuffixlist`` brings.

    Pages of ``www.example.co.uk`` and of ``blog.example.co.uk`` are of the site ``example.co.uk``. A host that is an IP
    address or stands below no public suffix is a site of its own.
    """
    return host if is_ip_address(host) else suffixes().privatesuffix(host) or host


@functools.cache
def suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
