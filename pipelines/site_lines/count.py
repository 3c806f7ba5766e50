"""The second job: which lines are repeated on how many pages of their site, a range of keys at a time."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.site_lines.collect import LINES, SITES
from pipelines.site_lines.declared import SiteLines
from pipelines.site_lines.keys import LOW_BITS, NUM_BUCKETS, bucket_start

ROWS_PER_PART = 64 << 20  # that a task counts
ROWS_IN_MEMORY = 8 << 20

Rows = NDArray[Any]  # of LINE or SITE, ascending by key


def count_parts(folder: Path) -> int:
    """How many tasks are to count the lines that the first job wrote: a matter of the data alone."""
    num_rows = sum(len(rows) for rows in mapped(folder, LINES))
    return min(max(-(-num_rows // ROWS_PER_PART), 1), NUM_BUCKETS)


def repeated_lines(folder: Path, rule: SiteLines, part: int, num_parts: int) -> NDArray[np.uint64]:
    """The keys of the lines that are a site's, in one of the parts, ascending; the parts follow each other."""
    lines, sites = mapped(folder, LINES), mapped(folder, SITES)
    found = [np.empty(0, np.uint64)]
    for bucket in range(NUM_BUCKETS * part // num_parts, NUM_BUCKETS * (part + 1) // num_parts):
        first, last = bucket_start(bucket), bucket_start(bucket + 1)
        num_rows = sum(len(rows) for rows in between(lines, first, last))
        if not num_rows:
            continue
        sites_of_bucket = summed(between(sites, first, last))
        for low, high in ranges(first, num_rows):
            found.append(those_of_sites(summed(between(lines, low, high)), sites_of_bucket, rule))
    return np.concatenate(found)


def mapped(folder: Path, pattern: str) -> list[Rows]:
    return [np.load(path, mmap_mode="r") for path in sorted(folder.glob(pattern))]


def ranges(first: int, num_rows: int) -> Iterator[tuple[int, int]]:
    """A bucket's keys in equal ranges, each of about ``ROWS_IN_MEMORY`` rows at most: keys are spread evenly."""
    num_ranges = -(-num_rows // ROWS_IN_MEMORY)
    for number in range(num_ranges):
        low, high = ((1 << LOW_BITS) * end // num_ranges for end in (number, number + 1))
        yield first + low, first + high


def between(files: Sequence[Rows], first: int, last: int) -> list[Rows]:
    """The rows of each file whose keys are at least ``first`` and less than ``last``."""
    return [rows[bisect_left(rows["key"], first) : bisect_left(rows["key"], last)] for rows in files]


def summed(parts: Sequence[Rows]) -> Rows:
    """Rows of several files as one, equal keys added up, ascending by key."""
    rows = np.concatenate(parts)
    rows = rows[np.argsort(rows["key"], kind="stable")]
    starts = np.flatnonzero(np.diff(rows["key"], prepend=~rows["key"][:1]))
    num_pages = np.add.reduceat(rows["num_pages"], starts) if len(rows) else rows["num_pages"]
    rows = rows[starts]
    rows["num_pages"] = num_pages
    return rows


def those_of_sites(lines: Rows, sites: Rows, rule: SiteLines) -> NDArray[np.uint64]:
    """The keys of the lines that stand on as many pages of their site as the rule asks for."""
    pages_of_site = sites["num_pages"][np.searchsorted(sites["key"], lines["site"])]
    num_pages = lines["num_pages"]
    chosen = (num_pages >= rule.min_pages) & (num_pages >= rule.min_share * pages_of_site)
    return np.ascontiguousarray(lines["key"][chosen])
