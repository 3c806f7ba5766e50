"""A disk that is full while a run writes to it."""

import errno
import shutil
from pathlib import Path
from typing import TypeGuard

from pipelines.errors import PhaselineError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def says_full(error: BaseException) -> TypeGuard[OSError]:
    """Whether an exception says that a disk, a quota or a file may hold no more."""
    return isinstance(error, OSError) and error.errno in FULL


def full_disk(folder: Path, what: str, num_bytes: int | None = None) -> PhaselineError:
    """What to tell a user whose disk is full.

    Args:
        folder: on that disk.
        what: could not be written.
        num_bytes: that it takes, where that is known.
    """
    free_bytes = shutil.disk_usage(folder).free
    needed = f"it takes {num_bytes / 1e6:,.1f} MB, and" if num_bytes else "where"
    return PhaselineError(
        f"the disk of {folder} is full: {what} was not saved; {needed} {free_bytes / 1e6:,.1f} MB are free",
        "make space there, then run the same command again: it continues from the newest checkpoint",
    )
