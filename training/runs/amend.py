"""Amendments: a run in flight takes over a newer manifest of its recipe, which may change future steps only."""

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.manifest import Manifest, read_manifest
from training.runs.agreement import changed_fields, first_changed
from training.runs.checkpoints import checkpoint_steps
from training.runs.run import Amendment, Run, declare, open_run, run_of


def amend(store: Store, run: Run, manifest_artifact: Artifact) -> Run:
    """Let a run follow a newer manifest of its recipe from its newest checkpoint on.

    Checkpoints stay. All samples of the steps that are done are compared, with their batch, length and learning rate.

    Raises:
        PhaselineError: the manifest is another recipe's, a run of its own follows it, it changes a step that is done,
            or another process trains the run.
    """
    newer = read_manifest(manifest_artifact)
    if newer == run.manifest:
        return run
    refuse_another(store, run, manifest_artifact)
    with run.written():
        steps_done = max(checkpoint_steps(run), default=0)
        refuse_changed_past(run, newer, manifest_artifact.name, steps_done)
        amendment = Amendment(manifest=manifest_artifact.parent, from_step=steps_done)
        amendments = (*run.declaration.amendments, amendment)
        declare(run.folder, run.declaration.model_copy(update={"amendments": amendments}))
    return open_run(store, run.name)


def refuse_another(store: Store, run: Run, manifest_artifact: Artifact) -> None:
    """Raise PhaselineError for a manifest of another recipe, or one that a run of its own follows."""
    if manifest_artifact.asset != run.artifact.asset:
        raise PhaselineError(
            f"run {run.name} trains {run.artifact.asset}, {manifest_artifact.name} is another recipe's",
            f"name a version of {run.artifact.asset}",
        )
    other = run_of(store, manifest_artifact.record.facts["manifest_digest"])
    if other is not None:
        raise PhaselineError(
            f"run {other.name} follows {manifest_artifact.name} already",
            f"train that one, or move {other.folder} away first",
        )


def refuse_changed_past(run: Run, newer: Manifest, name: str, steps_done: int) -> None:
    """Raise PhaselineError naming the first of the steps done that the newer manifest changes."""
    remedy = f"train {name} as a run of its own"
    for field in changed_fields(run.manifest, newer):
        raise PhaselineError(
            f"{name} changes the {field} of run {run.name}, on which steps that are done depend", remedy
        )
    if newer.total_steps < steps_done:
        raise PhaselineError(f"{name} ends at step {newer.total_steps}, and run {run.name} is at {steps_done}", remedy)
    difference = first_changed(run.manifest, newer, steps_done)
    if difference is not None:
        raise PhaselineError(f"{name} changes the past of run {run.name}: {difference}", remedy)
