"""The function that reads one file, by the reader that a source declares."""

from collections.abc import Callable, Iterator
from functools import partial

from pipelines.readers.archive import Archive, Member
from pipelines.readers.dialogues import read_dialogues
from pipelines.readers.files import read_docstrings, read_outline, read_source_code, read_text
from pipelines.readers.formats import (
    DialoguesReader,
    DocstringsReader,
    HtmlReader,
    JsonLinesReader,
    JsonOutlineReader,
    MediaWikiReader,
    Reader,
    SourceCodeReader,
    TextReader,
)
from pipelines.readers.json_lines import read_json_lines
from pipelines.readers.mediawiki import read_mediawiki
from pipelines.readers.pages import read_page, read_url_index
from pipelines.readers.records import Record


def member_reader(reader: Reader, archive: Archive) -> Callable[[Member], Iterator[Record]]:
    """The function that reads one file of an archive as a source declares."""
    read: Callable[[Member], Iterator[Record]]
    match reader:
        case HtmlReader():
            read = partial(read_page, reader=reader, urls=read_url_index(reader, archive))
        case MediaWikiReader():
            read = read_mediawiki
        case SourceCodeReader():
            read = partial(read_source_code, reader=reader)
        case DocstringsReader():
            read = read_docstrings
        case TextReader():
            read = read_text
        case JsonLinesReader():
            read = partial(read_json_lines, reader=reader)
        case JsonOutlineReader():
            read = partial(read_outline, reader=reader)
        case DialoguesReader():
            read = partial(read_dialogues, reader=reader)
    return read
