"""Addresses held against rules."""

import functools
import re
from collections.abc import Iterable, Iterator

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipelines.rejection import Rejection
from pipelines.urls.address import host_of
from pipelines.urls.lists import is_list, read_list
from pipelines.urls.rules import UrlRules

SIGNS = re.compile(r"[\W_]+")
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")


class BlockedUrls:
    """Rules with their lists read. Domains and addresses are kept as 64-bit hashes, 8 bytes for each.

    Args:
        rules: their files' paths absolute.

    Raises:
        PhaselineError: there is no such list.
    """

    def __init__(self, rules: UrlRules) -> None:
        self._domains = hashes(rules.block_domains)
        self._addresses = hashes(rules.block_addresses)
        self._top_level = frozenset(entries(rules.block_top_level))
        self._words = frozenset(entries(rules.block_words))
        self._soft_words = frozenset(entries(rules.soft_words))
        self._max_soft_words = rules.max_soft_words
        substrings = sorted({SIGNS.sub("", entry) for entry in entries(rules.block_substrings)} - {""})
        self._substring = re.compile("|".join(map(re.escape, substrings))) if substrings else None

    def rejection(self, url: str | None) -> Rejection | None:
        """The first rule that an address breaks; None where it breaks none or is not known."""
        if not url:
            return None
        url = url.lower()
        return self._by_host(host_of(url)) or self._by_address(SCHEME.sub("", url).rstrip("/")) or self._by_words(url)

    def _by_host(self, host: str) -> Rejection | None:
        if host.rpartition(".")[2] in self._top_level:
            return Rejection("url_top_level", host)
        blocked = next((domain for domain in domains_of(host) if holds(self._domains, domain)), None)
        return Rejection("url_domain", blocked) if blocked else None

    def _by_address(self, address: str) -> Rejection | None:
        return Rejection("url_address", address) if holds(self._addresses, address) else None

    def _by_words(self, url: str) -> Rejection | None:
        words = SIGNS.split(url)
        blocked = self._words.intersection(words)
        if blocked:
            return Rejection("url_word", min(blocked))
        soft = self._soft_words.intersection(words)
        if len(soft) > self._max_soft_words:
            return Rejection("url_soft_words", f"{', '.join(sorted(soft))} > {self._max_soft_words}")
        found = self._substring.search("".join(words)) if self._substring else None
        return Rejection("url_substring", found.group()) if found else None


@functools.lru_cache(maxsize=4)
def blocked_urls(rules: UrlRules) -> BlockedUrls:
    """The rules with their lists read, once in a process."""
    return BlockedUrls(rules)


def entries(values: Iterable[str]) -> Iterator[str]:
    """What a field of the rules lists, in lower case."""
    for value in values:
        yield from read_list(value) if is_list(value) else [value.lower()]


def hashes(values: Iterable[str]) -> NDArray[np.uint64]:
    """The hashes of all entries, ascending."""
    return np.sort(np.fromiter((xxhash.xxh3_64_intdigest(entry) for entry in entries(values)), np.uint64))


def holds(sorted_hashes: NDArray[np.uint64], entry: str) -> bool:
    if not len(sorted_hashes):
        return False
    wanted = np.uint64(xxhash.xxh3_64_intdigest(entry))
    place = int(np.searchsorted(sorted_hashes, wanted))
    return place < len(sorted_hashes) and bool(sorted_hashes[place] == wanted)


def domains_of(host: str) -> Iterator[str]:
    """A host and all domains above it, the longest first."""
    while host:
        yield host
        host = host.partition(".")[2]
