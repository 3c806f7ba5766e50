"""Train a run in processes of its own, from wherever it stands."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.declared.launch import Launch, LocalLaunch, SlurmLaunch, TorchrunLaunch
from training.declared.trainer import TrainerDeclaration
from training.launching.follow import Follower
from training.launching.launcher import Launcher, Stretch
from training.launching.local import LocalLauncher
from training.launching.preflight import refuse_obstacles
from training.launching.slurm import SlurmLauncher
from training.launching.torchrun import TorchrunLauncher
from training.models.presets import model_preset
from training.runs.checkpoints import checkpoint_steps, has_sound_checkpoint
from training.runs.metrics import StepMetrics
from training.runs.run import Run, create_run
from training.runs.trunk import begin

DEFAULT_TRAINER = TrainerDeclaration()


@dataclass(frozen=True)
class RunState:
    """A run and the steps of its checkpoints, ascending."""

    run: Run
    checkpoints: list[int]


def train(
    store: Store,
    manifest_artifact: Artifact,
    *,
    until_step: int,
    report: Callable[[str], None],
    trainer: TrainerDeclaration = DEFAULT_TRAINER,
    on_metrics: Callable[[StepMetrics], None] | None = None,
) -> RunState:
    """Train a manifest until ``until_step`` steps are done, from wherever its run stands.

    Returns at once if the run has a sound checkpoint there. The processes end with the caller, however it ends.

    Args:
        until_step: in [0, total_steps]; the schedule's horizon stays the manifest's.
        report: is given a sentence every few seconds.
        on_metrics: is given the metrics of each step.

    Raises:
        PhaselineError: the run is past ``until_step`` without a checkpoint there; something is in the way, all of which
            is named; training failed, with the first readable error and the log's path; or it was told to stop.
    """
    run = create_run(store, manifest_artifact)
    refuse_unknown_step(run, until_step)
    if not has_sound_checkpoint(run, until_step):
        store.begin(f"checkpoints/{run.name}", [f"there is no checkpoint at step {until_step}"])
        run = begin(store, run, until_step, report)
    if not has_sound_checkpoint(run, until_step):
        refuse_to_go_back(run, until_step)
        stretch = Stretch(store, run, until_step, trainer)
        launcher = launcher_of(trainer.launch)
        if not launcher.is_running(stretch):
            refuse_obstacles(stretch, launcher)
        report(what_is_trained(stretch, launcher))
        follower = Follower(run, until_step, report, on_metrics)
        follower.finish(launcher.launch(stretch, follower))
    return RunState(run, checkpoint_steps(run))


def launcher_of(declared: Launch) -> Launcher:
    """What starts processes in the declared way."""
    match declared:
        case LocalLaunch():
            return LocalLauncher(declared)
        case TorchrunLaunch():
            return TorchrunLauncher(declared)
        case SlurmLaunch():
            return SlurmLauncher(declared)


def what_is_trained(stretch: Stretch, launcher: Launcher) -> str:
    """A run, its model and the number of its processes in a sentence."""
    manifest = stretch.run.manifest
    num_parameters = model_preset(manifest.model).shape.num_parameters(manifest.tokenizer.vocab_size)
    return (
        f"training {stretch.run.name} up to step {stretch.until_step}: {manifest.model} with {num_parameters:,} "
        f"parameters, processes: {launcher.num_processes(manifest)[0]}"
    )


def refuse_unknown_step(run: Run, step: int) -> None:
    """Raise PhaselineError for a step that a run does not have."""
    if not 0 <= step <= run.manifest.total_steps:
        raise PhaselineError(
            f"run {run.name} has {run.manifest.total_steps} steps, there is no step {step}", "name one of them"
        )


def refuse_to_go_back(run: Run, until_step: int) -> None:
    """Raise PhaselineError if the run is past a step of which it has no sound checkpoint."""
    past = [step for step in checkpoint_steps(run) if step > until_step]
    if past:
        raise PhaselineError(
            f"run {run.name} stands at step {past[-1]} and has no sound checkpoint at step {until_step}",
            f"remove the later steps in {run.checkpoints} to train it again from before, or name another step",
        )
