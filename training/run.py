"""A run: a manifest trained, in one folder with its metrics, log and checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.record import Entry, Parent
from pipelines.store import Artifact, Store, locked
from training.manifest import Manifest, read_manifest


class RunDeclaration(Entry):
    """What ``run.json`` says: the manifest that the run trains."""

    manifest: Parent


@dataclass(frozen=True)
class Run:
    """A run's folder and the manifest it trains. Steps of a run count what is done: 0 is before training."""

    folder: Path
    artifact: Artifact
    manifest: Manifest

    @property
    def name(self) -> str:
        """``recipe@version``, after the manifest."""
        return self.folder.name

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def plot(self) -> Path:
        return self.folder / "loss.png"

    @property
    def log(self) -> Path:
        return self.folder / "train.log"

    @contextmanager
    def written(self) -> Iterator[None]:
        """Hold the run for writing; raises PhaselineError where another process trains it."""
        with locked(self.folder / ".lock", f"run {self.name}"):
            yield


def create_run(store: Store, manifest_artifact: Artifact) -> Run:
    """The run of a manifest, its folder made where it is missing.

    Raises:
        PhaselineError: the folder belongs to another manifest of the same name and version.
    """
    manifest = read_manifest(manifest_artifact)
    folder = store.root / "runs" / f"{manifest.recipe}@{manifest_artifact.record.version}"
    declaration = RunDeclaration(manifest=manifest_artifact.parent)
    path = folder / "run.json"
    if not path.is_file():
        store.begin(f"runs/{folder.name}", ["it was not begun"])
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / "run.json.part"
        beside.write_text(declaration.model_dump_json(indent=1))
        beside.rename(path)
    elif RunDeclaration.model_validate_json(path.read_bytes()) != declaration:
        raise PhaselineError(
            f"{folder} was begun with another manifest than {manifest_artifact.name} is now", f"move {folder} away"
        )
    return Run(folder, manifest_artifact, manifest)


def open_run(store: Store, name: str) -> Run:
    """The run of a name; raises PhaselineError for an unknown one, or if its manifest is missing or altered."""
    folder = store.root / "runs" / name
    path = folder / "run.json"
    if not path.is_file():
        known = sorted(run.parent.name for run in (store.root / "runs").glob("*/run.json"))
        raise PhaselineError(f"there is no run {name!r} in {store.root}", f"name one of: {', '.join(known) or 'none'}")
    artifact = store.find(RunDeclaration.model_validate_json(path.read_bytes()).manifest)
    return Run(folder, artifact, read_manifest(artifact))
