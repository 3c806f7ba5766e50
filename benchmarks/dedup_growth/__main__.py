"""``python -m benchmarks.dedup_growth [SIZE ...]`` measures the growth of dedup over some sizes, or over all."""

import sys

from benchmarks.dedup_growth.growth import SIZES, growth_table, measure_growth
from benchmarks.dedup_growth.plot import plot_growth
from benchmarks.processes import ROOT, pin_to_one_core


def main(sizes: list[int]) -> None:
    pin_to_one_core()
    points = measure_growth(report, sizes or SIZES)
    for line in growth_table(points):
        report(line)
    plot_growth(points, ROOT / "benchmarks" / "dedup_growth.png")


def report(line: str) -> None:
    print(line, flush=True)


main([int(float(size)) for size in sys.argv[1:]])
