"""Lists that rules for addresses refer to: a text file of one entry a line, or a list that datatrove brings."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import IO

from pipelines.errors import PhaselineError

# The lists of datatrove's URLFilter, by the names that they have here. Domains and addresses are the blacklists of the
# Université Toulouse Capitole (https://dsi.ut-capitole.fr/blacklists/, CC BY-SA 4.0).
DATATROVE = "datatrove:"
DATATROVE_ARCHIVE = "url_filterblacklistsv0_3_0.tar.gz"
DATATROVE_MEMBERS = {"domains": "domains", "addresses": "urls"}
DATATROVE_FILES = {
    "words": "banned_words.txt",
    "substrings": "banned_subwords.txt",
    "soft_words": "soft_banned_words.txt",
}
BLOCK_BYTES = 16 << 20  # read at once


def is_list(entry: str) -> bool:
    """Whether an entry of a rule names a list of entries."""
    return entry.startswith(DATATROVE) or entry.endswith(".txt")


def check_entry(entry: str) -> str:
    """The entry itself; raises ValueError where it names a list of datatrove that does not exist."""
    known = [*DATATROVE_MEMBERS, *DATATROVE_FILES]
    if entry.startswith(DATATROVE) and entry.removeprefix(DATATROVE) not in known:
        raise ValueError(f"there is no list {entry}; datatrove brings {', '.join(known)}")
    return entry


def read_list(entry: str) -> Iterator[str]:
    """The entries of a list in lower case; lines that are empty or begin with ``# `` are none.

    Raises:
        PhaselineError: there is no such file.
    """
    with open_list(entry) as file:
        while block := file.read(BLOCK_BYTES):
            lines = (block + file.readline()).decode("utf-8", "replace").lower().split("\n")
            yield from (entry for line in lines if (entry := line.strip()) and not entry.startswith("# "))


@contextmanager
def open_list(entry: str) -> Iterator[IO[bytes]]:
    """The bytes of a list."""
    name = entry.removeprefix(DATATROVE)
    if not entry.startswith(DATATROVE):
        path = Path(entry)
        if not path.is_file():
            raise PhaselineError(f"there is no list {path}", "write it, or mend the entry of the domain's urls")
        with path.open("rb") as file:
            yield file
    elif name in DATATROVE_FILES:
        with resources.files("datatrove").joinpath("assets", DATATROVE_FILES[name]).open("rb") as file:
            yield file
    else:
        with (
            resources.files("datatrove").joinpath("assets", DATATROVE_ARCHIVE).open("rb") as packed,
            tarfile.open(fileobj=packed) as archive,
        ):
            member = archive.extractfile(DATATROVE_MEMBERS[name])
            assert member is not None, f"{name} is a regular file"
            yield member
