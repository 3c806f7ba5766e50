"""JSON Lines: one record for each line, rendered by the source's template."""

from collections.abc import Iterator

import orjson
from jinja2 import TemplateError

from pipelines.extract.template import render
from pipelines.readers.archive import BROKEN, Member
from pipelines.readers.formats import JsonLinesReader
from pipelines.readers.records import Record, unreadable


def read_json_lines(member: Member, reader: JsonLinesReader) -> Iterator[Record]:
    """A record for each line that is not blank; where the file breaks off, one more says so."""
    number = 0
    try:
        for number, line in enumerate(member.open(), start=1):
            if line.strip():
                yield read_line(f"{member.path}#{number}", line, reader.template)
    except BROKEN as error:
        yield unreadable(f"{member.path}#{number + 1}", member.data, "unreadable_file", error)


def read_line(locator: str, line: bytes, template: str) -> Record:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return unreadable(locator, line, "invalid_json", error)
    try:
        return Record(locator, render(template, fields), len(line))
    except (TemplateError, TypeError, ValueError) as error:
        return unreadable(locator, line, "template_mismatch", error)
