"""MediaWiki markup to the text that a reader sees, with mwparserfromhell."""

import re

import mwparserfromhell
from mwparserfromhell.nodes import ExternalLink, Heading, HTMLEntity, Node, Tag, Text, Wikilink
from mwparserfromhell.wikicode import Wikicode

NO_PROSE_LINKS = ("file:", "image:", "category:", "media:")
NO_PROSE_TAGS = {"ref", "references", "table", "gallery", "timeline", "imagemap", "score", "graph", "style", "script"}
APPARATUS = {
    "bibliography",
    "citations",
    "external links",
    "footnotes",
    "further reading",
    "notes",
    "notes and references",
    "references",
    "see also",
    "sources",
}
EMPTY_BRACKETS = re.compile(r" ?\([\s,;:]*\)")  # what templates leave behind, as do the next three
LEADING_SEPARATOR = re.compile(r"\([\s,;:]+")
EMPTY_LIST_ITEM = re.compile(r"^[• ]*•[• ]*$", re.MULTILINE)
SPACE_BEFORE_COMMA = re.compile(r" +([,;])")
BLANK_LINES = re.compile(r"\n\s*\n\s*")
SPACES = re.compile(r"[ \t]{2,}")


def is_redirect(markup: str) -> bool:
    return markup.lstrip()[:9].lower() == "#redirect"


def wikitext_to_text(markup: str) -> str:
    """An article's prose: headings, paragraphs and lists, formulas as ``$TeX$``.

    Templates, tables, references, images and categories are left out, and so are the sections that only point
    elsewhere (references, further reading and their like).
    """
    text = "".join(render(node) for node in without_apparatus(mwparserfromhell.parse(markup)))
    text = LEADING_SEPARATOR.sub("(", EMPTY_BRACKETS.sub("", EMPTY_LIST_ITEM.sub("", text)))
    text = SPACES.sub(" ", SPACE_BEFORE_COMMA.sub(r"\1", text))
    return BLANK_LINES.sub("\n\n", text).strip()


def without_apparatus(code: Wikicode) -> list[Node]:
    """The nodes of an article but those of its sections of references."""
    kept = []
    level_left_out = 0
    for node in code.nodes:
        if isinstance(node, Heading):
            if level_left_out and node.level > level_left_out:
                continue
            level_left_out = node.level if str(node.title).strip().lower() in APPARATUS else 0
        if not level_left_out:
            kept.append(node)
    return kept


def render(node: Node) -> str:
    """The text of one node; empty for what is no prose."""
    match node:
        case Text():
            text = str(node.value)
        case Wikilink():
            text = render_link(node)
        case ExternalLink():
            text = render_all(node.title)
        case Heading():
            text = f"\n\n{render_all(node.title).strip()}\n\n"
        case HTMLEntity():
            text = str(node.normalize())
        case Tag():
            text = render_tag(node)
        case _:
            text = ""
    return text


def render_link(link: Wikilink) -> str:
    if str(link.title).strip().lower().startswith(NO_PROSE_LINKS):
        return ""
    return render_all(link.title if link.text is None else link.text)


def render_all(code: Wikicode | None) -> str:
    return "" if code is None else "".join(render(node) for node in code.nodes)


def render_tag(tag: Tag) -> str:
    name = str(tag.tag).strip().lower()
    if name in NO_PROSE_TAGS:
        return ""
    if name == "math":
        return f"${str(tag.contents).strip()}$"
    if name == "br":
        return "\n"
    if tag.wiki_markup in ("*", "#"):
        return "• "
    return render_all(tag.contents)
