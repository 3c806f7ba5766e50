"""Files in a folder of this machine: listed without following links out of it, and told apart by their digests."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from pipelines.fetch.inventory import LINK, SHA256, UNREADABLE, UNSAFE_PATH, StoredFile
from pipelines.fetch.repositories import GIT
from pipelines.readers.archive import is_archive
from pipelines.readers.paths import clean_path
from pipelines.readers.patterns import compile_patterns

BYTES_PER_REPORT = 10 << 30


class LocalFiles:
    """The regular files below a folder. Git's own folders are left out.

    Args:
        root: the folder.
        digest: gives the SHA-256 of a file.
    """

    def __init__(self, root: Path, digest: Callable[[Path], str]) -> None:
        self._root = root
        self._digest = digest

    def files(self, archives: Sequence[str], report: Callable[[str], None]) -> list[StoredFile]:
        """Every file in order of path, with its digest.

        A link is read if it leads to a file below the folder. Any other link, and a file whose name or content cannot
        be read, is listed with the reason in place of a digest.

        Args:
            archives: patterns of the files that are looked into.
            report: is told how far it is.
        """
        looked_into = compile_patterns(archives)
        files = []
        num_bytes = reported = 0
        for path in sorted(walk(self._root)):
            file = self._describe(path, looked_into)
            files.append(file)
            num_bytes += file.num_bytes
            if num_bytes - reported > BYTES_PER_REPORT:
                report(f"{self._root}: {len(files):,} files, {num_bytes / 1e9:,.0f} GB have their digests")
                reported = num_bytes
        return files

    def open(self, path: str) -> BinaryIO:
        return (self._root / path).open("rb")

    def digest(self, path: str) -> str:
        """The digest of a file as it is now; raises FileNotFoundError where there is none, or something else."""
        file = self._root / path
        if not file.is_file():  # a pipe would be waited for
            raise FileNotFoundError(file)
        return self._digest(file)

    def _describe(self, path: str, looked_into: re.Pattern[str]) -> StoredFile:
        file = self._root / path
        if clean_path(path) != path:
            return StoredFile(clean_path(path), 0, "its name is not UTF-8", UNSAFE_PATH)
        if file.is_symlink() and not self._leads_to_a_file(file):
            target = os.readlink(os.fsencode(file)).decode("utf-8", "replace")
            return StoredFile(path, 0, f"to {target}", LINK)
        try:
            digest = self._digest(file)
        except OSError as error:
            return StoredFile(path, 0, error.strerror or str(error), UNREADABLE)
        looks_into = is_archive(path) and looked_into.match(path) is not None
        return StoredFile(path, file.stat().st_size, digest, SHA256, looks_into)

    def _leads_to_a_file(self, link: Path) -> bool:
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):  # it leads nowhere, or in a circle
            return False
        return target.is_file() and target.is_relative_to(self._root.resolve())


def walk(root: Path) -> Iterator[str]:
    """The path below a folder of every regular file and every link."""
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = [name for name in folders if name != GIT and name not in links]
        for name in [*links, *names]:
            path = os.path.join(folder, name)
            if os.path.isfile(path) or os.path.islink(path):
                yield os.path.relpath(path, root)
