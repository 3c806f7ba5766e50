"""Where the pages of Data Docs lie, and the page that lists them."""

import fcntl
import html
import re
from pathlib import Path
from typing import NamedTuple

from pipelines.whole_files import beside

TEMPLATES = Path(__file__).parent
INDEX = "index.html"
TITLE = re.compile(r"<title>\S+: (.*)</title>")


class Listed(NamedTuple):
    """A page as the index lists it."""

    asset: str
    version: int
    outcome: str

    @property
    def href(self) -> str:
        return f"{self.asset}/{self.version}.html"


def page_path(site: Path, asset: str, version: int) -> Path:
    """The page of an artifact below the site's folder; it is there if the artifact was validated on this machine."""
    return site / asset / f"{version}.html"


def add_page(site: Path, asset: str, version: int, page: str) -> None:
    """Write the page of an artifact, and list it. Several processes may do so at once.

    Args:
        page: its HTML, with the title ``asset@version: outcome`` in a line of its own.
    """
    path = page_path(site, asset, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page)
    with (site / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_whole(site / INDEX, index_page(site))


def write_whole(path: Path, text: str) -> None:
    """Write a file for which no other process writes at the same time."""
    with beside(path) as part:
        part.write_text(text)


def listed(site: Path) -> list[Listed]:
    """Every page, by asset, the newest version first."""
    paths = [path for path in site.glob("*/**/*.html") if path.stem.isdigit()]
    found = [Listed(path.parent.relative_to(site).as_posix(), int(path.stem), outcome(path)) for path in paths]
    return sorted(found, key=lambda page: (page.asset, -page.version))


def outcome(page: Path) -> str:
    """What a page's title says after the artifact's name."""
    with page.open() as lines:
        titles = (TITLE.search(line) for line in lines)
        return next((html.unescape(title[1]) for title in titles if title), "")


def index_page(site: Path) -> str:
    import jinja2

    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    return templates.get_template(INDEX).render(pages=listed(site))
