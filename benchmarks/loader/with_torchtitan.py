"""torchtitan: its own loader, which tokenises text while it loads; tokens, labels and positions, not shuffled.

The text is the same documents, a word for each token, so that a word-level tokenizer gives the very tokens. That costs
less than the byte-pair tokenizers of real models. The end of text is a label only and no token of its sequences.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from torchtitan.components.tokenizer import HuggingFaceTokenizer
from torchtitan.hf_datasets import DatasetConfig
from torchtitan.hf_datasets.text_datasets import DATASETS, HuggingFaceTextDataLoader

from benchmarks.loader import batches as shared
from benchmarks.loader.batches import Batch, Loader, first_parts, run
from benchmarks.loader.corpus import (
    BATCH_SIZE,
    END_OF_TEXT,
    PADDING,
    SEQUENCE_LENGTH,
    TOKENS_PER_PART,
    VOCAB_SIZE,
    read_tokens,
)

__all__ = ["describe", "prepare", "run"]

NAME = "words"
NUM_TOKENS = 8 * TOKENS_PER_PART  # of the first source; more than it is asked for


def prepare(path: Path, num_parts: int) -> Loader:
    folder = path / "torchtitan"
    if not folder.exists():
        write_text(path, folder)
    DATASETS[NAME] = DatasetConfig(str(folder / "text"), datasets.load_from_disk, lambda sample: sample["text"])
    tokenizer = HuggingFaceTokenizer(tokenizer_path=str(folder))
    config = HuggingFaceTextDataLoader.Config(dataset=NAME, infinite=False)

    def batches() -> Iterator[Batch]:
        loader = HuggingFaceTextDataLoader(
            config,
            dp_world_size=1,
            dp_rank=0,
            tokenizer=tokenizer,
            seq_len=SEQUENCE_LENGTH,
            local_batch_size=BATCH_SIZE,
        )
        for inputs, labels in loader:
            yield Batch(inputs["input"], labels, inputs["positions"])

    logging.disable()
    return first_parts(batches, num_parts)


def describe(loader: Loader) -> dict[str, Any]:
    return shared.describe(loader, lambda batch: np.asarray(batch.labels) == END_OF_TEXT)


def write_text(path: Path, folder: Path) -> None:
    """The first documents as text, and the tokenizer that gives their tokens, its end of text added by the loader."""
    folder.mkdir()
    words = np.array([f"w{token}" for token in range(VOCAB_SIZE)])
    vocabulary = {word: token for token, word in enumerate(words.tolist())}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=str(words[PADDING])))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": str(words[END_OF_TEXT])}))
    tokens = np.asarray(read_tokens(path, "web")[:NUM_TOKENS])
    ends = np.flatnonzero(tokens == END_OF_TEXT)
    texts = [" ".join(words[document[:-1]]) for document in np.split(tokens, ends + 1)[:-1]]
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict({"text": texts}).save_to_disk(str(folder / "text"))
