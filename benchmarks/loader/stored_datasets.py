"""The windows as a Hugging Face data set on disk, in Arrow, written once."""

from pathlib import Path

import datasets
import pyarrow as pa

from benchmarks.loader.corpus import WINDOWS
from benchmarks.loader.stored_windows import WINDOW, windows


def window_dataset(path: Path) -> datasets.Dataset:
    """The windows of all sources, one after the other; a column of uint16 lists."""
    folder = path / "datasets"
    if not folder.exists():
        datasets.disable_progress_bars()
        chunks = [pa.FixedSizeListArray.from_arrays(windows(path, source).reshape(-1), WINDOW) for source in WINDOWS]
        datasets.Dataset(pa.table({"tokens": pa.chunked_array(chunks)})).save_to_disk(str(folder))
    return datasets.load_from_disk(str(folder))
