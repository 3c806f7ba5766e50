"""The command: ``python -m benchmarks [name ...]`` runs the named benchmarks, or all."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.classifier.benchmark import ClassifierBenchmark
from benchmarks.classifier.cores import cores_table, measure_cores
from benchmarks.dedup.benchmark import DedupBenchmark
from benchmarks.dedup_growth import growth as dedup_growth
from benchmarks.dedup_growth.plot import plot_growth as plot_dedup_growth
from benchmarks.documents.benchmark import DocumentsBenchmark
from benchmarks.extraction.benchmark import ExtractionBenchmark
from benchmarks.growth.curves import measure_growth
from benchmarks.growth.plot import plot_growth
from benchmarks.harness import Benchmark, run_benchmark
from benchmarks.loader.benchmark import LoaderBenchmark
from benchmarks.order.benchmark import OrderBenchmark
from benchmarks.peers import peer_python
from benchmarks.processes import ROOT, pin_to_one_core
from benchmarks.raw_to_shards.benchmark import RawToShardsBenchmark
from benchmarks.shards.benchmark import ShardsBenchmark
from benchmarks.tables import growth_table, speed_table
from benchmarks.training.benchmark import measure_training

BENCHMARKS: list[Benchmark] = [
    DocumentsBenchmark(),
    ExtractionBenchmark(),
    DedupBenchmark(),
    ClassifierBenchmark(),
    ShardsBenchmark(),
    RawToShardsBenchmark(),
    LoaderBenchmark(),
    OrderBenchmark(),
]
RESULTS = ROOT / "benchmarks" / "results.json"
PLOT = ROOT / "benchmarks" / "growth.png"
DEDUP_PLOT = ROOT / "benchmarks" / "dedup_growth.png"


def main(names: list[str]) -> None:
    known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    every = [*known, *CURVES]
    if unknown := sorted(set(names) - set(every)):
        sys.exit(f"there is no benchmark {', '.join(unknown)}\n  remedy: name one of {', '.join(every)}")
    pin_to_one_core()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or every:
        results[name] = CURVES[name]() if name in CURVES else measure(known[name], peer_python(report))
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    report(f"written to {RESULTS.relative_to(ROOT)}")


def measure_dedup_growth() -> dict[str, Any]:
    """Deduplicate from a hundred thousand to ten million documents, print and plot it; its entry in the results."""
    points = dedup_growth.measure_growth(report)
    for line in dedup_growth.growth_table(points):
        report(line)
    plot_dedup_growth(points, DEDUP_PLOT)
    return {"name": "dedup_growth", "points": [asdict(point) for point in points]}


def measure_classifier_cores() -> dict[str, Any]:
    """Score documents with one process up to one for each core, and print it; its entry in the results."""
    points = measure_cores(report)
    for line in cores_table(points):
        report(line)
    return {"name": "classifier_cores", "points": [asdict(point) for point in points]}


def measure(benchmark: Benchmark, python: Path) -> dict[str, Any]:
    """Run one benchmark, print its tables, and return its entry in the results."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        report(f"{benchmark.name}: {benchmark.write_input(path)}; load average {os.getloadavg()[0]:.1f} before")
        limits = benchmark.limits(path)
        mine, peers = run_benchmark(benchmark, path, python, report)
        amounts = {result.name: benchmark.amount(path, result.num_parts) for result in [*mine, *peers]}
    curves = measure_growth(benchmark.starters, python, report)
    for line in speed_table(benchmark, mine, peers, amounts, limits):
        report(line)
    if curves:
        for line in growth_table(curves):
            report(line)
        plot_growth(curves, PLOT)
    ours = mine[0]
    return {
        "name": benchmark.name,
        "unit": benchmark.unit,
        "targets": [asdict(target) for target in benchmark.targets],
        "ours": asdict(ours),
        "variants": [asdict(variant) for variant in mine[1:]],
        "peers": [asdict(peer) | {"ratio": ours.speed / peer.speed} for peer in peers],
        "ratio": ours.speed / max(peer.speed for peer in peers),
        "agreed": all(result.agreed for result in [*mine, *peers]),
        "limits": limits,
        "growth": [asdict(curve) for curve in curves],
    }


def report(line: str) -> None:
    print(line, flush=True)


CURVES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "dedup_growth": measure_dedup_growth,
    "classifier_cores": measure_classifier_cores,
    "training": lambda: measure_training(report),
}

main(sys.argv[1:])
