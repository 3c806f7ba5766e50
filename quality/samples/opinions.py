"""What each scorer behind a domain's buckets says of one document."""

from pipelines.store import Artifact
from quality.classifier.model import CrossFitted
from quality.samples.explanation import Opinion, Record
from quality.samples.facts import LEVEL, bucket_rows
from quality.samples.inspected import Inspected
from quality.samples.rows import rows_with
from quality.scorer import CLASSIFIERS, SCORES
from quality.scoring.table import SCORE_FILES


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
    for scores in sorted(inspected.parents(buckets, SCORES), key=lambda artifact: artifact.asset):
        _, scorer, *snapshot = scores.asset.split("/")
        if snapshot != [record.source, record.snapshot]:
            continue
        row = rows_with(scores.files(SCORE_FILES), "id", [document])[0]
        level = placed.get(LEVEL + scorer)
        words = speaking_words(inspected, scores, document, text, most_words)
        is_decisive = level is not None and level == placed["level"]
        found.append(Opinion(scorer, row["score"], row["reason"], level, is_decisive, words))
    return found


def speaking_words(
    inspected: Inspected, scores: Artifact, document: str, text: str, most_words: int
) -> list[tuple[str, float]]:
    """The words that speak most for and against a document, of scores by a fastText classifier; none of others."""
    for classifier in inspected.parents(scores, CLASSIFIERS):
        return CrossFitted(classifier.folder).explain(document, text, most_words)
    return []
