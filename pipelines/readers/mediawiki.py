"""MediaWiki XML dumps: one record for each page of the article namespace."""

import re
from collections.abc import Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

from pipelines.extract.wikitext import is_redirect, read_article
from pipelines.readers.records import Record
from pipelines.readers.source_file import SourceFile
from pipelines.readers.xml_elements import CUT, MOST_CHARACTERS, elements
from pipelines.rejection import Rejection

PAGE_ID = re.compile(r"[0-9]{1,18}")


def read_mediawiki(file: SourceFile) -> Iterator[Record]:
    """A record for each page; redirects and pages outside the article namespace are records that were dropped.

    Raises:
        BrokenFileError: the dump is not XML or breaks off; the pages before that point were records.
    """
    base = ""
    number = highest_id = 0
    with file.open() as stream:
        for element in elements(stream, ("base", "page")):
            if element.tag == "base":
                base = (element.text or "").rpartition("/")[0]
                continue
            number += 1
            page_id = id_of(element)
            locator = f"{file.path}#{page_id}"
            if page_id <= highest_id:  # dumps are in order of id: this page may be a repeated one
                locator += f".{number}"
            highest_id = max(highest_id, page_id)
            yield read_wiki_page(locator, element, base)


def id_of(page: Element) -> int:
    """A page's number in its wiki; 0 where it has none."""
    page_id = page.findtext("id", "")
    return int(page_id) if PAGE_ID.fullmatch(page_id) else 0


def read_wiki_page(locator: str, page: Element, base: str) -> Record:
    """One page of a dump, under its title."""
    title = page.findtext("title", "")
    markup = page.findtext("revision/text", "")
    num_bytes = len(markup.encode())
    url = f"{base}/{quote(title.replace(' ', '_'))}" if base else None

    def dropped(reason: str, detail: str) -> Record:
        return Record(locator, markup, num_bytes, url, rejection=Rejection(reason, detail))

    if CUT in page.attrib:
        return dropped("too_large", f"more than {MOST_CHARACTERS:,} characters")
    if page.findtext("ns", "0") != "0":
        return dropped("not_an_article", f"namespace {page.findtext('ns')}")
    if page.find("redirect") is not None or is_redirect(markup):
        return dropped("redirect", markup.strip().partition("\n")[0])
    article = read_article(markup)
    text = f"{title}\n\n{article.text}" if article.text else ""
    measures = {"unknown_templates": article.unknown_templates.total()}
    return Record(locator, text, num_bytes, url, measures=measures)
