"""What a benchmark found, as lines of text."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.growth.curves import SIZES, Curve
from benchmarks.harness import CONTENDED, Benchmark, Result


def speed_table(
    benchmark: Benchmark,
    mine: Sequence[Result],
    peers: Sequence[Result],
    amounts: Mapping[str, float],
    limits: Mapping[str, float],
) -> Iterator[str]:
    """Medians, ratios and quality; then the machine's limits and the verdicts.

    Args:
        mine: ours, then its variants.
        amounts: how much work each of all had, by name.
    """
    ours = mine[0]
    header = [benchmark.name, benchmark.unit, "ours is", *ours.scores, "peak MB", "agrees", "work"]
    rows = [header]
    for result in [*mine, *sorted(peers, key=lambda peer: -peer.speed)]:
        rows.append(
            [
                result.name + (" (disturbed)" if result.cpu_share < CONTENDED else ""),
                f"{result.speed:,.1f}",
                "" if result in mine else f"{ours.speed / result.speed:,.1f}x",
                *("–" if score is None else f"{score:.4f}" for score in result.scores.values()),
                f"{result.peak_bytes / 1e6:,.0f}",
                "yes" if result.agreed else "no",
                f"{amounts[result.name]:,.1f}",
            ]
        )
    padding = [""] * (len(header) - 3)
    rows += [
        [f"limit: {name}", f"{limit:,.0f}", f"{ours.speed / limit:,.2f}x", *padding] for name, limit in limits.items()
    ]
    yield from aligned(rows)
    speeds = {result.name: result.speed for result in [*mine[1:], *peers]} | dict(limits)
    for target in benchmark.targets:
        wanted = target.speed(speeds)
        what = f", {target.factor:.2g} x {target.of}" if target.of else ""
        verdict = "reached" if ours.speed >= wanted else "missed"
        yield f"target {wanted:,.0f} {benchmark.unit}{what}: {verdict}"


def growth_table(curves: Sequence[Curve]) -> Iterator[str]:
    """A row for each contender: seconds to start, seconds to seek, and peak memory at each size."""
    rows = [["start s / seek s / peak MB", *(f"{size:.0e} samples" for size in SIZES)]]
    for curve in curves:
        cells = [
            f"{point.start_seconds:.3f} / {point.seek_seconds:.3f} / {point.peak_bytes / 1e6:,.0f}"
            for point in curve.points
        ]
        missing = [curve.ended] + [""] * len(SIZES) if curve.ended else []
        rows.append([curve.name, *cells, *missing][: len(SIZES) + 1])
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of cells as lines, the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()
