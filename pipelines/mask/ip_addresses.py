"""IP addresses of the public Internet, replaced by addresses of documentation (RFC 5737; RFC 3849)."""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from pipelines.mask.replacement import drawn, replace_spans

# Inside of every address, and fast to find: its middle numbers; two colons near each other.
MIDDLE_OF_IPV4 = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.")
MIDDLE_OF_IPV6 = re.compile(r":[0-9a-fA-F]{0,4}:")
FIRST_NUMBER = re.compile(r"(?<![\w.:$+-])[0-9]{1,3}\Z")
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = re.compile(rf"{OCTET}(?:\.{OCTET}){{3}}(?!\w|[.-]\w)")
# Global unicast addresses are those of 2000::/3 (RFC 4291, section 2.4).
IPV6 = re.compile(r"(?<![\w.:])[23][0-9a-f]{3}:(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{1,4}(?![\w:]|\.\w)", re.IGNORECASE)
VERSION = re.compile(
    r"(?:\b(?:versions?|ver|releases?|build|revision|rev|firmware|v|sections?|chapter|rfc)[\s:.=\"'#v]*|§\s?|[a-z]/|[<>=~^]\s?)\Z",
    re.IGNORECASE,
)
GREATEST_VERSION = 20  # four numbers up to this are a version or a section far more often than an address
DOCUMENTATION = ("192.0.2", "198.51.100", "203.0.113")


def mask_ip_addresses(text: str) -> tuple[str, int]:
    """Public addresses replaced; private and reserved ones and the numbers of versions and sections stay."""
    text, num_masked_ipv4 = replace_spans(text, ipv4_addresses(text), ipv4_replacement)
    text, num_masked_ipv6 = replace_spans(text, ipv6_addresses(text), ipv6_replacement)
    return text, num_masked_ipv4 + num_masked_ipv6


def ipv4_addresses(text: str) -> Iterator[tuple[int, int]]:
    for middle in MIDDLE_OF_IPV4.finditer(text):
        first = FIRST_NUMBER.search(text, max(0, middle.start() - 4), middle.start())
        found = IPV4.match(text, first.start()) if first else None
        if found and not VERSION.search(text, max(0, found.start() - 16), found.start()):
            yield found.span()


def ipv6_addresses(text: str) -> Iterator[tuple[int, int]]:
    for middle in MIDDLE_OF_IPV6.finditer(text):
        found = IPV6.match(text, max(0, middle.start() - 4))
        if found:
            yield found.span()


def ipv4_replacement(written: str) -> str | None:
    address = IPv4Address(written)
    if not address.is_global or address.is_multicast or max(address.packed) <= GREATEST_VERSION:
        return None
    number = drawn(written)
    return f"{DOCUMENTATION[number % len(DOCUMENTATION)]}.{1 + (number >> 32) % 254}"


def ipv6_replacement(written: str) -> str | None:
    try:
        address = IPv6Address(written)
    except AddressValueError:
        return None
    if not address.is_global:
        return None
    number = drawn(str(address))
    return f"2001:db8::{number >> 48:x}:{number >> 32 & 0xFFFF:x}"
