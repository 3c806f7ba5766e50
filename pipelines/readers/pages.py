"""Web pages: one record for each HTML file or each response of an archive."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import orjson
from resiliparse.parse.html import HTMLParserException

from pipelines.errors import PhaselineError
from pipelines.extract.html import DeepNestingError, ManyAttributesError, extract_page
from pipelines.readers.formats import HtmlReader, Pages
from pipelines.readers.records import EXCERPT_BYTES, Record, rejected
from pipelines.readers.source_file import SourceFile, TooLargeError

MOST_PAGE_BYTES = 8 << 20  # parsing takes more than a hundred times as much memory
PAGE_ERRORS = (DeepNestingError, HTMLParserException, ManyAttributesError, TooLargeError)


def read_page(file: SourceFile, reader: HtmlReader, urls: Mapping[str, str]) -> Iterator[Record]:
    """A page's text; its address is the one in the source's index, else the one that the page gives for itself."""
    yield page_record(file.path, file.read(), reader, url=urls.get(file.path))


def page_record(
    locator: str, data: bytes, reader: Pages, *, url: str | None = None, charset: str | None = None
) -> Record:
    """The record of a page.

    Args:
        locator: where it stands in the source.
        data: its HTML.
        reader: how pages become text.
        url: where it was found; None takes the address that the page gives for itself.
        charset: the encoding that it was served under, if any was named.
    """
    try:
        check_size(data)
        page = extract_page(data, main_content=reader.main_content, skip_elements=reader.skip_elements, charset=charset)
    except PAGE_ERRORS as error:
        return rejected(locator, data[:EXCERPT_BYTES], len(data), reason_of(error), error, url)
    return Record(locator, page.text, len(data), url or page.canonical_url, measures=page.measures)


def reason_of(error: Exception) -> str:
    """What is counted for one of ``PAGE_ERRORS``."""
    match error:
        case TooLargeError():
            return "too_large"
        case DeepNestingError():
            return "deep_nesting"
        case ManyAttributesError():
            return "many_attributes"
        case _:
            return "unreadable_page"


def fragment_text(markup: str) -> str:
    """The text of a piece of HTML, all of it; raises one of ``PAGE_ERRORS`` where it cannot be parsed."""
    data = markup.encode()
    check_size(data)
    return extract_page(data, main_content=False, skip_elements=()).text


def check_size(data: bytes) -> None:
    if len(data) > MOST_PAGE_BYTES:
        raise TooLargeError(f"more than {MOST_PAGE_BYTES:,} bytes")


def url_index(path: str, file: SourceFile | None) -> dict[str, str]:
    """The address of each page by its path in the source, from the index that a reader declares.

    Args:
        path: the index's path in the source.
        file: the index; None where the source does not have it.

    Raises:
        PhaselineError: there is no index, or it is not a JSON object of objects with a ``url``.
    """
    if file is None:
        raise PhaselineError(f"the source has no file {path}", "mend or remove reader.url_index")
    folder = PurePosixPath(path).parent
    try:
        entries = orjson.loads(file.read())
        return {str(folder / page): entry["url"] for page, entry in entries.items()}
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise PhaselineError(
            f"{path} is no index of addresses: {error!r}",
            "mend or remove reader.url_index; it must be a JSON object from a page's path to an object with its url",
        ) from error
