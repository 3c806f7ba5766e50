"""The score, percentile and bucket of every surviving document of a domain."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus import SCORES, TRAIN, survivors
from pipelines.documents import read_documents
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.bucketing.scored import Scored
from quality.classifier.declaration import ClassifierDeclaration
from quality.classifier.labelled import fold_of
from quality.classifier.model import load_model, score
from quality.classifier.normalise import normalise
from quality.classifier.step import model_path

CODE_VERSION = "1"


def ensure_scores(
    store: Store,
    declaration: ClassifierDeclaration,
    classifier: Artifact,
    corpus: Artifact,
    documents: Sequence[Artifact],
    report: Callable[[str], None],
) -> Outcome:
    """Score and bucket a domain's surviving documents as ``quality/<name>_scores``: ``scores.parquet``, sorted by id.

    Percentiles are of the training split; documents of other splits are placed among them and move no threshold.

    Args:
        documents: the documents of the domain; those of other domains are ignored.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: no document of the domain survived in the training split.
    """
    parents = [artifact for artifact in documents if artifact.record.facts["domain"] == declaration.domain]

    def make(draft: Draft) -> None:
        rows = survivors(corpus, domain=declaration.domain)
        if TRAIN not in rows["split"].to_pylist():
            raise PhaselineError(
                f"no training document of {declaration.domain} survived, so {declaration.name} has no percentiles",
                f"add a source to {declaration.domain}, or remove the classifier's declaration",
            )
        scored = Scored(declaration, rows, score_documents(declaration, classifier, rows, parents))
        pq.write_table(scored.table(), draft.folder / SCORES, compression="zstd")
        draft.flows["documents"] = Flow(num_in=len(rows), num_kept=len(rows))
        draft.facts |= scored.facts()
        scored.plot(draft.folder / "buckets.png")
        report(f"{declaration.domain}: {scored.describe()}")

    return store.ensure(
        f"quality/{declaration.name}_scores",
        make,
        code_version=CODE_VERSION,
        parameters=declaration.model_dump(mode="json"),
        parents=[classifier, corpus, *parents],
    )


def score_documents(
    declaration: ClassifierDeclaration, classifier: Artifact, rows: pa.Table, documents: Sequence[Artifact]
) -> npt.NDArray[np.float32]:
    """The score of each row's document by the model that has not seen its fold, shape (len(rows),).

    Texts are read once, a batch at a time.

    Raises:
        ValueError: a row without a document: the artifacts are not those that the rows were made from.
    """
    models = [load_model(model_path(classifier.folder, fold)) for fold in range(declaration.num_folds)]
    keys = zip(rows["source"].to_pylist(), rows["id"].to_pylist(), strict=True)
    waiting = {key: row for row, key in enumerate(keys)}
    scores = np.empty(len(rows), dtype=np.float32)
    for artifact in documents:
        for batch in read_documents(artifact, ["source", "id", "text"]):
            by_fold: dict[int, list[tuple[int, str]]] = defaultdict(list)
            for source, document, text in zip(*batch.to_pydict().values(), strict=True):
                row = waiting.pop((source, document), None)
                if row is not None:
                    normalised = normalise(text, declaration.documents.max_characters)
                    by_fold[fold_of(document, declaration.num_folds)].append((row, normalised))
            for fold, chosen in by_fold.items():
                scores[[row for row, _ in chosen]] = score(models[fold], [text for _, text in chosen])
    if waiting:
        raise ValueError(f"{len(waiting)} documents are not in {[artifact.name for artifact in documents]}")
    return scores
