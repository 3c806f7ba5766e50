"""The labelled documents of a classifier: both sides together, in the order of sampling, with their folds."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.digests import value_digest
from pipelines.errors import PhaselineError
from pipelines.readers.records import Record
from pipelines.record import Flow
from pipelines.store import Artifact
from quality.classifier.candidates import in_sample_order
from quality.classifier.declaration import FastTextScorer
from quality.classifier.from_files import documents_of_files
from quality.classifier.from_sources import documents_of_sources
from quality.classifier.measures import SIDES
from quality.classifier.normalise import normalise
from quality.classifier.split import folds_of


def labelled_documents(
    scorer: FastTextScorer, corpus: Artifact, documents: Sequence[Artifact], records: Mapping[str, Iterable[Record]]
) -> tuple[pa.Table, Flow]:
    """The documents that a classifier learns from, and where the others went.

    Of documents with the same words one is taken: a model that learnt from it would have seen the others as well.

    Args:
        records: those of each labelled file, by its name.

    Returns:
        A table with columns id, source (or the file's name), label (1 or 0), fold and words (normalised text), and the
        flow of documents.

    Raises:
        PhaselineError: a document is on both sides, or a side has too few documents.
    """
    of_sources = documents_of_sources(scorer, corpus, documents)
    of_files = documents_of_files(scorer, corpus, records)
    candidates = in_sample_order(pa.concat_tables([of_sources.table, of_files.table]))
    words = normalise(candidates["text"].combine_chunks(), scorer.documents.max_characters)
    folds = folds_of(candidates["id"].to_pylist(), scorer.num_folds)
    table = candidates.drop_columns(["text"]).append_column("fold", pa.array(folds)).append_column("words", words)
    with_words = table.filter(pc.not_equal(table["words"], ""))
    labelled = with_words.take(first_of_each(with_words["words"]))
    dropped = of_sources.dropped + of_files.dropped
    dropped["no_words"] += len(table) - len(with_words)
    dropped["same_words"] += len(with_words) - len(labelled)
    flow = Flow(
        num_in=of_sources.num_in + of_files.num_in,
        num_kept=len(labelled),
        dropped={reason: count for reason, count in sorted(dropped.items()) if count},
    )
    refuse_small_sides(scorer, labelled, flow)
    return labelled, flow


def first_of_each(column: pa.ChunkedArray) -> pa.Array:
    """The rows where a value stands for the first time, ascending."""
    numbers = column.combine_chunks().dictionary_encode().indices.to_numpy()
    return pa.array(np.sort(np.unique(numbers, return_index=True)[1]))


def training_set_digest(labelled: pa.Table) -> str:
    """The digest of which documents are labelled how, whatever their order."""
    return value_digest(sorted(zip(labelled["id"].to_pylist(), labelled["label"].to_pylist(), strict=True)))


def refuse_small_sides(scorer: FastTextScorer, labelled: pa.Table, flow: Flow) -> None:
    """Raise PhaselineError if a side has fewer documents than declared, or none in a fold."""
    wanted = scorer.documents.min_documents_per_side
    labels, folds = labelled["label"].to_numpy(), labelled["fold"].to_numpy()
    for side, label in SIDES.items():
        sizes = np.bincount(folds[labels == label], minlength=scorer.num_folds)
        if sizes.sum() < wanted:
            dropped = ", ".join(f"{reason} {count}" for reason, count in flow.dropped.items()) or "none"
            raise PhaselineError(
                f"classifier {scorer.name} has {sizes.sum()} {side}, fewer than min_documents_per_side {wanted}; "
                f"dropped on both sides: {dropped}",
                f"add sources or files to {side}, raise max_documents_per_source, or lower min_documents_per_side",
            )
        if not sizes.all():
            raise PhaselineError(
                f"classifier {scorer.name} has {sizes.sum()} {side} and {scorer.num_folds} folds, one without {side}",
                f"add sources or files to {side}, or lower num_folds",
            )
