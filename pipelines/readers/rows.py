"""From a row of named columns to a record, whatever format the row comes from."""

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateError

from pipelines.code.language import identify_language
from pipelines.extract.template import render, template_fields
from pipelines.readers.formats import Rows
from pipelines.readers.records import Record, unreadable

MISMATCH = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def row_record(locator: str, row: Any, reader: Rows, raw: bytes) -> Record:
    """The record of a row; one that does not fit the declaration is rejected.

    Args:
        locator: the row's place: the file and the row's number.
        row: a mapping from column to value; anything else is rejected.
        reader: which columns or templates give the text.
        raw: the row as it is stored, or as JSON.
    """
    if not isinstance(row, Mapping):
        return unreadable(locator, raw, "template_mismatch", f"a row is {type(row).__name__}, not an object")
    try:
        text = row_text(row, reader)
        answer = None if reader.answer is None else render(reader.answer, row)
        columns = {field: optional_text(row[column]) for field, column in reader.columns.items()}
    except MISMATCH as error:
        return unreadable(locator, raw, "template_mismatch", error_text(error))
    path, language = columns.get("path"), columns.get("language")
    return Record(
        locator if path is None else f"{locator}/{path}",
        text,
        len(raw),
        url=columns.get("url"),
        language=identify_language(path, text) if path and not language else language,
        licence=columns.get("licence"),
        repository=columns.get("repository"),
        answer=answer,
    )


def row_text(row: Mapping[str, Any], reader: Rows) -> str:
    template = reader.template or reader.question
    if template is not None:
        return render(template, row)
    assert reader.text is not None, "one of the three is declared"
    text = row[reader.text]
    if not isinstance(text, str):
        raise TypeError(f"{reader.text} is {type(text).__name__}, not text")
    return text


def optional_text(value: Any) -> str | None:
    return None if value is None else str(value)


def error_text(error: Exception) -> str:
    return f"no column {error}" if isinstance(error, KeyError) else str(error)


def as_json(row: Any) -> bytes:
    """A row as JSON, for the count of its bytes and for people; empty where it is nested too deep."""
    try:
        return json.dumps(row, default=str).encode()
    except RecursionError:
        return b""


def columns_of(reader: Rows) -> frozenset[str]:
    """The columns that a declaration names: all that a row must be read for."""
    templates = (reader.template, reader.question, reader.answer)
    in_templates = [template_fields(template) for template in templates if template]
    columns = frozenset(reader.columns.values()).union(*in_templates)
    return columns if reader.text is None else columns | {reader.text}
