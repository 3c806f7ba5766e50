"""HTML tags inside of wiki markup."""

import re

from pipelines.extract.wiki.marks import DROPPED, LINE_BREAK
from pipelines.extract.wiki.names import names
from pipelines.extract.wiki.scripts import subscript, superscript

HIDDEN = re.compile(r"<(span|div)\b[^<>]*display:\s*none[^<>]*>[^<>]*</\1\s*>", re.IGNORECASE)
SMALL = re.compile(r"<su([bp])\b[^<>]*>([^<>\n]{0,100})</su\1\s*>", re.IGNORECASE)
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>")
BLOCKS = frozenset(names("p|div|blockquote|center|poem|ul|ol|dl|table|caption|h1|h2|h3|h4|h5|h6|hr|section"))


def render_html(text: str) -> str:
    """Text without HTML: breaks are marked, blocks are paragraphs, items and cells are as in wiki markup."""
    if "<" not in text:
        return text
    text = SMALL.sub(render_small, HIDDEN.sub(DROPPED, text))
    return TAG.sub(render_tag, text)


def render_small(small: re.Match[str]) -> str:
    return (superscript if small[1].lower() == "p" else subscript)(small[2])


def render_tag(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    if name in ("br", "tr", "dt", "dd"):
        return LINE_BREAK
    if name == "li":
        return "" if tag[1] else "\n* "
    if name in ("td", "th"):
        return " | " if tag[1] else ""
    return "\n\n" if name in BLOCKS else ""
