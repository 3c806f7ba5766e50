"""Megatron's blended data set over the token files as they lie; its index of them is written once, untimed."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed
from megatron.core.datasets.blended_megatron_dataset_builder import BlendedMegatronDatasetBuilder
from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig
from megatron.core.datasets.indexed_dataset import _IndexWriter
from torch.utils.data import DataLoader

from benchmarks.loader.batches import Batch, Loader, first_parts
from benchmarks.loader.corpus import (
    BATCH_SIZE,
    END_OF_TEXT,
    PADDING,
    SEED,
    SEQUENCE_LENGTH,
    VOCAB_SIZE,
    WINDOWS,
    document_lengths,
    token_file,
)

logging.getLogger("megatron").setLevel(logging.ERROR)


def megatron_loader(path: Path, num_parts: int, by_document: bool) -> Loader:
    """Every sample of the sources once; ``by_document`` lets positions begin anew in each document."""
    prefixes = [token_file(path, source).with_suffix("") for source in WINDOWS]
    for prefix in prefixes:
        if not prefix.with_suffix(".idx").exists():
            write_index(prefix, document_lengths(path, prefix.name))
    dataset = blended_dataset(prefixes, list(WINDOWS.values()), by_document, path / "megatron")

    def batches() -> Iterator[Batch]:
        for batch in DataLoader(dataset, BATCH_SIZE):
            yield Batch(batch["tokens"], batch["labels"], batch["position_ids"])

    return first_parts(batches, num_parts)


def write_index(prefix: Path, lengths: npt.NDArray[np.int64]) -> None:
    """The index file that belongs to a token file: one entry a document."""
    with _IndexWriter(str(prefix.with_suffix(".idx")), np.uint16) as writer:
        writer.write(lengths, None, np.arange(len(lengths) + 1))


def blended_dataset(prefixes: Sequence[Path], num_samples: Sequence[int], by_document: bool, cache: Path) -> Any:
    """A training set of so many samples of each token file; its indices are built here and kept in ``cache``."""
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    config = GPTDatasetConfig(
        random_seed=SEED,
        sequence_length=SEQUENCE_LENGTH,
        blend=([str(prefix) for prefix in prefixes], [float(number) for number in num_samples]),
        split="1,0,0",
        path_to_cache=str(cache),
        tokenizer=Tokenizer(eod=END_OF_TEXT, pad=PADDING, vocab_size=VOCAB_SIZE, unique_identifiers={}),
        reset_position_ids=by_document,
        reset_attention_mask=by_document,
        eod_mask_loss=by_document,
        create_attention_mask=False,
    )
    sizes = [sum(num_samples), 0, 0]
    return BlendedMegatronDatasetBuilder(GPTDataset, sizes, lambda: True, config).build()[0]


class Tokenizer(SimpleNamespace):
    """What a data set asks of a tokenizer."""
