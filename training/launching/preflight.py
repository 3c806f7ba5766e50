"""What is in the way of training a run as it is declared: all of it at once, before anything starts."""

import importlib.util
import os
from collections.abc import Callable, Iterator

from pipelines.alterations import alterations
from pipelines.errors import PhaselineError
from pipelines.fetch.digest_cache import DIGESTS
from training.launching.launcher import Launcher, Stretch
from training.launching.machine import obstacles_of_disk
from training.models.batches import local_batch_sizes
from training.models.layout import parallel_layout
from training.runs.checkpoints import own_steps
from training.runs.settling import foreign_checkpoints
from training.runs.start import find_start
from training.tokens.files import expected_files
from training.tokens.mirror import available_token_files

Obstacles = Iterator[PhaselineError]


def refuse_obstacles(stretch: Stretch, launcher: Launcher) -> None:
    """Raise PhaselineError with everything that is in the way of training a stretch."""
    match find_obstacles(stretch, launcher):
        case []:
            return
        case [only]:
            raise only
        case several:
            lines = [f"{number}. {obstacle.what}; {obstacle.remedy}" for number, obstacle in enumerate(several, 1)]
            raise PhaselineError(
                "\n  ".join([f"run {stretch.run.name} cannot be trained as it is declared:", *lines]),
                "mend all of this, then run the same command again",
            )


def find_obstacles(stretch: Stretch, launcher: Launcher) -> list[PhaselineError]:
    """Everything that is in the way of training a stretch, each thing once."""
    found = {str(obstacle): obstacle for check in CHECKS for obstacle in obstacles_of(check, stretch, launcher)}
    return list(found.values())


def obstacles_of(check: Callable[[Stretch, Launcher], Obstacles], stretch: Stretch, launcher: Launcher) -> Obstacles:
    """What a check finds, and what keeps it from looking further."""
    try:
        yield from check(stretch, launcher)
    except PhaselineError as obstacle:
        yield obstacle


def second_trainer(stretch: Stretch, _launcher: Launcher) -> Obstacles:
    """Another process that trains the run."""
    if stretch.run.folder.is_dir():
        with stretch.run.written():
            yield from ()


def division(stretch: Stretch, launcher: Launcher) -> Obstacles:
    """Numbers of processes that weights, batches or sequences do not divide among."""
    manifest, trainer = stretch.run.manifest, stretch.trainer
    on_gpus = launcher.gpu_num_bytes() is not None
    for num_processes in launcher.num_processes(manifest):
        try:
            parallel_layout(manifest, trainer.parallel, num_processes, on_gpus=on_gpus)
            local_batch_sizes(manifest, num_processes, trainer)
        except PhaselineError as obstacle:
            yield obstacle


def processes(stretch: Stretch, launcher: Launcher) -> Obstacles:
    """What the processes would lack where they start."""
    yield from launcher.obstacles(stretch)


def manifest_files(stretch: Stretch, _launcher: Launcher) -> Obstacles:
    """A manifest that is not what its record says."""
    artifact = stretch.run.artifact
    for alteration in alterations(artifact.folder, artifact.record, stretch.store.root / DIGESTS):
        yield PhaselineError(
            f"{artifact.name} was altered: {alteration}",
            f"restore {artifact.folder} from a copy; a run does not change its manifest unless it is amended",
        )


def token_files(stretch: Stretch, _launcher: Launcher) -> Obstacles:
    """Shards that are missing, were made anew, or are of another size; rank 0 hashes those that were written to."""
    run = stretch.run
    files = available_token_files(stretch.store, run.manifest, run.artifact.folder, os.environ)
    for file in expected_files(run.manifest, files):
        try:
            file.seal()
        except PhaselineError as obstacle:
            yield obstacle


def checkpoints(stretch: Stretch, _launcher: Launcher) -> Obstacles:
    """What the run cannot begin with, and checkpoints of it that are another run's, manifest's or model's."""
    run = stretch.run
    if not own_steps(run):
        find_start(stretch.store, run)
    yield from foreign_checkpoints(run)


def disk(stretch: Stretch, _launcher: Launcher) -> Obstacles:
    """Too little space for the checkpoints."""
    yield from obstacles_of_disk(stretch)


def packages(stretch: Stretch, _launcher: Launcher) -> Obstacles:
    """Packages that the trainer's declaration needs, and the project does not."""
    if stretch.trainer.metrics.wandb is not None and importlib.util.find_spec("wandb") is None:
        yield PhaselineError(
            "the trainer's metrics.wandb needs the package wandb, which is not installed",
            "pip install wandb, or take metrics.wandb out",
        )


CHECKS = (second_trainer, division, processes, manifest_files, token_files, checkpoints, disk, packages)
