"""A run: a manifest trained, in one folder with its metrics, log and checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.locks import locked
from pipelines.record import Entry, Parent
from pipelines.store import Artifact, Store
from training.manifest import Manifest, read_manifest

DECLARATION = "run.json"


class Amendment(Entry):
    """A newer manifest that a run took over when ``from_step`` steps were done, which it does not change."""

    manifest: Parent
    from_step: int


class RunDeclaration(Entry):
    """What ``run.json`` says: the manifest that the run began with, and those that it took over, oldest first."""

    manifest: Parent
    amendments: tuple[Amendment, ...] = ()

    @property
    def current(self) -> Parent:
        """The manifest that the run follows now."""
        return self.amendments[-1].manifest if self.amendments else self.manifest

    @property
    def amended_at(self) -> int:
        """The steps that were done at the last amendment; 0 where there is none."""
        return self.amendments[-1].from_step if self.amendments else 0

    def manifests_at(self, step: int) -> list[Parent]:
        """The manifests whose first ``step`` steps are the run's, oldest first; the current one is one of them."""
        manifests = [self.manifest, *(amendment.manifest for amendment in self.amendments)]
        return [
            manifest
            for number, manifest in enumerate(manifests)
            if all(step <= later.from_step for later in self.amendments[number:])
        ]


@dataclass(frozen=True)
class Run:
    """A run's folder and the manifest it follows now. Steps of a run count what is done: 0 is before training."""

    folder: Path
    declaration: RunDeclaration
    artifact: Artifact
    manifest: Manifest

    @property
    def name(self) -> str:
        """``recipe@version``, after the manifest that the run began with."""
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
    """The run that follows a manifest: the one of its name, another whose manifest says the same, or a new one.

    Raises:
        PhaselineError: the run of its name follows another manifest.
    """
    known = known_runs(store)
    manifest = read_manifest(manifest_artifact)
    name = f"{manifest.recipe}@{manifest_artifact.record.version}"
    if name in known and known[name].current != manifest_artifact.parent:
        raise PhaselineError(
            f"run {name} follows another manifest than {manifest_artifact.name} is now",
            f"move {store.root / 'runs' / name} away",
        )
    if name not in known:
        equal = run_of(store, manifest.digest)
        if equal is not None:
            return equal
        store.begin(f"runs/{name}", ["it was not begun"])
        declare(store.root / "runs" / name, RunDeclaration(manifest=manifest_artifact.parent))
    return open_run(store, name)


def run_of(store: Store, manifest_digest: str, step: int | None = None) -> Run | None:
    """A run that follows a manifest of this digest, or one whose first ``step`` steps are those of such a manifest."""
    for name, declaration in known_runs(store).items():
        manifests = [declaration.current] if step is None else declaration.manifests_at(step)
        if any(digest_of(store, manifest) == manifest_digest for manifest in manifests):
            return open_run(store, name)
    return None


def digest_of(store: Store, manifest: Parent) -> str | None:
    """The digest of what a manifest says, by its record; None where the artifact is gone or another's."""
    if manifest.version not in store.versions(manifest.asset):
        return None
    artifact = store.get(manifest.asset, manifest.version)
    return artifact.record.facts["manifest_digest"] if artifact.digest == manifest.digest else None


def declare(folder: Path, declaration: RunDeclaration) -> None:
    """Write a run's declaration whole: beside its place, then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{DECLARATION}.part"
    beside.write_text(declaration.model_dump_json(indent=1))
    beside.rename(folder / DECLARATION)


def open_run(store: Store, name: str) -> Run:
    """The run of a name; raises PhaselineError for an unknown one, or if its manifest is missing or altered."""
    known = known_runs(store)
    if name not in known:
        raise PhaselineError(f"there is no run {name!r} in {store.root}", f"name one of: {', '.join(known) or 'none'}")
    artifact = store.find(known[name].current)
    return Run(store.root / "runs" / name, known[name], artifact, read_manifest(artifact))


def known_runs(store: Store) -> dict[str, RunDeclaration]:
    """What every run declares, by name, in order."""
    paths = sorted((store.root / "runs").glob(f"*/{DECLARATION}"))
    return {path.parent.name: RunDeclaration.model_validate_json(path.read_bytes()) for path in paths}
