"""Checkpoints that count without having been trained, for tests of what is found in their records."""

from pipelines.record import Parent, Record, content_digest, describe_files, provenance, write_record
from pipelines.store import Artifact, Store
from training.runs.checkpoints import own_steps, started_from, step_folder
from training.runs.rows import write_rows
from training.runs.run import Run, create_run

WEIGHTS = "__0_0.distcp"


def run_with(store: Store, manifest: Artifact, *steps: int) -> Run:
    """The run of a manifest, with checkpoints at these steps and a loss for each step before the last of them."""
    run = create_run(store, manifest)
    for step in steps:
        record(run, step, started_from(run))
    write_rows(run.metrics, [{"step": step, "loss": 1 / step} for step in range(1, max(own_steps(run)) + 1)])
    return run


def record(run: Run, step: int, start: list[Parent]) -> None:
    """A checkpoint whose weights are its name."""
    folder = step_folder(run, step)
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_text(f"{run.name} after {step} steps")
    files = list(describe_files(folder))
    made = Record(
        asset=f"checkpoints/{run.name}",
        version=step,
        digest=content_digest(files),
        code_version="1",
        parameters={"model": run.manifest.model},
        parents=[run.artifact.parent, *start],
        flows={},
        files=files,
        checks=[],
        facts={"step": step},
        provenance=provenance(0.0),
    )
    write_record(folder, made)
