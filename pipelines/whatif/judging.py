"""Documents judged again by their attributes, under one or several declarations of their domain at once."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.documents import ATTRIBUTES
from pipelines.errors import PhaselineError
from pipelines.filters import RULES, reasons_matching
from pipelines.sources import Domain
from pipelines.store import Artifact

LANGUAGE_SCORE = "language_score"
REASONS = [*(rule.reason for rule in RULES), LANGUAGE_SCORE]
KEPT = -1  # instead of a number in REASONS
FIXED = len(REASONS)  # dropped for a reason that no threshold decides, such as a language that is not declared
COLUMNS = ("kept", "reason", "num_bytes", "language", "language_score")


@dataclass(frozen=True)
class Tally:
    """So many documents, and the bytes of their texts."""

    num_documents: int = 0
    num_bytes: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.num_documents + other.num_documents, self.num_bytes + other.num_bytes)

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.num_documents - other.num_documents, self.num_bytes - other.num_bytes)


def tally(num_bytes: NDArray[np.int64]) -> Tally:
    """The tally of documents of given sizes."""
    return Tally(len(num_bytes), int(num_bytes.sum()))


def no_tallies() -> defaultdict[str, Tally]:
    return defaultdict(Tally)


@dataclass
class Outcome:
    """What a declaration would make of documents: those kept before and after, and those that change sides.

    Deferred are those of the kept that break a rule: their buckets decide about them.
    """

    before: Tally = Tally()
    after: Tally = Tally()
    deferred_before: Tally = Tally()
    deferred_after: Tally = Tally()
    newly_kept: defaultdict[str, Tally] = field(default_factory=no_tallies)  # by the reason that held before
    newly_dropped: defaultdict[str, Tally] = field(default_factory=no_tallies)  # by the reason that would hold

    @property
    def within_rules(self) -> Tally:
        """Those kept after that break no rule."""
        return self.after - self.deferred_after


def outcomes(documents: Sequence[Artifact], domains: Sequence[Domain]) -> list[Outcome]:
    """What each declaration of a domain would make of some of its documents, in one pass over their attributes.

    The rules that were deferred when the documents were made stay so.

    Raises:
        PhaselineError: a declared rule has no values in the attributes.
    """
    found = [Outcome() for _ in domains]
    for artifact in documents:
        deferred = deferred_reasons(artifact)
        for batch in attributes([artifact], domains[0].filters.measures):
            for outcome, domain in zip(found, domains, strict=True):
                add_batch(outcome, batch, judged(batch, domain, deferred), deferred)
    return found


def deferred_reasons(documents: Artifact) -> frozenset[str]:
    """The reasons of the rules that were deferred when documents were made."""
    return reasons_matching(documents.record.parameters.get("deferred_rules", []))


def add_batch(outcome: Outcome, batch: pa.RecordBatch, verdicts: NDArray[np.int64], deferred: Collection[str]) -> None:
    """Add n documents to an outcome, as they were judged and by their verdicts now, shape (n,)."""
    num_bytes, was_kept = np.asarray(batch["num_bytes"]), np.asarray(batch["kept"])
    reasons = batch["reason"]
    is_deferred = np.isin(verdicts, [REASONS.index(reason) for reason in deferred])
    kept = (verdicts == KEPT) | is_deferred
    outcome.before += tally(num_bytes[was_kept])
    outcome.after += tally(num_bytes[kept])
    outcome.deferred_before += tally(num_bytes[was_kept & np.asarray(reasons.is_valid())])
    outcome.deferred_after += tally(num_bytes[is_deferred])
    for reason in pc.unique(reasons.filter(pa.array(kept & ~was_kept))).to_pylist():
        had_reason = np.asarray(pc.is_in(reasons, pa.array([reason])))
        outcome.newly_kept[reason] += tally(num_bytes[kept & ~was_kept & had_reason])
    for verdict in set(verdicts[was_kept & ~kept].tolist()):
        outcome.newly_dropped[REASONS[verdict]] += tally(num_bytes[was_kept & (verdicts == verdict)])


def judged(batch: pa.RecordBatch, domain: Domain, deferred: Collection[str]) -> NDArray[np.int64]:
    """The first rule that each of n documents breaks, the ``deferred`` reasons last: shape (n,).

    Returns:
        A number in REASONS; KEPT where a document breaks none, or FIXED.
    """
    languages = batch["language"].to_pylist()
    measured = {name: column(batch, name) for name in domain.filters.measures}
    verdicts, _ = domain.filters.broken(measured, languages, deferred)
    scores = column(batch, LANGUAGE_SCORE).astype(np.float64)
    verdicts[scores < domain.min_language_score] = REASONS.index(LANGUAGE_SCORE)
    decided = pc.is_in(batch["reason"], pa.array([None, *REASONS], pa.string()))
    verdicts[~np.asarray(decided)] = FIXED
    return verdicts


def column(batch: pa.RecordBatch, name: str) -> NDArray[np.float32]:
    """A column of values, NaN where there is none."""
    return batch[name].to_numpy(zero_copy_only=False).astype(np.float32)


def attributes(documents: Sequence[Artifact], measures: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The attributes of documents, a batch at a time; raises PhaselineError where a measure is not among them."""
    for artifact in documents:
        for path in artifact.files(ATTRIBUTES):
            file = pq.ParquetFile(path)
            missing = [name for name in measures if name not in file.schema_arrow.names]
            if missing:
                raise PhaselineError(
                    f"{artifact.name} has no {missing[0]}: its rules were not declared when it was made",
                    f"materialise {artifact.asset} again",
                )
            yield from file.iter_batches(columns=list(dict.fromkeys([*COLUMNS, *measures])))
