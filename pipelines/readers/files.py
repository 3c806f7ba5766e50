"""Formats with one record, or a few, in each file: docstrings, prose, outlines."""

from collections import Counter
from collections.abc import Iterator

import orjson

from pipelines.extract.docstrings import docstring_documents
from pipelines.extract.outline import outline_text
from pipelines.extract.template import render
from pipelines.readers.formats import JsonOutlineReader
from pipelines.readers.records import BrokenFileError, Record, decode
from pipelines.readers.rows import MISMATCH
from pipelines.readers.source_file import SourceFile


def read_text(file: SourceFile) -> Iterator[Record]:
    """A file as it is, if it is UTF-8."""
    data = file.read()
    yield Record(file.path, decode(data), len(data))


def read_docstrings(file: SourceFile) -> Iterator[Record]:
    """The docstrings of a Python file: a record for the module and its functions, and one for each class.

    A file without any gives one empty record, so that it is counted. The second class of a name is ``name.2``.
    """
    data = file.read()
    code = decode(data)
    try:
        documents = list(docstring_documents(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last two where it is nested too deep
        raise BrokenFileError("invalid_python", error, data) from error
    seen: Counter[str] = Counter()
    for name, text in documents or [("", "")]:
        seen[name] += 1
        place = name if seen[name] == 1 else f"{name}.{seen[name]}"
        yield Record(f"{file.path}#{place}" if place else file.path, text, len(data))


def read_outline(file: SourceFile, reader: JsonOutlineReader) -> Iterator[Record]:
    """A JSON file of nested sections as one article."""
    data = file.read()
    try:
        outline = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BrokenFileError("invalid_json", error, data) from error
    try:
        text = outline_text(render(reader.title, outline), outline)
    except MISMATCH as error:
        raise BrokenFileError("template_mismatch", error, data) from error
    yield Record(file.path, text, len(data))
