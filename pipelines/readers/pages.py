"""Web pages: one record for each HTML file."""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from resiliparse.parse.html import HTMLParserException

from pipelines.errors import PhaselineError
from pipelines.extract.html import canonical_url, page_text, parse_page
from pipelines.readers.archive import Archive, Member
from pipelines.readers.formats import HtmlReader
from pipelines.readers.records import Record, unreadable


def read_page(member: Member, reader: HtmlReader, urls: Mapping[str, str]) -> Iterator[Record]:
    """A page's text; its address is the one in the source's index, else the one that the page gives for itself."""
    try:
        tree = parse_page(member.data)
        text = page_text(tree, main_content=reader.main_content, skip_elements=reader.skip_elements)
    except (HTMLParserException, UnicodeError) as error:
        yield unreadable(member.path, member.data, "unreadable_page", error)
        return
    yield Record(member.path, text, len(member.data), url=urls.get(member.path) or canonical_url(tree))


def read_url_index(reader: HtmlReader, archive: Archive) -> dict[str, str]:
    """The address of each page, by its path in the archive; empty where the source declares no index.

    Raises:
        PhaselineError: the archive has no such index, or it is not a JSON object of objects with a ``url``.
    """
    if reader.url_index is None:
        return {}
    folder = PurePosixPath(reader.url_index).parent
    try:
        entries = json.loads(archive.read_one(reader.url_index))
        return {str(folder / path): entry["url"] for path, entry in entries.items()}
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise PhaselineError(
            f"{reader.url_index} in {archive.path} is no index of addresses: {error!r}",
            "mend or remove reader.url_index; it must be a JSON object from a page's path to an object with its url",
        ) from error
