"""The benchmark `order`: where the samples of a run lie, from nothing to the last of them, and growth.

Ours computes source, pass and start of any sample when it is asked; the peers hold the order of all samples in memory,
so their time is that of making it and of reading it once. The inverse, the sample of each window, is ours alone.
"""

from pathlib import Path
from typing import Any

from benchmarks.growth.curves import Starter
from benchmarks.harness import Benchmark, Contender
from benchmarks.limits import memory_copy_megabytes_per_second
from benchmarks.order.samples import NUM_PARTS, SAMPLES_PER_PART

BYTES_PER_SAMPLE = 24  # source, pass and start


class OrderBenchmark(Benchmark):
    """Millions of samples a second, each source's windows once."""

    name = "order"
    unit = "M samples/s"
    ours = Contender("phaseline", "benchmarks.order.ours", NUM_PARTS)
    variants = (Contender("phaseline, inverse", "benchmarks.order.ours_inverse", NUM_PARTS),)
    peers = (
        Contender("numpy permutation", "benchmarks.order.with_numpy", NUM_PARTS),
        Contender("torch RandomSampler", "benchmarks.order.with_torch", NUM_PARTS),
        Contender("megatron", "benchmarks.order.with_megatron", NUM_PARTS),
    )
    starters = (
        Starter("phaseline", "benchmarks.growth.ours", ours=True),
        Starter("megatron", "benchmarks.growth.with_megatron"),
        Starter("numpy permutation, no tokens", "benchmarks.growth.with_numpy"),
        Starter("torch RandomSampler, no tokens", "benchmarks.growth.with_torch"),
    )

    def write_input(self, path: Path) -> str:
        path.mkdir()
        return f"{self.amount(path, NUM_PARTS):.1f} M samples of four sources"

    def amount(self, _path: Path, num_parts: int) -> float:
        return num_parts * SAMPLES_PER_PART / 1e6

    def judge(self, _path: Path, _num_parts: int, output: Any) -> dict[str, float | None]:
        """The share of windows, or samples for the inverse, that came once."""
        return {"distinct": output["distinct"] / output["samples"]}

    def agree(self, _path: Path, _num_parts: int, output: Any, ours: Any) -> bool:
        return bool(output == ours)

    def limits(self, _path: Path) -> dict[str, float]:
        return {"copying memory": memory_copy_megabytes_per_second() / BYTES_PER_SAMPLE}
