"""Hugging Face data sets: their files are Arrow, Parquet, JSON or CSV, told by their names."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from pipelines.readers.csv_rows import read_csv
from pipelines.readers.formats import HuggingFaceReader
from pipelines.readers.json_array import read_json_array
from pipelines.readers.json_lines import read_json_lines
from pipelines.readers.records import BrokenFileError, Record
from pipelines.readers.source_file import SourceFile
from pipelines.readers.tables import read_arrow, read_parquet

READERS = {".arrow": read_arrow, ".parquet": read_parquet, ".jsonl": read_json_lines, ".csv": read_csv}


def read_hugging_face(file: SourceFile, reader: HuggingFaceReader) -> Iterator[Record]:
    """A record for each row of a data file; raises BrokenFileError for a file that is none by its name."""
    suffixes = PurePosixPath(file.path).suffixes
    if ".json" in suffixes:
        yield from (read_json_array if is_array(file) else read_json_lines)(file, reader)
        return
    read = next((READERS[suffix] for suffix in suffixes if suffix in READERS), None)
    if read is None:
        raise BrokenFileError("unknown_format", f"{file.path} is not {', '.join(READERS)} or .json by its name")
    yield from read(file, reader)


def is_array(file: SourceFile) -> bool:
    """Whether a JSON file is one array; if not, it is JSON Lines, as many on the hub are."""
    with file.open() as stream:
        return stream.read(1024).lstrip().startswith(b"[")
