"""The labelled documents of a classifier: chosen from the training split, hashed into folds."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.corpus import TRAIN, documents_of, survivors
from pipelines.digests import keyed_hash
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.store import Artifact
from quality.classifier.declaration import ClassifierDeclaration
from quality.classifier.normalise import normalise

SAMPLE_KEY = "quality/sample"
FOLD_KEY = "quality/fold"


def fold_of(document: str, num_folds: int) -> int:
    """The fold of a document id, labelled or not."""
    return keyed_hash(document, FOLD_KEY) % num_folds


def labelled_documents(
    declaration: ClassifierDeclaration, corpus: Artifact, documents: Sequence[Artifact]
) -> tuple[pa.Table, Flow]:
    """The documents that a classifier learns from, in hashed order, and where the others went.

    Returns:
        A table with columns id, source, label (1 or 0), fold and text (normalised), and the flow of documents.

    Raises:
        PhaselineError: a side has too few documents.
    """
    labels = declaration.labels
    rows = survivors(corpus, split=TRAIN)
    rows = rows.filter(pc.is_in(rows["source"], pa.array(sorted(labels))))
    readable = rows.filter(pc.is_in(rows["language"], pa.array(declaration.documents.languages)))
    chosen = capped(readable, declaration.documents.max_documents_per_source)
    side = np.array([labels[source] for source in chosen["source"].to_pylist()], dtype=np.int8)
    refuse_small_sides(declaration, side, rows, readable)
    texts = documents_of(chosen, documents, ["text"])["text"].to_pylist()
    ids = chosen["id"].to_pylist()
    table = pa.table(
        {
            "id": chosen["id"],
            "source": chosen["source"],
            "label": side,
            "fold": np.array([fold_of(document, declaration.num_folds) for document in ids], dtype=np.int16),
            "text": [normalise(text, declaration.documents.max_characters) for text in texts],
        }
    )
    dropped = {"language": len(rows) - len(readable), "over_source_maximum": len(readable) - len(chosen)}
    return table, Flow(num_in=len(rows), num_kept=len(chosen), dropped=dropped)


def capped(rows: pa.Table, max_documents_per_source: int) -> pa.Table:
    """At most so many rows of each source, those first in the order of a hash of their id; all in that order."""
    order = np.argsort([keyed_hash(document, SAMPLE_KEY) for document in rows["id"].to_pylist()], kind="stable")
    sources = rows["source"].to_pylist()
    taken: dict[str, int] = dict.fromkeys(sources, 0)
    chosen = []
    for row in order.tolist():
        source = sources[row]
        if taken[source] < max_documents_per_source:
            taken[source] += 1
            chosen.append(row)
    return rows.take(pa.array(chosen, type=pa.int64()))


def refuse_unknown_sources(declaration: ClassifierDeclaration, documents: Sequence[Artifact]) -> None:
    """Raise PhaselineError if a declared source has no artifact among the documents."""
    known = {artifact.record.parameters["source"] for artifact in documents}
    unknown = [source for source in declaration.labels if source not in known]
    if unknown:
        raise PhaselineError(
            f"classifier {declaration.name} names {', '.join(unknown)}, but no such source has documents",
            f"name sources that are declared: {', '.join(sorted(known))}",
        )


def refuse_small_sides(
    declaration: ClassifierDeclaration, side: np.ndarray, rows: pa.Table, readable: pa.Table
) -> None:
    """Raise PhaselineError if a side has fewer documents than declared."""
    wanted = declaration.documents.min_documents_per_side
    sides: Mapping[str, int] = {"positives": int((side == 1).sum()), "negatives": int((side == 0).sum())}
    for name, count in sides.items():
        if count < wanted:
            raise PhaselineError(
                f"classifier {declaration.name} has {count} {name}, fewer than min_documents_per_side {wanted}; "
                f"{len(rows) - len(readable)} documents are not in {', '.join(declaration.documents.languages)}",
                f"add sources to {name}, raise max_documents_per_source, or lower min_documents_per_side",
            )
