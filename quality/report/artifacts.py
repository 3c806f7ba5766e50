"""The artifacts that one page tells of: a corpus, all that it was made of, and all that was made of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pipelines.corpus import QUADRANTS_ASSET
from pipelines.funnel.corpus import Corpus, newest_made_from
from pipelines.store import Artifact, Store
from quality.samples.inspected import Inspected, inspected

KEPT = ("classifiers/", "thresholds/")  # once fitted: their parents may be of another corpus


@dataclass(frozen=True)
class CorpusArtifacts:
    """A corpus and every artifact that belongs to it.

    Args:
        inspected: the corpus, its buckets and quadrants.
        everything: in order of asset.
        missing: what is to be made from this corpus and is not.
    """

    inspected: Inspected
    everything: Sequence[Artifact]
    missing: Sequence[str]

    @property
    def corpus(self) -> Corpus:
        return self.inspected.corpus

    def of(self, prefix: str) -> list[Artifact]:
        """The artifacts whose asset begins so, in order."""
        return [artifact for artifact in self.everything if artifact.asset.startswith(prefix)]

    def collection(self, scorer: str) -> list[Artifact]:
        """What lists a scorer's scores of this corpus; nothing where they are not listed."""
        return [artifact for artifact in self.everything if artifact.asset == f"scores/{scorer}"]

    def missing_of(self, *prefixes: str) -> list[str]:
        """A sentence for each asset that is to be made, begins so, and is not made."""
        clean = self.corpus.clean.name
        return [f"{asset} has not been made from {clean}." for asset in self.missing if asset.startswith(prefixes)]


def artifacts_of(store: Store, corpus: Corpus, expected: Sequence[str]) -> CorpusArtifacts:
    """Everything that belongs to a corpus.

    Args:
        expected: the assets that are to be made from it.

    Raises:
        PhaselineError: a parent is gone, or has other content now.
    """
    of_corpus = inspected(store, corpus)
    fitted = (newest_made_from(store, asset, corpus.clean) for asset in expected if asset.startswith(KEPT))
    shards = [artifact for artifact, _ in corpus.shards]
    made = [*shards, *corpus.buckets.values(), *(artifact for artifact in fitted if artifact is not None)]
    found = everything_behind(store, [corpus.clean, *made])
    if of_corpus.quadrants is not None:  # the models behind their scores may have been trained on another corpus
        scores = of_corpus.parents(of_corpus.quadrants, "quality/perplexity/")
        found |= {artifact.name: artifact for artifact in (of_corpus.quadrants, *scores)}
    found |= {collection.name: collection for collection in collections_of(store, corpus, list(found.values()))}
    everything = sorted(found.values(), key=lambda artifact: (artifact.asset, artifact.record.version))
    names = {artifact.asset for artifact in everything}
    return CorpusArtifacts(
        of_corpus, everything, [asset for asset in [*expected, QUADRANTS_ASSET] if asset not in names]
    )


def collections_of(store: Store, corpus: Corpus, artifacts: Sequence[Artifact]) -> Iterator[Artifact]:
    """What lists the scores behind the buckets of a corpus: by each scorer, just those that are among the artifacts."""
    scorers = {scorer for buckets in corpus.buckets.values() for scorer in buckets.record.facts["scorers"]}
    for scorer in sorted(scorers):
        scores = {(each.asset, each.digest) for each in artifacts if each.asset.startswith(f"scores/{scorer}/")}
        versions = (store.get(f"scores/{scorer}", version) for version in reversed(store.versions(f"scores/{scorer}")))
        listing = (each for each in versions if {(of.asset, of.digest) for of in each.record.parents} == scores)
        yield from islice(listing, 1)


def everything_behind(store: Store, artifacts: Iterable[Artifact]) -> dict[str, Artifact]:
    """Some artifacts and what they were made from, by name; nothing behind what is kept once fitted."""
    found: dict[str, Artifact] = {}
    waiting = list(artifacts)
    while waiting:
        artifact = waiting.pop()
        if artifact.name not in found:
            found[artifact.name] = artifact
            if not artifact.asset.startswith(KEPT):
                waiting += [store.find(parent) for parent in artifact.record.parents]
    return found
