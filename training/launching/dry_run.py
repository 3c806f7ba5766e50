"""What training a stretch would run and take, without running it."""

from collections.abc import Iterator
from dataclasses import replace

from pipelines.store import Artifact, Store
from training.declared.trainer import TrainerDeclaration
from training.launching.launch import launcher_of, what_is_trained
from training.launching.launcher import Launcher, Stretch
from training.launching.machine import checkpoint_num_bytes, checkpoints_num_bytes, gigabytes, process_num_bytes
from training.launching.preflight import division, find_obstacles, obstacles_of
from training.models.batches import local_batch_sizes
from training.models.layout import layout_of
from training.runs.beginning import in_words
from training.runs.checkpoints import boundaries, checkpoint_steps, own_steps
from training.runs.run import Beginning, Run, RunDeclaration, declared_run, run_of
from training.runs.trunk import beginning_in, trunks


def dry_run(store: Store, run: Run, trainer: TrainerDeclaration) -> Iterator[str]:
    """Lines that say what a run begins with, what its next stretch is, what that takes, what is in its way, and the
    very command or job script; nothing for a run that is trained to its end.
    """
    if not own_steps(run):
        run = begun(store, run)
        if run.declaration.beginning is not None:
            yield in_words(run, run.declaration.beginning)
    launcher = launcher_of(trainer.launch)
    done = max(checkpoint_steps(run), default=0)
    to_come = [step for step in boundaries(run.manifest) if step > done]
    if not to_come:
        return
    stretch = Stretch(store, run, min(to_come), trainer)
    yield f"{what_is_trained(stretch, launcher)}; it is at step {done}"
    for obstacle in find_obstacles(stretch, launcher):
        yield f"in the way: {obstacle}"
    if not any(obstacles_of(division, stretch, launcher)):
        yield from resources(stretch, launcher)
    yield ""
    yield launcher.describe(stretch)


def resources(stretch: Stretch, launcher: Launcher) -> Iterator[str]:
    """How batches are divided, and what memory and disk they and the checkpoints take."""
    manifest, trainer = stretch.run.manifest, stretch.trainer
    for num_processes in launcher.num_processes(manifest):
        parts = layout_of(trainer.parallel, num_processes).num_batch_parts
        needed = process_num_bytes(stretch, num_processes, launcher.gpu_num_bytes())
        yield f"processes: {num_processes}, each with about {gigabytes(needed)} for a step, beside the program itself"
        sizes = local_batch_sizes(manifest, num_processes, trainer)
        for phase, size in zip(manifest.phases, sizes, strict=True):
            yield (
                f"  phase {phase.name}: {phase.global_batch_size} sequences of {phase.sequence_length:,} tokens, "
                f"in {parts} shares of {phase.global_batch_size // parts}, {size} at a time"
            )
    yield (
        f"checkpoints: about {gigabytes(checkpoint_num_bytes(stretch))} each, at most "
        f"{gigabytes(checkpoints_num_bytes(stretch))} more than now up to step {stretch.until_step}"
    )


def planned_run(store: Store, manifest_artifact: Artifact) -> Run:
    """The run that follows a manifest, or the one that would be begun."""
    run = run_of(store, manifest_artifact.record.facts["manifest_digest"])
    name = manifest_artifact.name.removeprefix("manifests/")
    return run or declared_run(store, name, RunDeclaration(manifest=manifest_artifact.parent))


def begun(store: Store, run: Run) -> Run:
    """A run without checkpoints of its own as it would begin: where a person said, or in a trunk."""
    if run.declaration.beginning is not None:
        return run
    found = trunks(store, run, run.manifest.phases[0].end_step)
    return beginning_at(run, beginning_in(*found[0])) if found else run


def beginning_at(run: Run, beginning: Beginning) -> Run:
    """A run as it would be, had it declared its beginning."""
    return replace(run, declaration=run.declaration.model_copy(update={"beginning": beginning}))
