"""What each kind of scorer depends on, and what a task needs to score with it."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.engines import Engine
from pipelines.pieces import PIECE_BYTES, Piece
from pipelines.record import content_digest, describe_files
from pipelines.store import Artifact, Store
from quality.classifier.declaration import FastTextScorer
from quality.scoring.declaration import FileScorer, HeuristicScorer, Scorer, SequenceClassifierScorer
from quality.scoring.fasttext import FastTextScores
from quality.scoring.heuristic import HeuristicScores
from quality.scoring.sequence_classifier import SequenceClassifierScores, refuse_unfit


class BatchScorer(Protocol):
    """What scores the documents of one piece, batch after batch in their order."""

    @property
    def columns(self) -> Sequence[str]:
        """What it reads of the documents."""

    def score(self, documents: pa.RecordBatch) -> npt.NDArray[np.float32]:
        """The scores of n documents, shape (n,); NaN where one has none."""

    def reason(self, documents: pa.RecordBatch) -> str | pa.Array:
        """Why those of n documents that have no score have none: one reason for all, or each its own, n strings."""


Opener = Callable[[Piece], BatchScorer]

MODEL_PIECE_BYTES = 16 << 20  # of text: minutes of a core for a small model


def parameters_of(scorer: Scorer) -> dict[str, Any]:
    """What scores depend on, but for the artifact behind the scorer."""
    match scorer:
        case FastTextScorer():
            own: dict[str, Any] = {}
        case HeuristicScorer():
            own = {"terms": [term.model_dump() for term in scorer.terms]}
        case FileScorer():
            own = scorer.model_dump(mode="json", include={"format", "include", "id_column", "score_column"})
        case SequenceClassifierScorer():
            digest = content_digest(list(describe_files(scorer.folder)))
            own = {"model": digest, "max_tokens": scorer.max_tokens, "label": scorer.label}
    return {"kind": scorer.kind, **own}


def piece_bytes_of(scorer: Scorer) -> int:
    """How much text a task scores: the slower the scorer the less, as what a killed task has done is lost."""
    return MODEL_PIECE_BYTES if isinstance(scorer, SequenceClassifierScorer) else PIECE_BYTES


def prepared(
    store: Store,
    scorer: Scorer,
    fitted: Artifact | None,
    work: Path,
    engine: Engine,
    report: Callable[[str], None],
) -> Opener:
    """What a task opens to score a piece; it can be pickled. What all tasks share lies in the work folder.

    Raises:
        PhaselineError: the scorer is unfit, or a score file is not what is declared.
    """
    match scorer:
        case FastTextScorer():
            assert fitted is not None, "there is a classifier behind it"
            return partial(FastTextScores, fitted.folder)
        case HeuristicScorer():
            return partial(HeuristicScores, scorer.terms)
        case FileScorer():
            from quality.scoring.given import GivenScores, read_score_files

            assert fitted is not None, "there are raw files behind it"
            return partial(GivenScores, *read_score_files(store, scorer, fitted, work, engine, report))
        case SequenceClassifierScorer():
            refuse_unfit(scorer)
            return partial(SequenceClassifierScores, scorer)
