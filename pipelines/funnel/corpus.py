"""The artifacts that one corpus was made of, and what was made from it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipelines.corpus import DEDUP
from pipelines.store import Artifact, Store


@dataclass(frozen=True)
class TokenSet:
    """The documents of a domain and split that one asset of shards is to hold, perhaps with others of them."""

    domain: str
    split: str


@dataclass(frozen=True)
class Corpus:
    """A decontaminated corpus.

    Args:
        documents: the snapshots of its sources.
        dedup: their survivors and removals.
        clean: the survivors after decontamination.
        buckets: by domain, those made from ``clean``.
        shards: those made from ``clean``, and from the buckets where the domain has some, with what they hold.
        waiting: what is not in shards as a whole, because some of its shards are not made from these.
    """

    documents: Sequence[Artifact]
    dedup: Artifact
    clean: Artifact
    buckets: Mapping[str, Artifact]
    shards: Sequence[tuple[Artifact, TokenSet]]
    waiting: frozenset[TokenSet]

    @property
    def domain_of(self) -> dict[str, str]:
        """The domain of each source, sources in order of name."""
        domains: dict[str, str] = self.dedup.record.parameters["domains"]
        names = sorted({artifact.record.parameters["source"] for artifact in self.documents})
        return {name: domains[name] for name in names}


def corpus_of(store: Store, clean: Artifact, shards: Mapping[str, TokenSet], bucketed: Collection[str] = ()) -> Corpus:
    """A decontaminated corpus with the very artifacts that it was made from.

    Args:
        clean: its survivors.
        shards: the assets that are to be made from it.
        bucketed: the domains that have buckets.

    Raises:
        PhaselineError: an artifact that it was made from is gone or has other content now.
    """
    (dedup,) = (store.find(parent) for parent in clean.record.parents if parent.asset == DEDUP)
    documents = [store.find(parent) for parent in dedup.record.parents if parent.asset.startswith("documents/")]
    buckets = {}
    for domain in sorted(bucketed):
        artifact = newest_made_from(store, f"buckets/{domain}", clean)
        if artifact is not None:
            buckets[domain] = artifact
    made, waiting = [], set()
    for asset, of in shards.items():
        origin = buckets.get(of.domain) if of.domain in bucketed else clean
        artifact = newest_made_from(store, asset, origin) if origin is not None else None
        if artifact is not None:
            made.append((artifact, of))
        else:
            waiting.add(of)
    return Corpus(documents, dedup, clean, buckets, made, frozenset(waiting))


def newest_made_from(store: Store, asset: str, parent: Artifact) -> Artifact | None:
    """The newest version of an asset that was made from content that ``parent`` has."""
    versions = (store.get(asset, version) for version in reversed(store.versions(asset)))
    return next((artifact for artifact in versions if is_made_from(artifact, parent)), None)


def is_made_from(artifact: Artifact, parent: Artifact) -> bool:
    """Whether an artifact was made from content that another one has."""
    return any((of.asset, of.digest) == (parent.asset, parent.digest) for of in artifact.record.parents)
