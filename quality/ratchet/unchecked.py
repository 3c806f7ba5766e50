"""Texts of benchmarks that are not looked for: what too many documents hold passes for boilerplate."""

from typing import Annotated

from pydantic import Field

from pipelines.contamination.declaration import HELD_OUT_SET
from pipelines.declared import Declared
from quality.ratchet.measured import Measured, Verdict

BY_BENCHMARK = "by_benchmark"  # a fact of contamination


class UncheckedBound(Declared):
    """How many more texts of a benchmark may be left unchecked. Held-out documents are others in every corpus."""

    max_more: Annotated[int, Field(ge=0)]

    def compare(self, before: Measured, after: Measured) -> Verdict:
        """Hold the texts that were not looked for against those of before; those of other benchmarks are no measure."""
        from pipelines.contamination.benchmarks import BENCHMARKS_ASSET

        if before.parents.get(BENCHMARKS_ASSET) != after.parents.get(BENCHMARKS_ASSET):
            return Verdict(True, "has other benchmarks, of which any text may be left unchecked")
        if BY_BENCHMARK not in after.facts:
            return Verdict(False, "does not state what it left unchecked, for which a bound is declared")
        old, new = num_unchecked(before), num_unchecked(after)
        found = [f"of {name} {new[name]:,} instead of {old.get(name, 0):,}" for name in sorted(new)]
        return Verdict(
            all(new[name] - old.get(name, 0) <= self.max_more for name in new),
            f"leaves texts unchecked, {', '.join(found) or 'of no benchmark'}, where {self.max_more:,} more are "
            "declared: a text that too many documents hold passes for boilerplate",
        )


def num_unchecked(of: Measured) -> dict[str, int]:
    """The texts that were not looked for, by benchmark."""
    counts = of.facts.get(BY_BENCHMARK, {})
    return {name: counts[name]["num_texts_unchecked"] for name in counts if name != HELD_OUT_SET}
