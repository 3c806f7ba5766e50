"""The peers' environment, apart from the product's: made when missing or when a list of packages changed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.processes import ROOT

FOLDER = ROOT / ".venv-bench"
PACKAGES = ROOT / "benchmarks" / "peers.txt"
ALONE = ROOT / "benchmarks" / "peers_alone.txt"  # packages whose dependencies are not to be installed
INSTALLED = FOLDER / "peers.txt"


def peer_python(report: Callable[[str], None]) -> Path:
    """The Python of the peers' environment; raises CalledProcessError where a package cannot be installed."""
    python = FOLDER / "bin" / "python"
    wanted = PACKAGES.read_text() + ALONE.read_text()
    if not INSTALLED.exists() or INSTALLED.read_text() != wanted:
        report(f"installing the peers of benchmarks/peers.txt into {FOLDER.name} (about two minutes)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, "-r", str(PACKAGES)], check=True)
        subprocess.run([*install, "--no-deps", "-r", str(ALONE)], check=True)
        INSTALLED.write_text(wanted)
    return python
