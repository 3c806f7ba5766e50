"""What the ``report`` command writes: one HTML page on a version of the corpus."""

from collections.abc import Sequence
from pathlib import Path

from assets.corpus_version import corpus_version, token_sets
from assets.project import Project
from assets.tables import console
from quality.classifier.declaration import FastTextScorer
from quality.report.render import write_page
from quality.report.report import report_on


def report(project: Project, version: int | None, output: Path | None) -> None:
    """Write the page on a version of the corpus, and say where it lies.

    Args:
        version: of the decontaminated corpus, by default the newest.
        output: the file, by default ``reports/corpus@<version>.html`` in the project's home.

    Raises:
        PhaselineError: there is no such version, or an artifact behind it is gone or has other content now.
    """
    corpus = corpus_version(project, version)
    path = output or project.home / "reports" / f"corpus@{corpus.clean.record.version}.html"
    write_page(report_on(project.store, corpus, made_of_corpus(project)), path)
    console.print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", soft_wrap=True)


def made_of_corpus(project: Project) -> Sequence[str]:
    """The assets that are to be made from a decontaminated corpus: classifiers, thresholds, buckets and shards."""
    classifiers = [scorer.name for scorer in project.scorers.values() if isinstance(scorer, FastTextScorer)]
    return [
        *(f"classifiers/{name}" for name in classifiers),
        *(f"{step}/{domain}" for domain in project.buckets for step in ("thresholds", "buckets")),
        *token_sets(project),
    ]
