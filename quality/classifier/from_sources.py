"""Labelled documents of the corpus: survivors of the training split that break no rule."""

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.corpus import TRAIN, documents_of, survivors_within_rules
from pipelines.errors import PhaselineError
from pipelines.store import Artifact
from quality.classifier.candidates import SCHEMA, Candidates, in_sample_order
from quality.classifier.declaration import FastTextScorer


def labelled_survivors(scorer: FastTextScorer, corpus: Artifact) -> pa.Table:
    """The survivors of the sources that are named on either side."""
    rows = survivors_within_rules(corpus, split=TRAIN)
    return rows.filter(pc.is_in(rows["source"], pa.array(sorted(scorer.source_labels), pa.string())))


def documents_of_sources(scorer: FastTextScorer, corpus: Artifact, documents: Sequence[Artifact]) -> Candidates:
    """The first documents of each source that are in one of the declared languages."""
    rows = labelled_survivors(scorer, corpus)
    readable = rows.filter(pc.is_in(rows["language"], pa.array(scorer.documents.languages)))
    chosen = capped(readable, scorer.documents.max_documents_per_source)
    labels = [scorer.source_labels[source] for source in chosen["source"].to_pylist()]
    texts = documents_of(chosen, documents, ["text"])["text"]
    table = pa.table([chosen["id"], chosen["source"], pa.array(labels, pa.int8()), texts], schema=SCHEMA)
    dropped = Counter(language=len(rows) - len(readable), over_source_maximum=len(readable) - len(chosen))
    return Candidates(table, len(rows), dropped)


def capped(rows: pa.Table, max_documents_per_source: int) -> pa.Table:
    """At most so many rows of each source, those first in the order of sampling."""
    ordered = in_sample_order(rows)
    taken: Counter[str] = Counter()
    is_taken = []
    for source in ordered["source"].to_pylist():
        is_taken.append(taken[source] < max_documents_per_source)
        taken[source] += 1
    return ordered.filter(pa.array(is_taken, pa.bool_()))


def refuse_unknown_sources(scorer: FastTextScorer, documents: Sequence[Artifact]) -> None:
    """Raise PhaselineError if a declared source has no artifact among the documents."""
    known = {artifact.record.parameters["source"] for artifact in documents}
    unknown = [source for source in scorer.source_labels if source not in known]
    if unknown:
        raise PhaselineError(
            f"classifier {scorer.name} names {', '.join(unknown)}, but no such source has documents",
            f"name sources that are declared: {', '.join(sorted(known))}",
        )
