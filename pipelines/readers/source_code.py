"""Source files: one record each, with its programming language and its licence."""

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from pipelines.code.language import identify_language
from pipelines.code.licence import LicenceOfFolders, detect_licence, is_licence_file
from pipelines.readers.formats import SourceCodeReader
from pipelines.readers.records import BrokenFileError, Record, decode
from pipelines.readers.source_file import SourceFile


def read_source_code(file: SourceFile, reader: SourceCodeReader, folders: LicenceOfFolders) -> Iterator[Record]:
    """A source file as it is, under the licence that it names, or else that of its folder."""
    data = file.read()
    if b"\0" in data:
        raise BrokenFileError("binary", "it has NUL bytes", data)
    text = decode(data)
    yield Record(
        file.path,
        text,
        len(data),
        language=identify_language(file.path, text),
        licence=detect_licence(text) or folders.of(file.path),
        repository="/".join(PurePosixPath(file.path).parent.parts[: reader.repository_depth]) or None,
    )


def licence_of_folders(
    paths: Callable[[Callable[[str], bool]], list[str]], find: Callable[[str], SourceFile | None]
) -> LicenceOfFolders:
    """The licences of a source's folders.

    Args:
        paths: gives the paths of the source that satisfy a condition.
        find: gives a file of the source by its path, None where it cannot be read.
    """
    files = ((path, find(path)) for path in paths(is_licence_file))
    return LicenceOfFolders((path, file.read().decode("utf-8", "replace")) for path, file in files if file is not None)
