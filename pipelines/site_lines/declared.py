"""When a line is a site's and not a page's, as a declaration."""

from pydantic import Field

from pipelines.declared import Declared

NUM_LINES, NUM_BYTES = "num_site_lines", "num_site_line_bytes"  # what was removed of a page, as measures of it


class SiteLines(Declared):
    """A line that stands on at least ``min_pages`` pages of a site, and on at least ``min_share`` of all its pages, is
    removed from each of them. A site is a registered domain; lines are equal but for blank space around them.
    """

    min_pages: int = Field(default=10, ge=2)
    min_share: float = Field(default=0.2, gt=0, le=1)
