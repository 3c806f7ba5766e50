"""A part of the references: what the tasks of a search know of it."""

from pathlib import Path
from typing import NamedTuple

from pipelines.contamination.declaration import Matching

REFERENCES = "references.parquet"  # what is searched for
CHECKED = "checked.npy"  # once the scan is done: the hashes that are no boilerplate, uint64, ascending


class Part(NamedTuple):
    """References that are searched for at once: the folder of their index, and how they are found."""

    folder: Path
    matching: Matching
