"""MediaWiki XML dumps: one record for each page of the article namespace."""

from collections.abc import Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError, iterparse

from mwparserfromhell.parser import ParserError

from pipelines.extract.wikitext import is_redirect, wikitext_to_text
from pipelines.readers.archive import BROKEN, Member
from pipelines.readers.records import Record, unreadable
from pipelines.rejection import Rejection


def read_mediawiki(member: Member) -> Iterator[Record]:
    """A record for each page; where the file breaks off, one more says so.

    Redirects and pages outside the article namespace are records that were dropped.
    """
    base = ""
    try:
        for element in elements(member):
            if element.tag == "base":
                base = (element.text or "").rpartition("/")[0]
            else:
                yield read_wiki_page(member.path, element, base)
    except (ParseError, *BROKEN) as error:
        yield unreadable(member.path, member.data, "unreadable_file", error)


def elements(member: Member) -> Iterator[Element]:
    """The ``base`` and ``page`` elements of a dump, without their XML namespace, as they end."""
    with member.open() as stream:
        events = iterparse(stream, events=("start", "end"))
        _, root = next(events)
        for event, element in events:
            if event == "end":
                element.tag = element.tag.rpartition("}")[2]
                if element.tag in ("base", "page"):
                    yield element
                    root.clear()


def read_wiki_page(path: str, page: Element, base: str) -> Record:
    """One page of a dump, under its title."""
    title = page.findtext("title", "")
    markup = page.findtext("revision/text", "")
    record_path = f"{path}#{page.findtext('id', title)}"
    num_bytes = len(markup.encode())
    url = f"{base}/{quote(title.replace(' ', '_'))}" if base else None

    def dropped(reason: str, detail: str) -> Record:
        return Record(record_path, markup, num_bytes, url, rejection=Rejection(reason, detail))

    if page.findtext("ns", "0") != "0":
        return dropped("not_an_article", f"namespace {page.findtext('ns')}")
    if page.find("redirect") is not None or is_redirect(markup):
        return dropped("redirect", markup.strip().partition("\n")[0])
    try:
        text = wikitext_to_text(markup)
    except ParserError as error:
        return dropped("unreadable_markup", str(error))
    return Record(record_path, f"{title}\n\n{text}" if text else "", num_bytes, url)
