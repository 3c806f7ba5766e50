"""The third job's part: the lines of a site taken out of its pages."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.site_lines.keys import NUM_BUCKETS, bucket_start, line_keys, site_key

REPEATED = "repeated-*.npy"
SEVERAL_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


class Removal(NamedTuple):
    """A page without its site's lines, and what was removed: lines, and their bytes in UTF-8."""

    text: str
    num_lines: int
    num_bytes: int


class RepeatedLines:
    """The lines that sites repeat, looked up where they lie.

    Args:
        folder: the files of the second job.
    """

    def __init__(self, folder: Path) -> None:
        parts = [np.load(path, mmap_mode="r") for path in sorted(folder.glob(REPEATED))]
        self._parts = [part for part in parts if len(part)]
        self._first_keys = np.array([part[0] for part in self._parts], np.uint64)

    def remove(self, url: str | None, text: str) -> Removal:
        """A page's text without the lines of its site. Where some go, blank lines are left one at a time."""
        site = site_key(url)
        part = self._part(site) if site is not None else None
        if site is None or part is None:
            return Removal(text, 0, 0)
        lines = text.split("\n")
        keys = line_keys(site, lines)
        places = np.searchsorted(part, keys)
        repeated = part[np.minimum(places, len(part) - 1)] == keys
        if not repeated.any():
            return Removal(text, 0, 0)
        kept = [line for line, is_repeated in zip(lines, repeated, strict=True) if not is_repeated]
        removed = [line for line, is_repeated in zip(lines, repeated, strict=True) if is_repeated]
        num_bytes = sum(len(line.encode("utf-8", "surrogatepass")) for line in removed)
        return Removal(SEVERAL_BLANK_LINES.sub("\n\n", "\n".join(kept)).strip("\n"), len(removed), num_bytes)

    def _part(self, site: int) -> NDArray[np.uint64] | None:
        """The part that has the site's bucket; None where no part can."""
        bucket = site // bucket_start(1)
        last = bucket_start(bucket + 1) - 1 if bucket + 1 < NUM_BUCKETS else (1 << 64) - 1
        number = int(np.searchsorted(self._first_keys, np.uint64(last), side="right")) - 1
        return self._parts[number] if number >= 0 else None
