"""Compiled kernels are kept for one state of the code, so that none outlives a change of what it calls."""

import os
import subprocess
import sys
from pathlib import Path

from pipelines.kernel_cache import ROOT, VARIABLE, kernels_digest

CALL = "import numpy, pipelines.dedup.components as c; c.join(numpy.arange(2, dtype=numpy.int32), 0, 1)"


def test_kernels_are_kept_in_a_folder_named_by_their_code(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment |= {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", CALL], env=environment, check=True)
    assert list((tmp_path / "phaseline" / kernels_digest(ROOT)[:16]).rglob("*.nbi"))


def test_a_change_in_any_kernel_is_another_folder_and_one_elsewhere_is_not(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    kernel, other = tmp_path / "pipelines/kernel.py", tmp_path / "pipelines/other.py"
    kernel.write_text("import numba\n")
    other.write_text("import os\n")
    before = kernels_digest(tmp_path)
    other.write_text("import sys\n")
    assert kernels_digest(tmp_path) == before
    kernel.write_text("import numba\nSEED = 2\n")
    assert kernels_digest(tmp_path) != before
