"""What is kept of steps that went wrong: loss spikes in ``spikes.jsonl``, and the step that stopped a run."""

from pathlib import Path

from pipelines.record import Entry, write_whole
from training.runs.rows import append_row, read_rows
from training.runs.run import Run


class BatchDocument(Entry):
    """A document's part in a sample: the tokens [start, start + num_tokens) of it."""

    document: str
    source: str
    licence: str
    start: int
    num_tokens: int


class BatchSample(Entry):
    """A sample of a step. ``loss`` is the mean over its tokens in nats, None where it is not finite."""

    sample: int
    source: str
    epoch: int
    loss: float | None
    documents: list[BatchDocument]


class Spike(Entry):
    """A step whose loss was above the declared bound; ``expected`` is the mean of the steps before it."""

    step: int
    phase: str
    loss: float
    expected: float
    bound: float
    samples: list[BatchSample]


class Stop(Entry):
    """The step whose loss or gradient was not finite (then None); no weight was changed by it."""

    step: int
    phase: str
    loss: float | None
    grad_norm: float | None
    lr: float
    samples: list[BatchSample]


def add_spike(run: Run, spike: Spike) -> None:
    """Add a spike to the run's."""
    append_row(run.spikes, spike.model_dump(mode="json"))


def read_spikes(run: Run) -> list[Spike]:
    """The spikes of a run, by step."""
    return [Spike.model_validate(row) for row in read_rows(run.spikes)]


def stop_file(run: Run, step: int) -> Path:
    """Where it is written what stopped a run at a step."""
    return run.folder / "stopped" / f"step-{step:06}.json"


def write_stop(run: Run, stop: Stop) -> None:
    """Write what stopped a run, whole."""
    path = stop_file(run, stop.step)
    path.parent.mkdir(exist_ok=True)
    write_whole(path, stop)


def read_stop(run: Run, step: int) -> Stop:
    """What stopped a run at a step."""
    return Stop.model_validate_json(stop_file(run, step).read_bytes())
