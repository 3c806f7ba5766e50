"""The artifacts behind what is inspected: a corpus, its buckets, and the quadrants cut from its own shards."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.corpus import QUADRANTS_ASSET
from pipelines.errors import PhaselineError
from pipelines.funnel.corpus import Corpus
from pipelines.store import Artifact, Store


@dataclass(frozen=True)
class Inspected:
    """A decontaminated corpus with its buckets and its quadrants.

    Args:
        quadrants: None while they are not cut from shards of this corpus.
    """

    store: Store
    corpus: Corpus
    quadrants: Artifact | None

    @property
    def buckets(self) -> Mapping[str, Artifact]:
        """By domain; without the domains that have none made from this corpus."""
        return self.corpus.buckets

    @property
    def domains(self) -> list[str]:
        return sorted(set(self.corpus.domain_of.values()))

    def sources_of(self, domain: str, source: str | None = None) -> list[str]:
        """The sources of a domain, or the one of them that is named.

        Raises:
            PhaselineError: the corpus has no such domain, or the domain no such source.
        """
        if domain not in self.domains:
            raise PhaselineError(
                f"{self.corpus.clean.name} has no domain {domain}", f"name one of: {', '.join(self.domains)}"
            )
        sources = [name for name, of in self.corpus.domain_of.items() if of == domain]
        if source is None:
            return sources
        if source not in sources:
            raise PhaselineError(f"{domain} has no source {source}", f"name one of: {', '.join(sources)}")
        return [source]

    def documents_of(self, sources: Sequence[str]) -> list[Artifact]:
        """The documents of some sources, an artifact for each snapshot."""
        return [artifact for artifact in self.corpus.documents if artifact.record.parameters["source"] in sources]

    def documents_at(self, source: str, snapshot: str) -> Artifact:
        """The documents of one snapshot."""
        (found,) = (
            artifact for artifact in self.documents_of([source]) if artifact.record.parameters["snapshot"] == snapshot
        )
        return found

    def buckets_of(self, domain: str) -> Artifact:
        """The buckets of a domain; raises PhaselineError where they are not made from this corpus."""
        self.sources_of(domain)
        if domain not in self.buckets:
            raise PhaselineError(
                f"{domain} has no buckets made from {self.corpus.clean.name}",
                f"materialise buckets/{domain}, or name a domain with buckets: {', '.join(self.buckets) or 'none yet'}",
            )
        return self.buckets[domain]

    def made_quadrants(self) -> Artifact:
        """The quadrants; raises PhaselineError where they are not made from this corpus."""
        if self.quadrants is None:
            raise PhaselineError(
                f"there are no quadrants made from {self.corpus.clean.name}", f"materialise {QUADRANTS_ASSET}"
            )
        return self.quadrants

    def parents(self, artifact: Artifact, prefix: str) -> Iterator[Artifact]:
        """The parents of an artifact whose asset begins so."""
        return (self.store.find(parent) for parent in artifact.record.parents if parent.asset.startswith(prefix))


def inspected(store: Store, corpus: Corpus) -> Inspected:
    """A corpus with its quadrants."""
    versions = (store.get(QUADRANTS_ASSET, version) for version in reversed(store.versions(QUADRANTS_ASSET)))
    return Inspected(store, corpus, next((quadrants for quadrants in versions if is_cut_from(quadrants, corpus)), None))


def is_cut_from(quadrants: Artifact, corpus: Corpus) -> bool:
    """Whether all shards that quadrants were cut from are the corpus's own."""
    own = {(shards.asset, shards.digest) for shards, _ in corpus.shards}
    cut = {(of.asset, of.digest) for of in quadrants.record.parents if of.asset.startswith("shards/")}
    return cut <= own
