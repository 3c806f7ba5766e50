"""Formats with one record, or a few, in each file: source code, docstrings, prose, outlines."""

import functools
import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from jinja2 import TemplateError
from pygments.lexers import find_lexer_class_for_filename

from pipelines.extract.docstrings import docstring_documents
from pipelines.extract.outline import outline_text
from pipelines.extract.template import render
from pipelines.readers.archive import Member
from pipelines.readers.formats import JsonOutlineReader, SourceCodeReader
from pipelines.readers.records import Record, unreadable


def read_text(member: Member, language: str | None = None) -> Iterator[Record]:
    """A file as it is, if it is UTF-8."""
    try:
        text = member.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield unreadable(member.path, member.data, "invalid_utf8", error)
        return
    yield Record(member.path, text, len(member.data), language=language)


def read_source_code(member: Member, reader: SourceCodeReader) -> Iterator[Record]:
    """A source file as it is; its language is told by its name, or is the name of its folder."""
    path = PurePosixPath(member.path)
    language = path.parent.name if reader.language_from == "folder" else language_of(path.name)
    yield from read_text(member, language)


@functools.cache
def language_of(file_name: str) -> str:
    """The programming language that a file name stands for, by Pygments' name for it; ``text`` if unknown."""
    lexer = find_lexer_class_for_filename(file_name)
    return lexer.aliases[0] if lexer else "text"


def read_docstrings(member: Member) -> Iterator[Record]:
    """The docstrings of a Python file: a record for the module and its functions, and one for each class.

    A file without any gives one empty record, so that it is counted.
    """
    try:
        documents = list(docstring_documents(member.data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        yield unreadable(member.path, member.data, "invalid_utf8", error)
        return
    except (SyntaxError, ValueError, RecursionError) as error:
        yield unreadable(member.path, member.data, "invalid_python", error)
        return
    for name, text in documents or [("", "")]:
        yield Record(f"{member.path}#{name}" if name else member.path, text, len(member.data))


def read_outline(member: Member, reader: JsonOutlineReader) -> Iterator[Record]:
    """A JSON file of nested sections as one article."""
    try:
        outline = json.loads(member.data)
        text = outline_text(render(reader.title, outline), outline)
    except UnicodeDecodeError as error:
        yield unreadable(member.path, member.data, "invalid_utf8", error)
    except ValueError as error:
        yield unreadable(member.path, member.data, "invalid_json", error)
    except (TemplateError, TypeError, AttributeError) as error:
        yield unreadable(member.path, member.data, "template_mismatch", error)
    else:
        yield Record(member.path, text, len(member.data))
