"""What lineage adds to a checkpoint, in seconds and bytes, to what torchtitan itself takes to save it."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import aligned
from benchmarks.training.commands import ours, train_observed
from benchmarks.training.home import Trained, write_run
from benchmarks.training.spans import Span
from pipelines.record import RECORD
from training.runs.checkpoints import checkpoint_steps, step_folder
from training.runs.soundness import describe_checkpoint

SMALL_BATCHES = (
    Trained("llama_5m", vocab_size=8192, sequence_length=128, global_batch_size=2),
    Trained("llama_100m", vocab_size=32_768, sequence_length=128, global_batch_size=2),
)
NUM_SAVES = 6  # the first is not counted
STEPS_BETWEEN = 8
TARGET = 0.01  # of what torchtitan takes


@dataclass(frozen=True)
class Saving:
    """Medians of a few checkpoints of a model, in seconds.

    ``save`` is torchtitan's part. ``blocked`` is how long training waits for lineage, ``checked`` how long for whether
    all weights are finite. ``background_cpu`` is what the digests of a checkpoint's files cost, beside training.
    """

    model: str
    save_seconds: float
    save_cpu_seconds: float
    blocked_seconds: float
    checked_seconds: float
    background_cpu_seconds: float
    checkpoint_bytes: int
    lineage_bytes: int

    @property
    def share_of_seconds(self) -> float:
        return self.blocked_seconds / self.save_seconds

    @property
    def share_of_bytes(self) -> float:
        return self.lineage_bytes / self.checkpoint_bytes


def measure_saving(trained: Trained, report: Callable[[str], None]) -> Saving:
    """Train a few steps between checkpoints, and look at where the time of each goes."""
    report(f"checkpoints of {trained.model}; load average {os.getloadavg()[0]:.1f} before")
    num_steps = NUM_SAVES * STEPS_BETWEEN
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        store, run = write_run(folder / "home", trained, 2 * num_steps)
        spans = train_observed(ours(store, run, num_steps, 1, every_steps=STEPS_BETWEEN), folder)
        saves = list(saves_of(spans))[1:]
        checkpoint = step_folder(run, checkpoint_steps(run)[-1])
        cpu_started = time.process_time()
        describe_checkpoint(checkpoint, 1)
        background_cpu_seconds = time.process_time() - cpu_started
        sizes = {path.name: path.stat().st_size for path in checkpoint.iterdir()}
    lineage_bytes = sizes.pop(RECORD)
    return Saving(
        trained.model,
        save_seconds=statistics.median(save.by_torchtitan.seconds for save in saves),
        save_cpu_seconds=statistics.median(save.by_torchtitan.cpu_seconds for save in saves),
        blocked_seconds=statistics.median(save.lineage_seconds for save in saves),
        checked_seconds=statistics.median(save.other_seconds for save in saves),
        background_cpu_seconds=background_cpu_seconds,
        checkpoint_bytes=sum(sizes.values()),
        lineage_bytes=lineage_bytes,
    )


@dataclass(frozen=True)
class Save:
    """A checkpoint that was saved, and what that consists of."""

    whole: Span
    by_torchtitan: Span
    lineage_seconds: float

    @property
    def other_seconds(self) -> float:
        return self.whole.seconds - self.by_torchtitan.seconds - self.lineage_seconds


def saves_of(spans: Sequence[Span]) -> Iterator[Save]:
    """The saves that wrote a checkpoint; ours is asked at each step."""
    for whole in spans:
        within = [span for span in spans if whole.started <= span.started and span.ended <= whole.ended]
        inner = [span for span in within if span.name == "torchtitan's save"]
        if whole.name == "save" and inner:
            yield Save(whole, inner[0], sum(span.seconds for span in within if span.name == "lineage"))


def saving_table(savings: Sequence[Saving]) -> Iterator[str]:
    """A row for each model, and whether lineage keeps to its target."""
    header = [
        "MB",
        "save s",
        "CPU s",
        "lineage: blocks ms",
        "share",
        "background CPU s",
        "bytes",
        "share",
        "check of weights: ms",
    ]
    rows = [["checkpoints", *header]]
    for saving in savings:
        rows.append(
            [
                saving.model,
                f"{saving.checkpoint_bytes / 1e6:,.0f}",
                f"{saving.save_seconds:.3f}",
                f"{saving.save_cpu_seconds:.3f}",
                f"{1000 * saving.blocked_seconds:.2f}",
                f"{saving.share_of_seconds:.2%}",
                f"{saving.background_cpu_seconds:.3f}",
                f"{saving.lineage_bytes:,}",
                f"{saving.share_of_bytes:.5%}",
                f"{1000 * saving.checked_seconds:.1f}",
            ]
        )
    yield from aligned(rows)
    kept = all(max(saving.share_of_seconds, saving.share_of_bytes) < TARGET for saving in savings)
    verdict = "reached" if kept else "missed"
    yield f"target below {TARGET:.0%} of torchtitan's seconds and of the checkpoint's bytes: {verdict}"
