"""What each scorer behind a domain's buckets says of one document."""

from collections.abc import Iterator

from pipelines.store import Artifact
from quality.classifier.declaration import FastTextScorer, LabelledDocuments
from quality.classifier.model import CrossFitted
from quality.samples.explanation import Opinion, Record
from quality.samples.facts import LEVEL, bucket_rows
from quality.samples.inspected import Inspected
from quality.samples.rows import rows_with
from quality.scoring.table import SCORE_FILES

SCORES, CLASSIFIERS = "scores/", "classifiers/"  # how their assets begin


def opinions(inspected: Inspected, document: str, record: Record, text: str, most_words: int) -> list[Opinion]:
    """What the scorers of a document's domain say of it, by name; none where the domain has no buckets.

    Args:
        record: one that has the text.
        most_words: how many for and how many against.
    """
    buckets = inspected.buckets.get(inspected.corpus.domain_of[record.source])
    if buckets is None:
        return []
    placed = next(iter(bucket_rows(buckets, [document])), {})
    found = []
    for scores in sorted(scores_behind(inspected, buckets), key=lambda artifact: artifact.asset):
        _, scorer, *snapshot = scores.asset.split("/")
        if snapshot != [record.source, record.snapshot]:
            continue
        row = rows_with(scores.files(SCORE_FILES), "id", [document])[0]
        level = placed.get(LEVEL + scorer)
        words = speaking_words(inspected, scores, document, text, most_words)
        is_decisive = level is not None and level == placed["level"]
        found.append(Opinion(scorer, row["score"], row["reason"], level, is_decisive, words))
    return found


def scores_behind(inspected: Inspected, artifact: Artifact) -> Iterator[Artifact]:
    """The scores of snapshots that an artifact was made from, some of them collected in an artifact of their own."""
    for parent in inspected.parents(artifact, SCORES):
        collected = list(scores_behind(inspected, parent))
        yield from collected or [parent]


def speaking_words(
    inspected: Inspected, scores: Artifact, document: str, text: str, most_words: int
) -> list[tuple[str, float]]:
    """The words that speak most for and against a document, of scores by a fastText classifier; none of others."""
    for classifier in inspected.parents(scores, CLASSIFIERS):
        return cross_fitted(classifier).explain(document, text, most_words)
    return []


def cross_fitted(classifier: Artifact) -> CrossFitted:
    """The models of a classifier, declared as its record says; labelled files, which it leaves out, are not needed."""
    parameters = classifier.record.parameters
    documents = LabelledDocuments.model_validate(parameters["documents"])
    scorer = FastTextScorer.model_construct(num_folds=parameters["num_folds"], documents=documents)
    return CrossFitted(classifier.folder, scorer)
