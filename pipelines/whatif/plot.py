"""A picture of a threshold: how much is kept at each of its values."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.whatif.judging import Tally

DOCUMENTS_COLOUR = "#1f4e8c"
BYTES_COLOUR = "#b5651d"


def plot_curve(
    path: Path,
    name: str,
    thresholds: Sequence[float],
    within_rules: Sequence[Tally],
    declared: float | None,
) -> None:
    """Write a PNG: documents and megabytes within the rules over the threshold, the declared one marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    documents = figure.subplots()
    megabytes = documents.twinx()
    documents.plot(thresholds, [tally.num_documents for tally in within_rules], color=DOCUMENTS_COLOUR, marker=".")
    megabytes.plot(thresholds, [tally.num_bytes / 1e6 for tally in within_rules], color=BYTES_COLOUR, marker=".")
    documents.set_xlabel(name)
    documents.set_ylabel("documents within the rules", color=DOCUMENTS_COLOUR)
    megabytes.set_ylabel("MB within the rules", color=BYTES_COLOUR)
    for axes in (documents, megabytes):
        axes.set_ylim(bottom=0)
    if declared is not None:
        documents.axvline(declared, color="black", linewidth=1, linestyle="--")
        documents.set_title(f"declared: {declared:.4g}", fontsize="medium")
    figure.savefig(path, dpi=110, metadata={"Software": None})
