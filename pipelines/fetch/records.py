"""The records of a snapshot: file after file, each as the source's reader finds them."""

from collections.abc import Iterator

from pipelines.fetch.snapshot import RawSnapshot
from pipelines.readers.read import Read, record_reader
from pipelines.readers.records import Record
from pipelines.readers.source_file import RejectedFile, SourceFile
from pipelines.sources import Source


def read_records(snapshot: RawSnapshot, source: Source) -> Iterator[Record]:
    """The records of all files that a source reads.

    Raises:
        PhaselineError: there is none of these files, or one that the declaration names is not what it should be.
        ChangedWhileReadError: what has been read was no longer what was pinned.
    """
    read = record_reader(source.reader, snapshot.find, snapshot.paths)
    for file in snapshot.read(list(snapshot.files(source.reader))):
        yield from records_of_file(file, read)


def records_of_file(file: SourceFile | RejectedFile, read: Read) -> Iterator[Record]:
    """The records of one file; of one that cannot be read a single record that says why."""
    if isinstance(file, RejectedFile):
        yield Record(file.path, "", file.num_bytes, rejection=file.rejection)
    else:
        yield from read(file)
