"""MediaWiki markup to the text that a reader of the article sees.

The stages are MediaWiki's own, in its order, so that each reads what the one before it left; each takes time linear in
the length of the markup, whatever is nested or left open.
"""

import html
import re
from collections import Counter
from dataclasses import dataclass
from itertools import chain

from pipelines.extract.wiki.braces import Expansion
from pipelines.extract.wiki.html_tags import render_html
from pipelines.extract.wiki.lines import Heading, read_lines, without_apparatus
from pipelines.extract.wiki.links import render_external_links, render_link
from pipelines.extract.wiki.marks import DROPPED, LINE_BREAK, ProtectedTexts, without_control
from pipelines.extract.wiki.tables import flatten_tables
from pipelines.extract.wiki.tags import take_out_tags
from pipelines.extract.wiki.templates import render_template, template_name

REDIRECT = re.compile(
    r"\s*#\s*(?:redirect|redirection|weiterleitung|redirección|redireccion|rinvia|redirecionamento|doorverwijzing|patrz"
    r"|перенаправление)\s*:?\s*\[\[([^\[\]|#]*)",
    re.IGNORECASE,
)
MAGIC_WORD = re.compile(r"__[A-Z]+__")
IN_BRACKETS = re.compile(rf"(?<![ \t])[ \t]*\([\s,;:/{DROPPED}]*{DROPPED}[\s,;:/{DROPPED}]*\)")
AFTER_BRACKET = re.compile(rf"\([\s,;:{DROPPED}]*{DROPPED}[\s,;:{DROPPED}]*")
BEFORE_STOP = re.compile(rf"(?<![ \t])[ \t]*{DROPPED}[ \t{DROPPED}]*(?=[,;.:)\n]|$)")
IN_SPACES = re.compile(rf"(?<![ \t])[ \t]+{DROPPED}[ \t{DROPPED}]*")
SPACES = re.compile(r"(?<=\S)[ \t]{2,}")
BEFORE_LINE_END = re.compile(r"(?<![ \t])[ \t]+$", re.MULTILINE)
BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Article:
    """What a reader sees of an article, and how often each template stood in it that nothing is known of, by name."""

    text: str
    unknown_templates: Counter[str]


def redirect_target(markup: str) -> str | None:
    """The title that a redirect leads to; None where the markup is no redirect."""
    redirect = REDIRECT.match(markup)
    return redirect[1].strip() if redirect else None


def is_redirect(markup: str) -> bool:
    return redirect_target(markup) is not None


def read_article(markup: str) -> Article:
    """An article's text: headings, paragraphs, lists, tables, infoboxes, formulas as ``$TeX$``, and code.

    Templates of prose are rendered. Citations, references, notes to editors, navigation, images and categories are left
    out, and so are the sections that only point elsewhere (references, further reading and their like).
    """
    texts = ProtectedTexts()
    unknown: Counter[str] = Counter()

    def template(name: str, arguments: dict[str, str]) -> str:
        text = render_template(name, arguments)
        if text is None:
            unknown[template_name(name)] += 1
        return text or DROPPED

    markup = take_out_tags(without_control(markup), texts)
    markup = Expansion(template, render_link).expand(markup)
    markup = render_html(render_external_links(MAGIC_WORD.sub("", markup)))
    parts = without_apparatus(read_lines(flatten_tables(markup.split("\n"))))
    text = "\n".join(
        chain.from_iterable(("", part.title, "") if isinstance(part, Heading) else (part,) for part in parts)
    )
    return Article(texts.restore(cleaned(text)), unknown)


def cleaned(text: str) -> str:
    """Text without what dropped parts leave behind: empty brackets, spaces before stops, empty lines."""
    text = html.unescape(text).replace("\xa0", " ").replace(LINE_BREAK, "\n")
    if DROPPED in text:
        text = AFTER_BRACKET.sub("(", IN_BRACKETS.sub("", text))
        text = IN_SPACES.sub(" ", BEFORE_STOP.sub("", text)).replace(DROPPED, "")
    return BLANK_LINES.sub("\n\n", BEFORE_LINE_END.sub("", SPACES.sub(" ", text))).strip()
