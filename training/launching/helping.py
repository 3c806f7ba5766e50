"""A host that is not the first of a run's hosts: it prepares nothing, and trains along when the first host trains."""

import socket
import time
from collections.abc import Callable

from pipelines.store import Store
from training.declared.launch import TorchrunLaunch
from training.declared.trainer import TrainerDeclaration
from training.launching.follow import Follower
from training.launching.launcher import Stretch
from training.launching.torchrun import TorchrunLauncher
from training.manifest import read_manifest
from training.runs.checkpoints import boundaries, checkpoint_steps
from training.runs.run import Run, run_of

SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_BETWEEN_REPORTS = 60.0


def helping_launcher(trainer: TrainerDeclaration) -> TorchrunLauncher | None:
    """What starts processes here if this machine is one of several hosts and not the first; else None."""
    if not isinstance(trainer.launch, TorchrunLaunch):
        return None
    launcher = TorchrunLauncher(trainer.launch)
    return None if launcher.is_first else launcher


def help_train(
    store: Store,
    recipe: str,
    last_boundary: str,
    trainer: TrainerDeclaration,
    launcher: TorchrunLauncher,
    report: Callable[[str], None],
) -> None:
    """Train along with the first host until the newest manifest of a recipe is trained up to a boundary.

    Where the first host ends, too, it is waited for again.

    Raises:
        PhaselineError: this machine lacks memory or GPUs, or its processes alone failed.
    """
    while not is_trained(store, recipe, last_boundary):
        wait_for_first_host(launcher.declared, report)
        run = newest_run(store, recipe)
        if run is None:
            continue
        stretch = Stretch(store, run, run.manifest.total_steps, trainer)  # rank 0 says until which step
        for obstacle in launcher.obstacles_here(stretch):
            raise obstacle
        report(f"training {run.name} with {launcher.declared.hosts[0]}")
        follower = Follower(run, stretch.until_step, report, None)
        follower.log = run.folder / f"train.host{launcher.place + 1}.log"  # a shared disk loses what two hosts append
        exit_status = launcher.launch(stretch, follower)
        if exit_status and stays(launcher.declared):
            follower.finish(exit_status)


def newest_run(store: Store, recipe: str) -> Run | None:
    """The run of a recipe's newest manifest, if it has begun."""
    manifest = store.latest(f"manifests/{recipe}")
    return None if manifest is None else run_of(store, read_manifest(manifest).digest)


def is_trained(store: Store, recipe: str, boundary: str) -> bool:
    """Whether a recipe's newest manifest is trained up to a boundary."""
    run = newest_run(store, recipe)
    done = [] if run is None else checkpoint_steps(run)
    return run is not None and any(boundaries(run.manifest).get(step) == boundary for step in done)


def wait_for_first_host(launch: TorchrunLaunch, report: Callable[[str], None]) -> None:
    """Wait until torchrun listens on the first host."""
    reported = -SECONDS_BETWEEN_REPORTS
    while not listens(launch.hosts[0], launch.port):
        if time.monotonic() - reported >= SECONDS_BETWEEN_REPORTS:
            reported = time.monotonic()
            report(f"waiting for {launch.hosts[0]}, which prepares the run, to train")
        time.sleep(SECONDS_BETWEEN_LOOKS)


def stays(launch: TorchrunLaunch) -> bool:
    """Whether the first host goes on: it still listens when it would have noticed that this host is gone."""
    deadline = time.monotonic() + 2 * launch.lost_after_seconds
    while time.monotonic() < deadline:
        if not listens(launch.hosts[0], launch.port):
            return False
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return True


def listens(host: str, port: int) -> bool:
    """Whether something listens on a host's port."""
    try:
        socket.create_connection((host, port), SECONDS_BETWEEN_LOOKS).close()
    except OSError:
        return False
    return True
