"""Web pages to text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from pipelines.extract.html.code_blocks import flatten_code_blocks
from pipelines.extract.html.decode import as_utf8
from pipelines.extract.html.formulas import (
    count_delimited,
    count_marked,
    has_formulas,
    replace_formulas,
    without_marks,
)
from pipelines.extract.html.main_text import main_text
from pipelines.extract.html.nesting import check_nesting
from pipelines.extract.html.unseen import without_unseen

SEVERAL_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


@dataclass(frozen=True)
class PageText:
    """What was taken from a page.

    Args:
        text: its text, with its line breaks, lists and preformatted blocks, and formulas as TeX.
        canonical_url: the address that it gives for itself, where that is a whole one.
        measures: ``formulas_in_page`` and ``formulas_in_text``, how many formulas it has and how many came through.
    """

    text: str
    canonical_url: str | None
    measures: Mapping[str, float]


def extract_page(
    data: bytes, *, main_content: bool, skip_elements: Sequence[str], charset: str | None = None
) -> PageText:
    """The text of a page.

    Args:
        data: the page as it was served.
        main_content: whether what looks like boilerplate is left out: navigation, comments, pointers to other pages.
        skip_elements: CSS selectors of elements that are left out.
        charset: the encoding that the server named, if it did; read only where the bytes are no UTF-8.

    Raises:
        DeepNestingError: its elements are nested too deep.
        ManyAttributesError: an element has too many attributes.
        HTMLParserException: it cannot be parsed.
    """
    html = without_unseen(as_utf8(data, charset))
    check_nesting(html)
    tree = HTMLTree.parse(html.decode())
    url = canonical_url(tree)
    num_in_page = 0
    if has_formulas(tree):
        num_elements = replace_formulas(tree)
        num_in_page = num_elements + count_delimited(all_text(tree, []))
    has_code = flatten_code_blocks(tree)
    skipped = list(skip_elements)
    text = main_text(tree, skipped, trim=not has_code) if main_content else all_text(tree, skipped)
    num_in_text = count_marked(text) + count_delimited(text)
    return PageText(
        SEVERAL_BLANK_LINES.sub("\n\n", without_marks(text)),
        url,
        {"formulas_in_page": max(num_in_page, num_in_text), "formulas_in_text": num_in_text},
    )


def all_text(tree: HTMLTree, skip_elements: list[str]) -> str:
    """All visible text of a page."""
    return str(extract_plain_text(tree, preserve_formatting=True, alt_texts=False, skip_elements=skip_elements))


def canonical_url(tree: HTMLTree) -> str | None:
    """The address that a page gives for itself, where it is a whole one."""
    for selector, attribute in (("link[rel=canonical]", "href"), ("meta[property='og:url']", "content")):
        node = tree.head.query_selector(selector) if tree.head else None
        address = node.getattr(attribute) if node else None
        if address and address.startswith(("http://", "https://")):
            return str(address)
    return None
