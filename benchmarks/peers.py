"""The peers' environment, apart from the product's: made when missing or when its list of packages changed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import ROOT

FOLDER = ROOT / ".venv-bench"
PACKAGES = ROOT / "benchmarks" / "peers.txt"
INSTALLED = FOLDER / "peers.txt"


def peer_python(report: Callable[[str], None]) -> Path:
    """The Python of the peers' environment; raises CalledProcessError where a package cannot be installed."""
    python = FOLDER / "bin" / "python"
    wanted = PACKAGES.read_text()
    if not INSTALLED.exists() or INSTALLED.read_text() != wanted:
        report(f"installing the peers of benchmarks/peers.txt into {FOLDER.name}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", PACKAGES], check=True)
        INSTALLED.write_text(wanted)
    return python
