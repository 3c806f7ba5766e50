"""The page as one HTML file: styles and images inside, no script, nothing loaded from anywhere."""

import os
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from quality.report.page import Page

TEMPLATES = Path(__file__).with_name("templates")
# Control characters as the signs that stand for them: HTML forbids most, and no reader would see them.
SIGNS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: "\u2421"}


def visible(text: str) -> str:
    """A text of a document with its control characters replaced by visible signs."""
    return text.translate(SIGNS)


def breakable(text: str) -> Markup:
    """A name that may be broken into lines after its underscores and slashes, escaped."""
    return Markup(re.sub("([_/])", r"\1<wbr>", str(escape(text))))


def render(page: Page) -> str:
    """The page in HTML. Everything that a document or a declaration says is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "breakable": breakable}
    return environment.get_template("page.html.j2").render(page=page)


def write_page(page: Page, path: Path) -> None:
    """Write the page whole: it is there from one moment to the next."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}")
    beside.write_text(render(page), encoding="utf-8")
    os.replace(beside, path)
