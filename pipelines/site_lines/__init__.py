"""Lines that a site repeats from page to page: told apart over all its pages, then removed from each.

Three jobs, each partitioned, none with more than a part of the pages in memory. The first reads the pages, puts them by
and writes what lines they have; the second counts the pages of each line; the third takes the pages up again and goes
on with what is left of them. Extraction costs a hundred times what it costs to put a text by, so it is done once.
"""

from pipelines.site_lines.declared import SiteLines

__all__ = ["SiteLines"]
