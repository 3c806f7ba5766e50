"""A version of the corpus, and what the project is to make of it."""

from assets.project import Project
from pipelines.corpus import CONTAMINATION_ASSET, HELD_OUT, TRAIN
from pipelines.funnel.corpus import Corpus, TokenSet, corpus_of
from pipelines.store import Artifact


def corpus_version(project: Project, version: int | None = None) -> Corpus:
    """A version of the decontaminated corpus, by default the newest, with all that was made from it.

    Raises:
        PhaselineError: there is no such version, or an artifact behind it is gone or has other content now.
    """
    store = project.store
    return corpus_from(
        project, store.require(CONTAMINATION_ASSET) if version is None else store.get(CONTAMINATION_ASSET, version)
    )


def corpus_from(project: Project, clean: Artifact) -> Corpus:
    """The corpus of an artifact of decontamination, with all that was made from it.

    Raises:
        PhaselineError: an artifact behind it is gone or has other content now.
    """
    return corpus_of(project.store, clean, token_sets(project), project.buckets)


def token_sets(project: Project) -> dict[str, TokenSet]:
    """What each asset of shards is to hold."""
    training = {f"shards/{shards.name}": TokenSet(shards.domain, TRAIN) for shards in project.shards.values()}
    held_out = {f"held_out/{domain.domain}": TokenSet(domain.domain, HELD_OUT) for domain in project.domains}
    return training | held_out
