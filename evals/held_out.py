"""Bits per byte of each domain's held-out documents, for a model at each boundary of its run."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from evals.plots import plot_bits_per_byte
from pipelines.declared import Declared
from pipelines.shards import Shards, open_shards
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.language_model import IGNORED, load_model, summed_losses

CODE_VERSION = "2"
RESULTS = "held_out.json"
PLOT = "held_out.png"
CHUNKS_PER_BATCH = 32


class HeldOutLoss(Declared):
    """The loss of one model on one domain. A chunk's first token is predicted from the token before it alone."""

    num_documents: int
    num_tokens: int
    num_bytes: int
    nats_per_token: float
    bits_per_byte: float


def ensure_held_out(
    store: Store,
    recipe: str,
    models: Mapping[str, Artifact],
    held_out: Mapping[str, Artifact],
    *,
    sequence_length: int,
    max_tokens_per_domain: int,
    report: Callable[[str], None],
) -> Outcome:
    """Evaluate ``models`` (by the boundary they stand at, in order) on ``held_out`` (by domain).

    Publishes ``evaluations/<recipe>`` with the losses as JSON and as a plot.
    """

    def make(draft: Draft) -> None:
        losses = {}
        for boundary, artifact in models.items():
            model = load_model(artifact.folder)
            losses[boundary] = {
                domain: loss(model, open_shards(shards), shards, sequence_length, max_tokens_per_domain)
                for domain, shards in held_out.items()
            }
            figures = ", ".join(f"{domain} {value.bits_per_byte:.3f}" for domain, value in losses[boundary].items())
            report(f"bits per byte, {boundary}: {figures}")
        plain: dict[str, Any] = {
            boundary: {domain: value.model_dump() for domain, value in by_domain.items()}
            for boundary, by_domain in losses.items()
        }
        (draft.folder / RESULTS).write_text(json.dumps(plain, indent=1))
        plot_bits_per_byte(losses, draft.folder / PLOT)
        largest = max(value.bits_per_byte for by_domain in losses.values() for value in by_domain.values())
        draft.facts |= {"losses": plain, "largest_bits_per_byte": largest}

    return store.ensure(
        f"evaluations/{recipe}",
        make,
        code_version=CODE_VERSION,
        parameters={
            "boundaries": list(models),
            "sequence_length": sequence_length,
            "max_tokens_per_domain": max_tokens_per_domain,
        },
        parents=[*models.values(), *held_out.values()],
    )


def loss(model: Any, shards: Shards, artifact: Artifact, sequence_length: int, max_tokens: int) -> HeldOutLoss:
    """The loss over whole documents, in the shards' order, until ``max_tokens`` are reached."""
    lengths = shards.index["length"].to_numpy()
    num_documents = int(np.searchsorted(np.cumsum(lengths), max_tokens)) + 1
    index = shards.index.slice(0, num_documents)
    total = 0.0
    for inputs, targets in batches(shards, index, artifact.record.facts["end_of_text"], sequence_length):
        total += float(summed_losses(model, inputs, targets).sum())
    num_tokens = int(lengths[:num_documents].sum())
    num_bytes = int(index["num_bytes"].to_numpy().sum())
    return HeldOutLoss(
        num_documents=len(index),
        num_tokens=num_tokens,
        num_bytes=num_bytes,
        nats_per_token=total / num_tokens,
        bits_per_byte=total / math.log(2) / num_bytes,
    )


def batches(
    shards: Shards, index: pa.Table, end_of_text: int, sequence_length: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Inputs and targets, int64 of shape (chunks, longest chunk); targets are IGNORED past a chunk's end.

    A document is cut into chunks of ``sequence_length``; the end-of-text token stands before its first.
    """
    chunks = []
    for offset, length in zip(index["offset"].to_pylist(), index["length"].to_pylist(), strict=True):
        tokens = np.concatenate([[end_of_text], shards.tokens[offset : offset + length]]).astype(np.int64)
        chunks += [tokens[start : start + sequence_length + 1] for start in range(0, length, sequence_length)]
    chunks.sort(key=len)
    for start in range(0, len(chunks), CHUNKS_PER_BATCH):
        batch = chunks[start : start + CHUNKS_PER_BATCH]
        shape = (len(batch), len(batch[-1]) - 1)
        inputs, targets = np.full(shape, end_of_text), np.full(shape, IGNORED)
        for row, chunk in enumerate(batch):
            inputs[row, : len(chunk) - 1] = chunk[:-1]
            targets[row, : len(chunk) - 1] = chunk[1:]
        yield inputs, targets
