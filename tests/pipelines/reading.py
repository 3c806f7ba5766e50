"""Readers run on planted files."""

from collections.abc import Callable, Iterable, Mapping

from pipelines.readers.formats import Reader
from pipelines.readers.read import record_reader
from pipelines.readers.records import Record
from pipelines.readers.source_file import SourceFile, in_memory

ALL = ("**",)


def read(reader: Reader, path: str, data: bytes, others: Mapping[str, bytes] | None = None) -> list[Record]:
    """The records of a file of a source that has others; no two share a locator."""
    files = {path: data, **(others or {})}

    def find(name: str) -> SourceFile | None:
        return in_memory(name, files[name]) if name in files else None

    def paths(wanted: Callable[[str], bool]) -> list[str]:
        return [name for name in sorted(files) if wanted(name)]

    records = list(record_reader(reader, find, paths)(in_memory(path, data)))
    assert len({record.locator for record in records}) == len(records)
    return records


def reasons(records: Iterable[Record]) -> list[str | None]:
    return [record.rejection.reason if record.rejection else None for record in records]


def texts(records: Iterable[Record]) -> list[str]:
    """The texts of the records that were not rejected."""
    return [record.text for record in records if record.rejection is None]
