"""What is drawn for a person to read: documents with the facts that are known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Draw:
    """How documents are drawn: uniformly from all candidates, none twice; the same seed draws the same ones.

    Args:
        num_samples: as many, or all candidates where they are fewer.
        seed: another seed draws others.
        max_characters: of each text, from its start.
        source: only documents of this source.
        language: only documents of this language: an ISO 639 code, or the programming language.
    """

    num_samples: int = 5
    seed: int = 0
    max_characters: int = 600
    source: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Sample:
    """A document, or a record that became none. Strangers wrote it: whoever shows it escapes it.

    Args:
        id: None where no text was extracted.
        licence: None where it was not kept, of a rejected record.
        language: None where it was never identified.
        num_bytes: of the whole text in UTF-8; of the raw record where no text was extracted.
        text: its first characters.
        facts: what is known of it, in words and numbers by name, such as ``{"bucket": "high", "level": "19"}``.
    """

    id: str | None
    source: str
    snapshot: str
    locator: str
    url: str | None
    licence: str | None
    language: str | None
    num_bytes: int
    text: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Drawn:
    """Some of the candidates, and how many there are among how many documents."""

    num_candidates: int
    num_documents: int
    samples: Sequence[Sample]


@dataclass(frozen=True)
class Cluster:
    """A surviving document and the records that dedup removed for it."""

    survivor: Sample
    removed: Drawn


@dataclass(frozen=True)
class Clusters:
    """The largest clusters, the largest first, of how many, which hold so many removed records in all."""

    num_clusters: int
    num_removed: int
    clusters: Sequence[Cluster]
