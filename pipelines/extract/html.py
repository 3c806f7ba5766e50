"""Web pages to text, with Resiliparse."""

import re
from collections.abc import Sequence

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from resiliparse.parse.html import HTMLTree

SEVERAL_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def parse_page(data: bytes) -> HTMLTree:
    """A page's tree. Bytes that are UTF-8 are read as such, others as the page says or as they look.

    Pages that were saved again are often UTF-8 while they still name the encoding that they were served in.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = bytes_to_str(data, detect_encoding(data, from_html_meta=True) or "utf-8")
    return HTMLTree.parse(text)


def page_text(tree: HTMLTree, *, main_content: bool, skip_elements: Sequence[str]) -> str:
    """The visible text of a page, with its line breaks, lists and preformatted blocks; TeX stays as it is written."""
    text = extract_plain_text(
        tree,
        preserve_formatting=True,
        main_content=main_content,
        alt_texts=False,
        skip_elements=list(skip_elements),
    )
    return SEVERAL_BLANK_LINES.sub("\n\n", text)


def canonical_url(tree: HTMLTree) -> str | None:
    """The address that a page gives for itself, where it is a whole one."""
    for selector, attribute in (("link[rel=canonical]", "href"), ("meta[property='og:url']", "content")):
        node = tree.document.query_selector(selector) if tree.document else None
        address = node.getattr(attribute) if node else None
        if address and address.startswith(("http://", "https://")):
            return str(address)
    return None
