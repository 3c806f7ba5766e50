"""Kills a process at an exact moment: the first time that it makes a certain call on a certain path.

Imported by every Python process whose PYTHONPATH holds this folder. PHASELINE_STRIKE is the name of the call, ``fsync``
or ``rmtree``, and the end of the path that it is made on. What is about to be flushed is cut in half first.
"""

import os
import shutil
import signal
from collections.abc import Callable
from typing import Any

CALL, ENDING = os.environ["PHASELINE_STRIKE"].split(maxsplit=1)


def fsync(file: int) -> None:
    path = os.readlink(f"/proc/self/fd/{file}")
    if path.endswith(ENDING):
        os.ftruncate(file, os.fstat(file).st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    flush(file)


def rmtree(path: Any, *arguments: Any, **options: Any) -> None:
    if str(path).endswith(ENDING):
        os.kill(os.getpid(), signal.SIGKILL)
    remove(path, *arguments, **options)


flush: Callable[[int], None] = os.fsync
remove: Callable[..., None] = shutil.rmtree
if CALL == "fsync":
    os.fsync = fsync  # type: ignore[assignment]
else:
    shutil.rmtree = rmtree  # type: ignore[assignment]
