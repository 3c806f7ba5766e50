"""The head of the page: which corpus this is, in a few large numbers, and the versions of all that it is made of."""

from collections.abc import Sequence

from pipelines.corpus import HELD_OUT, TRAIN
from pipelines.funnel.funnel import Funnel
from pipelines.store import Artifact
from quality.report.artifacts import CorpusArtifacts
from quality.report.figures import Table
from quality.report.page import Headline
from quality.report.sections.checks import failures
from quality.report.units import bytesize, count, moment


def in_words(clean: Artifact) -> str:
    record = clean.record
    return (
        "What it is made of, what was dropped and for what, how good it is, and what was checked. Made "
        f"{moment(record.provenance.created_at)} as {clean.name}, content {record.digest[:12]}."
    )


def headlines(artifacts: CorpusArtifacts, everything: Funnel) -> list[Headline]:
    """The large numbers.

    Args:
        everything: the funnel of all domains together.
    """
    checks = [check for artifact in artifacts.everything for check in artifact.record.checks]
    failed = failures(artifacts.everything)
    kept = everything.all_kept
    return [
        Headline(count(kept.num_documents), "documents"),
        Headline(bytesize(kept.num_bytes), "of text"),
        Headline(count(num_tokens(artifacts, TRAIN)), "tokens to train on"),
        Headline(count(num_tokens(artifacts, HELD_OUT)), "tokens held out"),
        Headline(count(len(checks) - len(failed)), "checks passed"),
        Headline(count(len(failed)), "checks failed", is_alarming=bool(failed)),
    ]


def num_tokens(artifacts: CorpusArtifacts, split: str) -> int:
    """The tokens of a split in the shards that are made."""
    return sum(artifact.record.facts["num_tokens"] for artifact, of in artifacts.corpus.shards if of.split == split)


def versions_table(everything: Sequence[Artifact]) -> Table:
    rows = [
        [
            artifact.asset,
            artifact.record.digest[:12],
            moment(artifact.record.provenance.created_at),
            artifact.record.provenance.code[:12],
            count(artifact.record.version),
        ]
        for artifact in everything
    ]
    return Table("Every artifact, with its version", ("artifact", "content", "made", "code"), ("version",), rows)
