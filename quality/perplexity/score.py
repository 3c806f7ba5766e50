"""Mean negative log-likelihood of documents under a causal language model, in parts that outlive a killed run."""

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import PhaselineError
from quality.batches import batches_by_length
from quality.language_model import IGNORED, load_model, summed_losses
from quality.perplexity.reference import ReferenceModel

TOKENS_PER_PART = 1 << 19
LOGITS_PER_BATCH = {"cpu": 1 << 23, "cuda": 1 << 30}  # 32 MiB and 4 GiB in float32

Ints = npt.NDArray[np.integer]
Losses = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Documents:
    """Documents in a token file, by where they begin and how many of their tokens are scored."""

    tokens: npt.NDArray[np.unsignedinteger]
    offsets: Ints  # shape (n,)
    num_scored: Ints  # shape (n,), at least 1
    end_of_text: int  # stands before each document

    def __len__(self) -> int:
        return len(self.offsets)

    def take(self, rows: Ints | slice) -> "Documents":
        return Documents(self.tokens, self.offsets[rows], self.num_scored[rows], self.end_of_text)

    def first(self, num_tokens: int) -> "Documents":
        """The same documents, of which no more than the first ``num_tokens`` are scored."""
        return Documents(self.tokens, self.offsets, np.minimum(self.num_scored, num_tokens), self.end_of_text)


def document_losses(
    reference: ReferenceModel, documents: Documents, folder: Path, report: Callable[[str], None]
) -> Losses:
    """The mean negative log-likelihood of each document's scored tokens in nats, float32 of shape (n,).

    Work is done in parts of about TOKENS_PER_PART; each is written to ``folder`` when it is finished and not computed
    again. Parts and batches follow from the documents alone, so an interrupted run gives the same bytes as a whole one.

    Args:
        folder: of parts of this very work; the caller names it by a digest of all inputs.

    Raises:
        PhaselineError: the model gives a document a loss that is no number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = split_into_parts(documents.num_scored)
    paths = [folder / f"{part.start}-{part.stop}.npy" for part in parts]
    missing = [(part, path) for part, path in zip(parts, paths, strict=True) if not path.exists()]
    if len(missing) < len(parts):
        report(f"{reference.name}: {len(parts) - len(missing)} of {len(parts)} parts were scored before")
    if missing:
        model = load_model(reference.folder)
        progress = Progress(reference.name, sum(num_tokens_of(documents, part) for part, _ in missing), report)
        for part, path in missing:
            losses = part_losses(model, documents.take(part))
            refuse_without_number(reference, losses)
            write_whole(path, losses)
            progress.advance(num_tokens_of(documents, part))
    return np.concatenate([np.load(path) for path in paths])


def split_into_parts(num_scored: Ints) -> list[slice]:
    """Stretches of neighbouring documents; a part ends with the document that fills it."""
    part = (np.cumsum(num_scored) - num_scored) // TOKENS_PER_PART
    bounds = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(num_scored)]
    return [slice(start, end) for start, end in itertools.pairwise(bounds)]


def num_tokens_of(documents: Documents, part: slice) -> int:
    return int(documents.num_scored[part].sum())


def part_losses(model: Any, documents: Documents) -> Losses:
    """The losses of a part's documents, in batches of documents of similar length."""
    losses = np.empty(len(documents), np.float32)
    tokens_per_batch = LOGITS_PER_BATCH[model.device.type] // model.config.get_text_config().vocab_size
    for rows in batches_by_length(documents.num_scored, tokens_per_batch):
        batch = documents.take(rows)
        losses[rows] = summed_losses(model, *padded(batch)) / batch.num_scored
    return losses


def padded(batch: Documents) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Inputs and targets, int64 of shape (documents, longest); targets are IGNORED past a document's end.

    The end-of-text token stands before a document's first, so that every token of a document is a target.
    """
    shape = (len(batch), int(batch.num_scored.max()))
    inputs, targets = np.full(shape, batch.end_of_text), np.full(shape, IGNORED)
    for row, (offset, length) in enumerate(zip(batch.offsets, batch.num_scored, strict=True)):
        targets[row, :length] = batch.tokens[offset : offset + length]
        inputs[row, 1:length] = targets[row, : length - 1]
    return inputs, targets


def refuse_without_number(reference: ReferenceModel, losses: Losses) -> None:
    """Raise PhaselineError if a loss is infinite or not a number."""
    if num_faulty := int((~np.isfinite(losses)).sum()):
        raise PhaselineError(
            f"{reference.name} gives {num_faulty:,} documents a loss that is no number",
            "train it again with a lower rate, or name another model",
        )


def write_whole(path: Path, losses: Losses) -> None:
    """Write a part beside its place, flush it to disk, then rename it."""
    beside = path.with_suffix(".part")
    with beside.open("wb") as file:
        np.save(file, losses)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


class Progress:
    """Tells how far the scoring is: tokens, tokens a second, time left."""

    def __init__(self, name: str, num_tokens: int, report: Callable[[str], None]) -> None:
        self.name = name
        self.num_tokens = num_tokens
        self.report = report
        self.num_done = 0
        self.started = time.monotonic()

    def advance(self, num_tokens: int) -> None:
        """A part of ``num_tokens`` is finished."""
        self.num_done += num_tokens
        tokens_per_second = self.num_done / (time.monotonic() - self.started)
        left = timedelta(seconds=round((self.num_tokens - self.num_done) / tokens_per_second))
        done = f"{self.num_done:,} of {self.num_tokens:,} tokens"
        self.report(f"{self.name}: {done}, {tokens_per_second:,.0f} tokens/s, {left} left")
