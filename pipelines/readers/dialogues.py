"""YAML files of conversations: one record for each file, its conversations rendered by the source's template."""

from collections.abc import Iterator

import yaml

from pipelines.extract.template import render
from pipelines.readers.formats import DialoguesReader
from pipelines.readers.records import BrokenFileError, Record
from pipelines.readers.rows import MISMATCH
from pipelines.readers.source_file import SourceFile

DEEPEST = 100


def read_dialogues(file: SourceFile, reader: DialoguesReader) -> Iterator[Record]:
    """All conversations of a file, a blank line between two."""
    data = file.read()
    try:
        check_structure(data)
        conversations = yaml.load(data, Loader=yaml.CSafeLoader)["conversations"]
        text = "\n\n".join(render(reader.template, {"turns": turns}) for turns in conversations)
    except (yaml.YAMLError, UnicodeError) as error:
        raise BrokenFileError("invalid_yaml", error, data) from error
    except MISMATCH as error:
        raise BrokenFileError("template_mismatch", error, data) from error
    yield Record(file.path, text, len(data))


def check_structure(data: bytes) -> None:
    """Refuse a file that is small and has no end once it is loaded, or crashes the loader.

    Raises:
        YAMLError: it is no YAML, has aliases, which can stand for gigabytes, or is nested deeper than ``DEEPEST``.
    """
    depth = 0
    for event in yaml.parse(data, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"the alias *{event.anchor}")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise yaml.YAMLError(f"nested more than {DEEPEST} deep")
