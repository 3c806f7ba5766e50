"""How many tokens selected documents have, counted where the documents lie; the tokens themselves are not kept."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.encoder import Encoder
from pipelines.engines import Engine
from pipelines.selection import DocumentsFile, files_of, grouped, read_selected, write_selection
from pipelines.store import Artifact
from pipelines.whole_files import beside

GROUP_BYTES = 64 << 20  # of files for each task
NOT_COUNTED = 0  # no document has so few: each ends with the end-of-text token


class CountTokens(PipelineStep):
    """Task ``rank`` counts the tokens of the selected documents of a group of files.

    Args:
        tokenizer: the tokenizer's artifact.
        groups: the files of each task.
        selections: the folder of what is wanted of each source, with a column ``row``, which names a document.
        folder: where the counts go; see ``counts_file``.
    """

    type = "TOKENIZER"
    name = "count tokens"

    def __init__(
        self, tokenizer: Artifact, groups: Sequence[Sequence[DocumentsFile]], selections: Path, folder: Path
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.groups = groups
        self.selections = selections
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        encoder = Encoder(self.tokenizer)
        counted = [np.empty((2, 0), np.int64)]
        for rows, texts in read_selected(self.groups[rank], self.selections):
            counted.append(np.stack([rows["row"].to_numpy(), encoder.encode(texts)[1]]))
        with beside(counts_file(self.folder, rank)) as path, path.open("wb") as file:
            np.save(file, np.concatenate(counted, axis=1))
        return ()


def counts_file(folder: Path, group: int) -> Path:
    """Where the counts of a group lie: rows and their numbers of tokens, int64 of shape (2, n)."""
    return folder / f"counts-{group:05d}.npy"


def count_tokens(
    rows: pa.Table,
    documents: Sequence[Artifact],
    tokenizer: Artifact,
    folder: Path,
    *,
    engine: Engine,
    report: Callable[[str], None],
) -> npt.NDArray[np.int64]:
    """The number of tokens of each row's document, its end-of-text token included, as in shards; shape (len(rows),).

    Args:
        rows: sorted by id, with the columns id and source; each id once.
        documents: artifacts of documents; those of sources that no row names are skipped.
        folder: for what is on the way; with it, an attempt that was stopped goes on.

    Raises:
        ValueError: a row without a document: the artifacts are not those that the rows were made from.
    """
    selections, counts = folder / "selections", folder / "counts"
    counts.mkdir(parents=True, exist_ok=True)
    numbered = rows.select(["id", "source"]).append_column("row", pa.array(np.arange(len(rows))))
    write_selection(numbered, selections)
    groups = grouped(files_of(documents, rows), GROUP_BYTES)
    engine.run(
        [CountTokens(tokenizer, groups, selections, counts)],
        len(groups),
        folder / "tasks",
        num_bytes=sum(file.num_bytes for group in groups for file in group),
        report=report,
    )
    num_tokens = np.full(len(rows), NOT_COUNTED, np.int64)
    for group in range(len(groups)):
        found, lengths = np.load(counts_file(counts, group))
        num_tokens[found] = lengths
    if num_missing := int((num_tokens == NOT_COUNTED).sum()):
        raise ValueError(f"{num_missing} documents are not in {[artifact.name for artifact in documents]}")
    return num_tokens
