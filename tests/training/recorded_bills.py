"""Checkpoints with the records of real ones that nothing was trained for."""

from collections.abc import Sequence

from pipelines.record import Parent
from pipelines.store import Store
from training.runs.checkpoint_facts import CheckpointFacts
from training.runs.checkpoints import read_checkpoint, started_from, step_folder
from training.runs.history import Hardware, Host, TrainedBy
from training.runs.recording import record_checkpoint
from training.runs.run import Run


def processes(num_processes: int, started_at: str) -> TrainedBy:
    """So many processes of a machine."""
    host = Host(name="node", device="cpu", num_processes=num_processes, num_cores=2)
    hardware = Hardware(hosts=(host,), python="3.11", torch="2.13", torchtitan="0.3", cuda=None)
    return TrainedBy(started_at=started_at, code="abc", hardware=hardware, trainer={})


def record(store: Store, run: Run, step: int, by: TrainedBy, start: Sequence[Parent] | None = None) -> CheckpointFacts:
    """Record a checkpoint of one small file, as if these processes had trained up to it."""
    folder = step_folder(run, step)
    folder.mkdir(parents=True)
    (folder / "weights").write_text(f"{run.name} after {step} steps")
    record_checkpoint(store, run, step, 0.0, started_from(run) if start is None else start, by)
    return facts(run, step)


def facts(run: Run, step: int) -> CheckpointFacts:
    """What a checkpoint's record says."""
    return CheckpointFacts.model_validate(read_checkpoint(run, step).record.facts)
