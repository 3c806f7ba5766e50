"""What is dropped, as the share of each reason in the documents that came in."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from pipelines.declared import Declared
from quality.ratchet.chance import largest_change_of_share
from quality.ratchet.measured import Measured, Verdict

MOST_NAMED = 3


class RemovalsBound(Declared):
    """How far the removal rate of any reason may change, as a share of the documents that came in."""

    max_change: Annotated[float, Field(gt=0, le=1)]

    def compare(self, before: Measured, after: Measured) -> Verdict:
        """Hold the removal rates against what they were; a change that chance explains is none."""
        old, new = before.flows.get("documents"), after.flows.get("documents")
        if new is None:
            return Verdict(False, "does not state what it drops, for which a bound is declared")
        if old is None or not old.num_in or not new.num_in:
            return Verdict(True, "has no removal rates to compare")
        reasons = sorted(old.dropped.keys() | new.dropped.keys())
        rates = [
            Rate(reason, old.dropped.get(reason, 0), old.num_in, new.dropped.get(reason, 0), new.num_in)
            for reason in reasons
        ]
        largest = sorted(rates, key=lambda rate: -abs(rate.change))[:MOST_NAMED]
        return Verdict(
            all(abs(rate.change) <= max(self.max_change, rate.chance) for rate in rates),
            f"drops, of {new.num_in:,} documents that came in, {', '.join(map(str, largest)) or 'none, as before'}; "
            f"{100 * self.max_change:g} points more or less are declared, and what chance does to so few is no change",
        )


@dataclass(frozen=True)
class Rate:
    """How many of the documents that came in were dropped for a reason, before and after."""

    reason: str
    num_before: int
    num_in_before: int
    num_after: int
    num_in_after: int

    @property
    def before(self) -> float:
        return self.num_before / self.num_in_before

    @property
    def after(self) -> float:
        return self.num_after / self.num_in_after

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def chance(self) -> float:
        """How far chance alone may change it."""
        common = (self.num_before + self.num_after) / (self.num_in_before + self.num_in_after)
        return largest_change_of_share(common, self.num_in_before, self.num_in_after)

    def __str__(self) -> str:
        return f"{self.reason} {self.after:.1%} instead of {self.before:.1%} ({100 * self.change:+.1f} points)"
