"""Train a run in processes of its own, from wherever it stands."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.declared.trainer import TrainerDeclaration
from training.launching.follow import Follower, follow
from training.launching.processes import command, default_num_processes
from training.models.batches import local_batch_sizes
from training.models.presets import model_preset
from training.runs.checkpoints import checkpoint_steps, has_sound_checkpoint
from training.runs.metrics import StepMetrics
from training.runs.run import Run, create_run
from training.runs.start import start_checkpoint

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
        PhaselineError: another process trains the run, it is past ``until_step`` without a checkpoint there, the
            checkpoint that it starts from is missing or another model's, or training failed; with the first readable
            error and the log's path.
    """
    run = create_run(store, manifest_artifact)
    if not 0 <= until_step <= run.manifest.total_steps:
        raise PhaselineError(
            f"run {run.name} has {run.manifest.total_steps} steps, there is no step {until_step}", "name one of them"
        )
    if not has_sound_checkpoint(run, until_step):
        store.begin(f"checkpoints/{run.name}", [f"there is no checkpoint at step {until_step}"])
        refuse_to_go_back(run, until_step)
        num_processes = trainer.launch.num_processes or default_num_processes(run.manifest)
        local_batch_sizes(run.manifest, num_processes)  # refuses batches that do not divide before anything starts
        if not checkpoint_steps(run):
            start_checkpoint(store, run.manifest)
        num_parameters = model_preset(run.manifest.model).shape.num_parameters(run.manifest.tokenizer.vocab_size)
        report(
            f"training {run.name} up to step {until_step}: {run.manifest.model} with {num_parameters:,} parameters, "
            f"processes: {num_processes}"
        )
        follower = Follower(run, until_step, report, on_metrics)
        line = command(store, run, until_step, num_processes, trainer)
        exit_status = follow(line, num_processes, follower)
        if exit_status:
            raise follower.failure(exit_status)
    return RunState(run, checkpoint_steps(run))


def refuse_to_go_back(run: Run, until_step: int) -> None:
    """Raise PhaselineError if the run is past a step of which it has no sound checkpoint."""
    past = [step for step in checkpoint_steps(run) if step > until_step]
    if past:
        raise PhaselineError(
            f"run {run.name} stands at step {past[-1]} and has no sound checkpoint at step {until_step}",
            f"remove the later steps in {run.checkpoints} to train it again from before, or name another step",
        )
