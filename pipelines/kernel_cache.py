"""Where numba keeps compiled kernels: a folder for each state of this code.

Numba compiles a kernel again when its own file changes, not when a function that it calls from another file does. So a
kernel kept from before an update would go on giving the old results, without a word.
"""

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "NUMBA_CACHE_DIR"
ROOMS = ("pipelines", "quality", "training")  # those with kernels


def use_cache_of_this_code() -> None:
    """Name the folder to numba, here and in the processes that are started from here; one that is named is kept."""
    if VARIABLE not in os.environ:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        os.environ[VARIABLE] = str(caches / "phaseline" / kernels_digest(ROOT)[:16])


def kernels_digest(root: Path) -> str:
    """The SHA-256 of every module below a folder's rooms that uses numba, in order of path."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            text = path.read_bytes()
            if b"numba" in text:
                digest.update(text)
    return digest.hexdigest()
