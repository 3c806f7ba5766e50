"""What an explanation of a document says."""

from collections.abc import Sequence
from dataclasses import dataclass

from quality.samples.rules import HeldRule


@dataclass(frozen=True)
class Record:
    """A record that has the text.

    Args:
        licence: None where it was not kept, of a rejected record.
        reason: why it is no document; of a document the rule that it breaks and that its bucket may excuse, or None.
        detail: of a record that is no document, what the rule found.
        rules: all that it was held against.
    """

    source: str
    snapshot: str
    locator: str
    url: str | None
    licence: str | None
    language: str
    language_score: float
    num_bytes: int
    is_document: bool
    reason: str | None
    detail: str | None
    rules: Sequence[HeldRule]


@dataclass(frozen=True)
class Removal:
    """For which survivor dedup removed the text; ``similarity`` in words."""

    reason: str
    similarity: str
    survivor_id: str
    survivor_source: str


@dataclass(frozen=True)
class Hit:
    """What the text contains of a benchmark's record or of a held-out document; ``share`` is of its n-grams."""

    benchmark: str
    record: str
    share: float
    excerpt: str


@dataclass(frozen=True)
class Opinion:
    """What one scorer says.

    Args:
        score: higher is better; None where there is a ``reason`` instead.
        level: 0 to 19; None of a document that did not survive or has no score.
        is_decisive: whether no other scorer gives a higher level.
        words: of a fastText classifier, those that speak most for the document (above 0) and against it (below 0), and
            by how much, in the logit of its score.
    """

    scorer: str
    score: float | None
    reason: str | None
    level: int | None
    is_decisive: bool
    words: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Placement:
    """The bucket of a survivor, or the reason why it is in none; ``excused`` is the rule that its bucket excuses."""

    artifact: str
    bucket: str | None
    level: int | None
    reason: str | None
    excused: str | None


@dataclass(frozen=True)
class InQuadrant:
    """The quadrant of a survivor, or the reason why it has none. ``nll``, in nats, is of the model it is cut by."""

    quadrant: str | None
    reason: str | None
    nll: float | None
    pd: float | None


@dataclass(frozen=True)
class Position:
    """The tokens [offset, offset + num_tokens) of some shards, the end-of-text token included."""

    shards: str
    offset: int
    num_tokens: int


@dataclass(frozen=True)
class Explanation:
    """Everything that the records of a corpus say of a text.

    Args:
        text: its first characters; of a text that is no document all that was kept of it.
        records: those that have it, those that became documents first.
        split: train or held_out; None where the text did not survive dedup.
        num_removed: how many records dedup removed for it.
    """

    id: str
    text: str
    records: Sequence[Record]
    split: str | None
    num_removed: int
    removal: Removal | None
    hits: Sequence[Hit]
    opinions: Sequence[Opinion]
    placement: Placement | None
    quadrant: InQuadrant | None
    shards: Sequence[Position]

    @property
    def verdict(self) -> str:
        """What became of the text, in a few words."""
        if self.shards:
            return f"it is in {', '.join(position.shards for position in self.shards)}"
        if self.removal is not None:
            removal = self.removal
            survivor = f"{removal.survivor_id} of {removal.survivor_source}"
            return f"dedup removed it for {survivor}: {removal.reason}, similarity {removal.similarity}"
        if self.hits:
            hit = self.hits[0]
            return f"decontamination dropped it: it contains {hit.share:.0%} of {hit.record} of {hit.benchmark}"
        if self.placement is not None and self.placement.reason is not None:
            level = "" if self.placement.level is None else f", and its level is {self.placement.level}"
            return f"{self.placement.artifact} drops it: {self.placement.reason}{level}"
        if self.split is not None:
            return f"it is in the corpus ({self.split}), and in no shards made from it yet"
        record = self.records[0]
        return f"it is no document: {record.reason} ({record.detail})"
