"""The plot of a scorer's scores, as a PNG file with the same bytes for the same input."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from pipelines.colours import RED, SLATE
from pipelines.png import new_figure, save

NUM_BINS = 60


def plot_scores_by_source(path: Path, scores: Mapping[str, Sequence[Path]]) -> None:
    """The distribution of scores in each source, every source as high as the others, with its median bin in red.

    Args:
        scores: the files of scores of each source.
    """
    edges = np.histogram_bin_edges(extremes([file for files in scores.values() for file in files]), NUM_BINS)
    figure = new_figure(0.7 + 0.5 * len(scores))
    rows = figure.subplots(len(scores), sharex=True, squeeze=False)[:, 0]
    for axes, (source, files) in zip(rows, scores.items(), strict=True):
        counts = histogram(files, edges)
        median = np.searchsorted(counts.cumsum(), counts.sum() / 2)
        colours = [RED.fill if number == median else SLATE.fill for number in range(NUM_BINS)]
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colours)
        axes.set_ylabel(
            f"{source}\n{int(counts.sum()):,} documents", rotation=0, ha="right", va="center", fontsize="small"
        )
        axes.set_yticks([])
        axes.spines[["left", "top", "right"]].set_visible(False)
    rows[-1].set_xlabel("score; red: where the median lies")
    save(figure, path)


def histogram(files: Sequence[Path], edges: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The documents in each bin, shape (num_edges - 1,)."""
    return sum((np.histogram(scores, edges)[0] for scores in read(files)), np.zeros(len(edges) - 1, np.int64))


def extremes(files: Sequence[Path]) -> list[float]:
    """The least and the greatest score; none where no document has one."""
    found = [(float(scores.min()), float(scores.max())) for scores in read(files)]
    return [min(low for low, _ in found), max(high for _, high in found)] if found else []


def read(files: Sequence[Path]) -> Iterator[npt.NDArray[np.float32]]:
    """The scores of some files, a batch that has any at a time."""
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(columns=["score"]):
            if len(scores := batch["score"].drop_null()):
                yield scores.to_numpy()
