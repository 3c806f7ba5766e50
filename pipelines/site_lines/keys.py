"""Lines of sites as 64-bit keys, so that equal lines of one site meet in one bucket."""

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipelines.urls.address import host_of, site_of

NUM_BUCKETS = 256  # the highest byte of a key; it is that of its site
LOW_BITS = 56
LOW = (1 << LOW_BITS) - 1


def site_key(url: str | None) -> int | None:
    """The key of the site that an address belongs to; None where an address names no host."""
    site = site_of(host_of(url)) if url else ""
    return xxhash.xxh3_64_intdigest(site) if site else None


def line_keys(site: int, lines: list[str]) -> NDArray[np.uint64]:
    """The keys of a page's lines on its site, (num_lines,); 0 for an empty line."""
    bucket = site & ~LOW
    return np.fromiter(
        (bucket | xxhash.xxh3_64_intdigest(line, site) & LOW if (line := raw.strip()) else 0 for raw in lines),
        np.uint64,
        len(lines),
    )


def bucket_start(bucket: int) -> int:
    """The least key of a bucket."""
    return bucket << LOW_BITS
