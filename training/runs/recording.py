"""Recording a checkpoint: what makes it count, and says what it has seen."""

import shutil
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from pipelines.record import Parent, Record, content_digest, provenance, write_record
from pipelines.store import Store
from training.runs.checkpoint_facts import checkpoint_facts
from training.runs.checkpoints import ASSETS, step_folder
from training.runs.history import TrainedBy
from training.runs.retention import remove_superseded
from training.runs.run import Run
from training.runs.soundness import describe_checkpoint

CODE_VERSION = "3"
HASHING_THREADS = 4  # beside training: a fast disk's worth of SHA-256


class Recorder:
    """Records checkpoints while training goes on, one after the other.

    Args:
        trained_by: the processes that write them.
        keep_newest: how many of those that are not kept for ever.
    """

    def __init__(self, store: Store, run: Run, trained_by: TrainedBy, keep_newest: int) -> None:
        self.store = store
        self.run = run
        self.trained_by = trained_by
        self.keep_newest = keep_newest
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._recording: Future[None] | None = None

    def record(self, step: int, seconds: float, start: Sequence[Parent]) -> None:
        """Begin to record a checkpoint as ``record_checkpoint`` does, and to remove those that it supersedes."""
        self._recording = self._thread.submit(self._record, step, seconds, start)

    def finish(self) -> None:
        """Wait until the last checkpoint is recorded; raises what went wrong, after which nothing is left of it."""
        if self._recording is not None:
            self._recording.result()
            self._recording = None

    def close(self) -> None:
        """Finish, and end the thread."""
        self._thread.shutdown()
        self.finish()

    def _record(self, step: int, seconds: float, start: Sequence[Parent]) -> None:
        try:
            record_checkpoint(self.store, self.run, step, seconds, start, self.trained_by)
        except BaseException:
            shutil.rmtree(step_folder(self.run, step))
            raise
        remove_superseded(self.run, self.keep_newest)


def record_checkpoint(
    store: Store, run: Run, step: int, seconds: float, start: Sequence[Parent], trained_by: TrainedBy
) -> None:
    """Record a checkpoint whose files are all written.

    Args:
        seconds: how long it took to write.
        start: the checkpoint of another run that this one started from, if it did.
        trained_by: the processes that wrote it.
    """
    folder = step_folder(run, step)
    files = describe_checkpoint(folder, HASHING_THREADS)
    facts, tokens_conserved = checkpoint_facts(store, run, step, start, trained_by)
    record = Record(
        asset=f"{ASSETS}{run.name}",
        version=step,
        digest=content_digest(files),
        code_version=CODE_VERSION,
        parameters={"model": run.manifest.model},
        parents=[run.artifact.parent, *start],
        flows={},
        files=files,
        checks=[tokens_conserved],
        facts=facts.model_dump(mode="json"),
        provenance=provenance(seconds),
    )
    write_record(folder, record)
