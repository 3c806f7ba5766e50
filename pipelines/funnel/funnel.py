"""The funnel of a part of a corpus: what came into each step, where it was kept, why it was dropped, what was lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.funnel.amount import Amount

WAITING = "not tokenised yet"


@dataclass(frozen=True)
class Step:
    """One step of a funnel.

    Args:
        came_in: what the step before it kept, by the files of that step.
        kept: by where it went, by the step's own files.
        dropped: by reason, the most frequent first.
    """

    name: str
    came_in: Amount
    kept: Mapping[str, Amount]
    dropped: Mapping[str, Amount]

    @property
    def all_kept(self) -> Amount:
        return total(self.kept.values())

    @property
    def all_dropped(self) -> Amount:
        return total(self.dropped.values())

    @property
    def lost(self) -> Amount:
        """What is neither kept nor dropped for a reason: no document and no byte, or a file is missing or wrong."""
        return replace(self.came_in - self.all_kept - self.all_dropped, num_tokens=None)

    @property
    def closes(self) -> bool:
        return self.lost == Amount(num_tokens=None)


@dataclass(frozen=True)
class Funnel:
    """The steps from reading to shards, in order; the last two share what the buckets kept.

    Where a domain has no buckets, or they are not made yet, that step passes everything on.
    """

    name: str
    documents: Step
    dedup: Step
    decontamination: Step
    buckets: Step
    training: Step
    held_out: Step

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.documents, self.dedup, self.decontamination, self.buckets, self.training, self.held_out

    @property
    def read(self) -> Amount:
        return self.documents.came_in

    @property
    def all_dropped(self) -> Amount:
        return total(step.all_dropped for step in self.steps)

    @property
    def all_kept(self) -> Amount:
        """What the shards and held-out sets hold, and what waits for them."""
        return self.training.all_kept + self.held_out.all_kept

    @property
    def closes(self) -> bool:
        """Whether all that was read was kept or dropped for a reason, at each step."""
        return all(step.closes for step in self.steps)


def combined(name: str, several: Sequence[Funnel]) -> Funnel:
    """The funnel of several parts together."""
    by_step = zip(*(funnel.steps for funnel in several), strict=True)
    return Funnel(name, *(combined_step(steps) for steps in by_step))


def combined_step(steps: Sequence[Step]) -> Step:
    return Step(
        steps[0].name,
        total(step.came_in for step in steps),
        summed(step.kept for step in steps),
        largest_first(summed(step.dropped for step in steps)),
    )


def summed(several: Iterable[Mapping[str, Amount]]) -> dict[str, Amount]:
    """The sum of amounts by name."""
    sums: defaultdict[str, Amount] = defaultdict(Amount)
    for amounts in several:
        for name, amount in amounts.items():
            sums[name] += amount
    return dict(sums)


def largest_first(amounts: Mapping[str, Amount]) -> dict[str, Amount]:
    return dict(sorted(amounts.items(), key=lambda item: (-item[1].num_documents, item[0])))


def total(amounts: Iterable[Amount]) -> Amount:
    return sum(amounts, Amount())
