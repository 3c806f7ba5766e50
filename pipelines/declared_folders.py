"""Folders that declarations name, on whichever machine they lie."""

import os
from pathlib import Path

from pipelines.errors import PhaselineError


def declared_folder(declared: str, relative_to: Path, where: str) -> Path:
    """A declared folder as an absolute path, with the variables of the environment that it names.

    Args:
        relative_to: where a relative path starts.
        where: the field that declares it, for messages.

    Raises:
        PhaselineError: a variable is not set, or there is no such folder.
    """
    expanded = os.path.expandvars(declared)
    if "$" in expanded:
        raise PhaselineError(f"{where}: {declared} names a variable that is not set", "set it, or give a path")
    folder = relative_to / Path(expanded).expanduser()
    if not folder.is_dir():
        raise PhaselineError(f"{where}: there is no folder {folder}", "mend the path")
    return folder.resolve()
