"""A run: a manifest trained, in one folder with its metrics, log and checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.errors import PhaselineError
from pipelines.locks import locked
from pipelines.record import Entry, Parent, write_whole
from pipelines.store import Artifact, Store
from training.manifest import Manifest, StartReference, read_manifest

DECLARATION = "run.json"
CHECKPOINTS = "checkpoints"  # the folder of a run's checkpoints, and what their asset's name begins with


class Amendment(Entry):
    """A newer manifest that a run took over when ``from_step`` steps were done, which it does not change."""

    manifest: Parent
    from_step: int


class Beginning(Entry):
    """The checkpoint of another run that a run began with, and counts its steps on from.

    Args:
        run, step, digest: whose checkpoint, after how many steps, and what it held.
        optimizer: whether the optimizer's state was loaded with the weights.
        difference: how the steps before differ from what the manifest plans for them, in words; None where they do not.
    """

    run: str
    step: int
    digest: str
    optimizer: Literal["loaded", "fresh"] = "loaded"
    difference: str | None = None

    @property
    def checkpoint(self) -> Parent:
        """The checkpoint as an artifact."""
        return Parent(asset=f"{CHECKPOINTS}/{self.run}", version=self.step, digest=self.digest)

    @property
    def is_trunk(self) -> bool:
        """Whether the run goes on as one would that was trained by its manifest from the first step on."""
        return self.difference is None and self.optimizer == "loaded"


class RunDeclaration(Entry):
    """What ``run.json`` says: the manifest that the run began with, and those that it took over, oldest first; and
    the checkpoint of another run that it began with, if it did.
    """

    manifest: Parent
    amendments: tuple[Amendment, ...] = ()
    beginning: Beginning | None = None

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
        return self.folder / CHECKPOINTS

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def spikes(self) -> Path:
        return self.folder / "spikes.jsonl"

    @property
    def restarts(self) -> Path:
        return self.folder / "restarts.jsonl"

    @property
    def tensorboard(self) -> Path:
        return self.folder / "tensorboard"

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

    @property
    def first_step(self) -> int:
        """The steps that were done when it began: those of the checkpoint of another run that it began with, or 0."""
        return self.declaration.beginning.step if self.declaration.beginning else 0


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


def find_base(store: Store, start: StartReference) -> Run:
    """The run that a manifest starts from; raises PhaselineError where there is none."""
    base = run_of(store, start.manifest_digest, start.step)
    if base is None:
        raise PhaselineError(
            f"there is no run of {start.manifest} (manifest {start.manifest_digest[:12]})",
            f"train {start.manifest} up to step {start.step} first",
        )
    return base


def digest_of(store: Store, manifest: Parent) -> str | None:
    """The digest of what a manifest says, by its record; None where the artifact is gone or another's."""
    if manifest.version not in store.versions(manifest.asset):
        return None
    artifact = store.get(manifest.asset, manifest.version)
    return artifact.record.facts["manifest_digest"] if artifact.digest == manifest.digest else None


def declare(folder: Path, declaration: RunDeclaration) -> None:
    """Write a run's declaration whole: beside its place, then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / DECLARATION, declaration)


def open_run(store: Store, name: str) -> Run:
    """The run of a name; raises PhaselineError for an unknown one, or if its manifest is missing or altered."""
    known = known_runs(store)
    if name not in known:
        raise PhaselineError(f"there is no run {name!r} in {store.root}", f"name one of: {', '.join(known) or 'none'}")
    return declared_run(store, name, known[name])


def declared_run(store: Store, name: str, declaration: RunDeclaration) -> Run:
    """The run of a name that declares this; raises PhaselineError if its manifest is missing or altered."""
    artifact = store.find(declaration.current)
    return Run(store.root / "runs" / name, declaration, artifact, read_manifest(artifact))


def known_runs(store: Store) -> dict[str, RunDeclaration]:
    """What every run declares, by name, in order."""
    return declarations(store.root / "runs")


def declarations(runs: Path) -> dict[str, RunDeclaration]:
    """What every run in a folder of runs declares, by name, in order."""
    paths = sorted(runs.glob(f"*/{DECLARATION}"))
    return {path.parent.name: read_declaration(path.parent) for path in paths}


def read_declaration(folder: Path) -> RunDeclaration:
    """What the run in a folder declares."""
    return RunDeclaration.model_validate_json((folder / DECLARATION).read_bytes())


def folders_behind(run: Run) -> Iterator[tuple[Path, range]]:
    """The folders of the runs that a run's steps were done in, its own first, each with the steps done after them.

    They end where the run of a folder is gone.
    """
    folder, beginning, end_step = run.folder, run.declaration.beginning, run.manifest.total_steps
    while beginning is not None:
        yield folder, range(beginning.step + 1, end_step + 1)
        folder, end_step = folder.with_name(beginning.run), beginning.step
        if not (folder / DECLARATION).is_file():
            return
        beginning = read_declaration(folder).beginning
    yield folder, range(end_step + 1)


def folder_at(run: Run, step: int) -> Path:
    """The folder of the run that has the checkpoint after ``step`` steps: this one, or one that it began in.

    Raises:
        PhaselineError: that run is gone.
    """
    for folder, steps in folders_behind(run):
        if step >= steps.start:
            return folder
    raise PhaselineError(
        f"run {run.name} began at step {run.first_step} of a run that is gone, and step {step} was before",
        f"restore the runs that it began in, in {run.folder.parent}, or name a step after {run.first_step}",
    )


def steps_begun_with(run: Run) -> set[int]:
    """The steps of a run whose checkpoints other runs began with: their past, which must stay."""
    begun = (declaration.beginning for declaration in declarations(run.folder.parent).values())
    return {beginning.step for beginning in begun if beginning is not None and beginning.run == run.name}
