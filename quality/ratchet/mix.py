"""What an artifact is made of, as the shares of classes, held against what it was made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quality.population_stability import population_stability_index
from quality.ratchet.chance import largest_stability_index
from quality.ratchet.measured import Verdict

MOST_NAMED = 3
LEAST = 0.5  # documents in a class: an empty one might have held one, and has no logarithm


@dataclass(frozen=True)
class Mix:
    """Amounts of a unit by class, and the number of documents in which they were counted."""

    amounts: Mapping[str, float]
    unit: str
    num_documents: int

    @property
    def total(self) -> float:
        return sum(self.amounts.values())

    def share(self, name: str) -> float:
        return self.amounts.get(name, 0) / self.total

    def documents(self, names: Sequence[str]) -> list[float]:
        """How many documents the share of each class is, at least half a document."""
        return [max(self.share(name) * self.num_documents, LEAST) for name in names]


def compare_mixes(what: str, before: Mix | None, after: Mix | None, max_stability_index: float) -> Verdict:
    """Hold the population stability index of two mixes against its bound; what chance gives is always allowed.

    Args:
        what: what they are mixes of, in the plural.
        before: None where it was not stated.
        after: None where it is not stated, which fails: a bound on what is not there would hold for nothing.
    """
    if after is None:
        return Verdict(False, f"does not state its {what}, for which a bound is declared")
    if before is None or not before.total or not after.total:
        return Verdict(True, f"has no {what} to compare")
    names = sorted(before.amounts.keys() | after.amounts.keys())
    index = population_stability_index(before.documents(names), after.documents(names))
    chance = largest_stability_index(len(names), before.num_documents, after.num_documents)
    largest = sorted(names, key=lambda name: -abs(after.share(name) - before.share(name)))[:MOST_NAMED]
    named = ", ".join(f"{name} {after.share(name):.1%} instead of {before.share(name):.1%}" for name in largest)
    return Verdict(
        index <= max(max_stability_index, chance),
        f"has, of its {after.unit}, {named}: a population stability index of {index:.3f}, where up to "
        f"{max_stability_index:g} is declared, and {chance:.3f} may be chance",
    )
