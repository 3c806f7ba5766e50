"""How much is kept: documents, bytes and tokens."""

from typing import Annotated

from pydantic import Field

from pipelines.declared import Declared
from pipelines.record import Flow
from quality.ratchet.measured import Measured, Verdict

MOST_NAMED = 3


class SizeBound(Declared):
    """How far documents, bytes and tokens may fall or rise, each as a share of what there was."""

    max_loss: Annotated[float, Field(ge=0, le=1)]
    max_growth: Annotated[float, Field(ge=0)]

    def compare(self, before: Measured, after: Measured) -> Verdict:
        """Hold what is kept against what was kept. Snapshots differ in size by nature, so another one is no measure."""
        if before.asset != after.asset:
            return Verdict(True, "may have any size, since that is another snapshot")
        old, new = kept(before), kept(after)
        if not new:
            return Verdict(False, "does not state what it keeps, for which a bound is declared")
        changes = {unit: new.get(unit, 0) / amount - 1 for unit, amount in old.items() if amount}
        found = [f"{new.get(unit, 0):,} {unit} instead of {old[unit]:,} ({changes[unit]:+.1%})" for unit in changes]
        passed = all(-self.max_loss <= change <= self.max_growth for change in changes.values())
        return Verdict(
            passed,
            f"keeps {', '.join(found) or 'something for the first time'}, where a loss of up to {self.max_loss:.0%} "
            f"and a growth of up to {self.max_growth:.0%} are declared{'' if passed else why(before, after)}",
        )


def kept(of: Measured) -> dict[str, int]:
    """What an artifact keeps by unit; tokens where it counts them."""
    amounts = {unit: flow.num_kept for unit, flow in of.flows.items()}
    return amounts | ({"tokens": of.facts["num_tokens"]} if "num_tokens" in of.facts else {})


def why(before: Measured, after: Measured) -> str:
    """Which changes contribute most to that in documents, as the rest of a sentence."""
    old, new = (of.flows.get("documents", Flow(num_in=0, num_kept=0)) for of in (before, after))
    changes = {"came in": new.num_in - old.num_in} | {
        f"were dropped as {reason}": new.dropped.get(reason, 0) - old.dropped.get(reason, 0)
        for reason in sorted(old.dropped.keys() | new.dropped.keys())
    }
    largest = sorted((how for how in changes if changes[how]), key=lambda how: -abs(changes[how]))[:MOST_NAMED]
    named = [f"{abs(changes[how]):,} {'more' if changes[how] > 0 else 'fewer'} {how}" for how in largest]
    return f"; of its documents, {', '.join(named)}" if named else ""
