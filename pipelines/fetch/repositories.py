"""Git checkouts among a source's files: which repository and which commit a file belongs to."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

GIT = ".git"


def find_repositories(root: Path) -> dict[str, dict[str, str]]:
    """The ``origin`` and ``commit`` of each git checkout in a folder, by its path below it (``.`` for itself).

    Without the git command there are none. What a checkout does not have, it does not name.
    """
    if shutil.which("git") is None:
        return {}
    return {os.path.relpath(folder, root): describe(folder) for folder in checkouts(root)}


def repository_of(path: str, repositories: Mapping[str, Mapping[str, str]]) -> str | None:
    """The origin of the nearest checkout that a file lies in."""
    for folder in Path(path).parents:
        if checkout := repositories.get(str(folder)):
            return checkout.get("origin")
    return None


def checkouts(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        if GIT in folders or GIT in files:
            yield folder
        folders[:] = [name for name in folders if name != GIT]


def describe(folder: str) -> dict[str, str]:
    """The address and the commit of a checkout."""
    facts = {"origin": ask_git(folder, "remote", "get-url", "origin"), "commit": ask_git(folder, "rev-parse", "HEAD")}
    return {name: without_password(value) for name, value in facts.items() if value}


def ask_git(folder: str, *question: str) -> str:
    """What git answers about a folder, empty where it has no answer."""
    done = subprocess.run(["git", "-C", folder, *question], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def without_password(address: str) -> str:
    """An address without the credentials that a clone over HTTPS may leave in it."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
