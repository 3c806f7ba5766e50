"""The first job: how many pages of a task have each line of each site."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.site_lines.keys import line_keys, site_key

LINES, SITES = "lines-*.npy", "sites-*.npy"
LINE = np.dtype([("key", "<u8"), ("site", "<u8"), ("num_pages", "<u4")])
SITE = np.dtype([("key", "<u8"), ("num_pages", "<u4")])


class LineCounts:
    """The pages that have a line, by the keys of the line and of its site."""

    def __init__(self) -> None:
        self._keys: list[NDArray[np.uint64]] = []  # of a page's distinct lines
        self._sites: list[int] = []  # of the same pages

    def add(self, url: str | None, text: str) -> None:
        """Count a page; one whose address names no site has no lines to count."""
        site = site_key(url)
        if site is not None:
            keys = np.unique(line_keys(site, text.split("\n")))
            self._keys.append(keys[keys > 0])
            self._sites.append(site)

    def write(self, folder: Path, rank: int) -> None:
        """Write the counts of a task, ascending by key: rows of LINE and rows of SITE."""
        sites = np.array(self._sites, np.uint64)
        keys = np.concatenate([np.empty(0, np.uint64), *self._keys])
        sites_of_keys = np.repeat(sites, [len(page) for page in self._keys])
        distinct, first, num_pages = np.unique(keys, return_index=True, return_counts=True)
        lines = np.empty(len(distinct), LINE)
        lines["key"], lines["site"], lines["num_pages"] = distinct, sites_of_keys[first], num_pages
        distinct, num_pages = np.unique(sites, return_counts=True)
        pages = np.empty(len(distinct), SITE)
        pages["key"], pages["num_pages"] = distinct, num_pages
        np.save(folder / LINES.replace("*", f"{rank:05d}"), lines)
        np.save(folder / SITES.replace("*", f"{rank:05d}"), pages)
