"""The command: ``python -m benchmarks [name ...]`` runs the named benchmarks, or all."""

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.dedup.benchmark import DedupBenchmark
from benchmarks.harness import CONTENDED, ROOT, Benchmark, Result, pin_to_one_core, run_benchmark
from benchmarks.peers import peer_python

BENCHMARKS: list[Benchmark] = [DedupBenchmark()]
RESULTS = ROOT / "benchmarks" / "results.json"


def main(names: list[str]) -> None:
    known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    unknown = sorted(set(names) - known.keys())
    if unknown:
        sys.exit(f"there is no benchmark {', '.join(unknown)}\n  remedy: name one of {', '.join(known)}")
    python = peer_python(report)
    pin_to_one_core()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or list(known):
        results[name] = measure(known[name], python)
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    report(f"written to {RESULTS.relative_to(ROOT)}")


def measure(benchmark: Benchmark, python: Path) -> dict[str, Any]:
    """Run one benchmark, print its table, and return its entry in the results."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.parquet"
        report(f"{benchmark.name}: {benchmark.write_input(path)}; load average {os.getloadavg()[0]:.1f} before")
        limits = benchmark.limits(path)
        ours, peers = run_benchmark(benchmark, path, python, report)
        amounts = {result.name: benchmark.amount(path, result.num_parts) for result in [ours, *peers]}
    print_table(benchmark, ours, peers, amounts, limits)
    return {
        "name": benchmark.name,
        "unit": benchmark.unit,
        "target": benchmark.target,
        "ours": asdict(ours),
        "peers": [asdict(peer) | {"ratio": ours.speed / peer.speed} for peer in peers],
        "ratio": ours.speed / max(peer.speed for peer in peers),
        "agreed": all(peer.agreed for peer in peers),
        "limits": limits,
    }


def print_table(
    benchmark: Benchmark, ours: Result, peers: list[Result], amounts: dict[str, float], limits: dict[str, float]
) -> None:
    """Medians, ratios and quality, ours first; then the machine's limits."""
    header = [benchmark.name, benchmark.unit, "ours is", *ours.scores, "peak MB", "agrees", "work"]
    rows = [header]
    for result in [ours, *sorted(peers, key=lambda peer: -peer.speed)]:
        rows.append(
            [
                result.name + (" (disturbed)" if result.cpu_share < CONTENDED else ""),
                f"{result.speed:,.1f}",
                "" if result is ours else f"{ours.speed / result.speed:,.1f}x",
                *(f"{score:.4f}" for score in result.scores.values()),
                f"{result.peak_bytes / 1e6:,.0f}",
                "yes" if result.agreed else "no",
                f"{amounts[result.name]:,.1f}",
            ]
        )
    rows += [[f"limit: {name}", f"{limit:,.0f}", *[""] * (len(header) - 2)] for name, limit in limits.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        report("  ".join(cells).rstrip())
    verdict = "reached" if ours.speed >= benchmark.target else "missed"
    report(f"target {benchmark.target:,.0f} {benchmark.unit}: {verdict}")


def report(line: str) -> None:
    print(line, flush=True)


main(sys.argv[1:])
