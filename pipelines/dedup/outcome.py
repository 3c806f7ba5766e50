"""The outcome of dedup for the whole corpus: which document was removed, at which step, and for which survivor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.dedup.arrow_files import mapped_batch
from pipelines.dedup.corpus_files import CorpusFiles
from pipelines.dedup.deciding import BOUNDED, Brought, DecideSurvivors, compared_file, decided_file, wanted_file
from pipelines.dedup.numbering import Numbering
from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.planning import Plan
from pipelines.dedup.runner import Runner
from pipelines.dedup.scatter import GatherShingles, shingles_file, wanted_rows
from pipelines.dedup.survivors import KEPT


@dataclass
class Outcome:
    """How each of n documents fared."""

    survivor: NDArray[np.int32]  # [n]: the survivor it was removed for; itself if it survives
    similarity: NDArray[np.float32]  # [n]: to that survivor; 1 if it survives
    step: NDArray[np.int8]  # [n]: as in pipelines.dedup.survivors
    num_texts_read: NDArray[np.int64]  # [num_files]: of each piece of documents
    num_bounded: int = 0
    comparisons: dict[int, Path] = field(default_factory=dict)  # of each task

    def compared(self) -> list[Path]:
        """The files of comparisons, in order of task."""
        return [path for _, path in sorted(self.comparisons.items())]

    @property
    def num_comparisons(self) -> int:
        return sum(pq.read_metadata(path).num_rows for path in self.compared())

    def add(self, decided: Path) -> None:
        """Enter the documents that a task has removed."""
        batch = mapped_batch(decided)
        documents = batch["document"].to_numpy()
        for name in ("survivor", "similarity", "step"):
            getattr(self, name)[documents] = batch[name].to_numpy()


def decide_all(
    corpus: CorpusFiles, numbering: Numbering, parameters: DedupParameters, plan: Plan, runner: Runner
) -> Outcome:
    """Decide on every task of a plan, in rounds: the tasks that miss texts say which, and are decided again with them.

    Where nothing has been compared before, the texts of all documents that share a band key are read at once.
    """
    num_documents = numbering.num_documents
    outcome = Outcome(
        np.arange(num_documents, dtype=np.int32),
        np.ones(num_documents, np.float32),
        np.full(num_documents, KEPT, np.int8),
        np.zeros(len(corpus.files), np.int64),
    )
    gathered = np.zeros(num_documents, np.bool_)
    wanted = np.zeros(num_documents, np.bool_) if plan.comparisons else plan.is_shared.copy()
    shingles: list[Path] = []
    pending: Sequence[int] = range(plan.num_tasks)
    number = 0
    while pending:
        shingles += gather(corpus, wanted, parameters, number, runner, outcome)
        gathered |= wanted
        folder = runner.folder(f"round-{number}")
        brought = Brought(plan.groups, shingles, plan.comparisons, plan.lines)
        step = DecideSurvivors(corpus, parameters, brought, pending, folder)
        num_bytes = sum(path.stat().st_size for path in shingles)
        outcome.num_bounded += int(runner.run(step, len(pending), f"decide-{number}", num_bytes)[BOUNDED])
        wanted[:] = False
        for task in pending:
            if wanted_file(folder, task).exists():
                wanted[np.load(wanted_file(folder, task))] = True
            else:
                outcome.add(decided_file(folder, task))
                outcome.comparisons[task] = compared_file(folder, task)
        wanted &= ~gathered
        pending = [task for task in pending if wanted_file(folder, task).exists()]
        number += 1
    return outcome


def gather(
    corpus: CorpusFiles,
    wanted: NDArray[np.bool_],
    parameters: DedupParameters,
    number: int,
    runner: Runner,
    outcome: Outcome,
) -> list[Path]:
    """Read the wanted texts; returns the files of their shingle sets."""
    num_texts = np.array([len(wanted_rows(corpus, place, wanted)[0]) for place in range(len(corpus.files))], np.int64)
    outcome.num_texts_read += num_texts
    places = np.flatnonzero(num_texts).tolist()
    if not places:
        return []
    name, folder = f"wanted-{number}", runner.folder(f"shingles-{number}")
    corpus.save(name, wanted)
    step = GatherShingles(corpus, places, name, parameters.shingle_words, folder)
    num_bytes = sum(corpus.files[place].piece.num_bytes for place in places)
    runner.run(step, len(places), f"gather-{number}", num_bytes)
    return [shingles_file(folder, rank) for rank in range(len(places))]
