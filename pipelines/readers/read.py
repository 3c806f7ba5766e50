"""The function that reads one file, by the reader that a source declares."""

from collections.abc import Callable, Iterator
from functools import partial

from pipelines.readers.csv_rows import read_csv
from pipelines.readers.dialogues import read_dialogues
from pipelines.readers.files import read_docstrings, read_outline, read_text
from pipelines.readers.formats import (
    ArrowReader,
    CsvReader,
    DialoguesReader,
    DocstringsReader,
    HtmlReader,
    HuggingFaceReader,
    JsonLinesReader,
    JsonOutlineReader,
    JsonReader,
    LatexReader,
    MediaWikiReader,
    ParquetReader,
    Reader,
    SourceCodeReader,
    StackExchangeReader,
    TextReader,
    WarcReader,
    WetReader,
)
from pipelines.readers.hugging_face import read_hugging_face
from pipelines.readers.json_array import read_json_array
from pipelines.readers.json_lines import read_json_lines
from pipelines.readers.latex import read_latex
from pipelines.readers.mediawiki import read_mediawiki
from pipelines.readers.pages import read_page, url_index
from pipelines.readers.records import BrokenFileError, Record, rejected
from pipelines.readers.source_code import licence_of_folders, read_source_code
from pipelines.readers.source_file import BROKEN, UNREACHABLE, SourceFile, TooLargeError, rejection_of
from pipelines.readers.stack_exchange import read_stack_exchange
from pipelines.readers.tables import read_arrow, read_parquet
from pipelines.readers.warc import read_warc, read_wet

Read = Callable[[SourceFile], Iterator[Record]]
Find = Callable[[str], SourceFile | None]
Paths = Callable[[Callable[[str], bool]], list[str]]

WITHOUT_OPTIONS: dict[type, Read] = {
    DocstringsReader: read_docstrings,
    MediaWikiReader: read_mediawiki,
    TextReader: read_text,
    WetReader: read_wet,
}
WITH_OPTIONS: dict[type, Callable[..., Iterator[Record]]] = {
    ArrowReader: read_arrow,
    CsvReader: read_csv,
    DialoguesReader: read_dialogues,
    HuggingFaceReader: read_hugging_face,
    JsonLinesReader: read_json_lines,
    JsonOutlineReader: read_outline,
    JsonReader: read_json_array,
    ParquetReader: read_parquet,
    StackExchangeReader: read_stack_exchange,
    WarcReader: read_warc,
}


def record_reader(reader: Reader, find: Find, paths: Paths) -> Read:
    """The function that reads one file of a source as declared; a file that is broken costs what is left of it.

    Args:
        reader: the declaration.
        find: gives another file of the source by its path, None where there is none.
        paths: gives the paths of the source that satisfy a condition.

    Raises:
        PhaselineError: a file that the declaration names is not there, or is not what it should be.
    """
    return partial(read_to_the_end, format_reader(reader, find, paths))


def read_to_the_end(read: Read, file: SourceFile) -> Iterator[Record]:
    """A file's records; where it breaks off, or has none, one more that says so.

    Raises:
        ConnectionError, TimeoutError: the file cannot be reached, which is no fault of its own.
    """
    record = None
    try:
        for record in read(file):
            yield record
    except BrokenFileError as error:
        yield rejected(file.path, error.excerpt, file.num_bytes, error.reason, error)
    except TooLargeError as error:
        yield rejected(file.path, b"", file.num_bytes, "too_large", error)
    except UNREACHABLE:
        raise
    except BROKEN as error:
        rejection = rejection_of(error)
        yield rejected(file.path, b"", file.num_bytes, rejection.reason, rejection.detail)
    else:
        if record is None:
            yield rejected(file.path, b"", file.num_bytes, "no_records", "the file has no record")


def format_reader(reader: Reader, find: Find, paths: Paths) -> Read:
    match reader:
        case HtmlReader(url_index=str(path)):
            return partial(read_page, reader=reader, urls=url_index(path, find(path)))
        case HtmlReader():
            return partial(read_page, reader=reader, urls={})
        case SourceCodeReader():
            return partial(read_source_code, reader=reader, folders=licence_of_folders(paths, find))
        case LatexReader():
            return partial(read_latex, find=find)
        case _ if type(reader) in WITHOUT_OPTIONS:
            return WITHOUT_OPTIONS[type(reader)]
        case _:
            return partial(WITH_OPTIONS[type(reader)], reader=reader)
