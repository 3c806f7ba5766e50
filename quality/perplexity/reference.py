"""The reference models that documents are scored under, and what makes a model unfit to score some shards."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import PhaselineError
from pipelines.record import Parent, content_digest, describe_files
from pipelines.store import Artifact, Store
from pipelines.tokenizer import TOKENIZER, TOKENIZER_ASSET

CONFIG = "config.json"
ENCODING_FIELDS = ("normalizer", "pre_tokenizer", "model")


@dataclass(frozen=True)
class TrainedOn:
    """Text that a model was trained on: stretches [start, end) of the token file of some shards, shape (n,) each."""

    shards: Parent
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ReferenceModel:
    """A causal language model and its tokenizer in a folder in Hugging Face format.

    ``artifact`` and ``trained_on`` are of models that the pipeline made; of others neither is known.
    """

    folder: Path
    digest: str
    name: str
    artifact: Artifact | None
    trained_on: tuple[TrainedOn, ...] = ()


def reference_model(artifact: Artifact, trained_on: Iterable[TrainedOn]) -> ReferenceModel:
    """A model that the pipeline exported."""
    return ReferenceModel(artifact.folder, artifact.digest, artifact.name, artifact, tuple(trained_on))


def reference_model_in(folder: Path) -> ReferenceModel:
    """Any model; raises PhaselineError where the folder holds none."""
    if not (folder / CONFIG).is_file():
        raise PhaselineError(f"there is no {CONFIG} in {folder}", "name the folder of a Hugging Face model")
    return ReferenceModel(folder, content_digest(list(describe_files(folder))), str(folder), None)


def refuse_two_tokenizers(weak: ReferenceModel, strong: ReferenceModel) -> None:
    """Raise PhaselineError if the models do not encode text alike: losses over different tokens cannot be compared."""
    if encoding_of(weak) != encoding_of(strong):
        raise PhaselineError(
            f"{weak.name} has another tokenizer than {strong.name}",
            "name two models with one tokenizer, of which each folder holds a copy",
        )


def refuse_unfit(
    store: Store, reference: ReferenceModel, shards: Artifact, tokens_to_score: range, max_tokens: int
) -> None:
    """Raise PhaselineError if a model cannot score the documents that lie in some of the shards' tokens.

    That is where the pipeline has made it with another tokenizer, its vocabulary is smaller than its tokenizer's, its
    context is shorter than ``max_tokens``, or it was trained on some of what it would score.
    """
    if reference.artifact is not None and not has_tokenizer_of(store, reference, shards):
        raise PhaselineError(
            f"{reference.name} has another tokenizer than {shards.name}",
            "name reference models that were trained with the tokenizer that the shards were made with",
        )
    refuse_small(reference, max_tokens)
    refuse_trained_on(reference, shards, tokens_to_score)


def has_tokenizer_of(store: Store, reference: ReferenceModel, shards: Artifact) -> bool:
    """Whether a model's tokenizer encodes text as the shards' did."""
    return encoding_of(reference) == encoding(tokenizer_file(store, shards))


def tokenizer_file(store: Store, shards: Artifact) -> Path:
    """The file of the tokenizer that shards were made with."""
    (tokenizer,) = [parent for parent in shards.record.parents if parent.asset == TOKENIZER_ASSET]
    return store.find(tokenizer).folder / TOKENIZER


def encoding_of(reference: ReferenceModel) -> dict[str, Any]:
    """How a model's tokenizer encodes text; raises PhaselineError where the model has none."""
    path = reference.folder / TOKENIZER
    if not path.is_file():
        raise PhaselineError(f"there is no {TOKENIZER} in {reference.folder}", "save the model with its tokenizer")
    return encoding(path)


def encoding(path: Path) -> dict[str, Any]:
    """What decides how a tokenizer encodes text, in one form whatever version of the library wrote the file."""
    from tokenizers import Tokenizer

    declared = json.loads(Tokenizer.from_file(str(path)).to_str())
    return {field: declared[field] for field in ENCODING_FIELDS}


def refuse_small(reference: ReferenceModel, max_tokens: int) -> None:
    """Raise PhaselineError if a model lacks some of its tokenizer's ids, or reads fewer than ``max_tokens``."""
    from tokenizers import Tokenizer
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(reference.folder, local_files_only=True).get_text_config()
    vocab_size = Tokenizer.from_file(str(reference.folder / TOKENIZER)).get_vocab_size()
    if config.vocab_size < vocab_size:
        raise PhaselineError(
            f"{reference.name} has {config.vocab_size:,} token ids and its tokenizer {vocab_size:,}",
            "name a model whose vocabulary is the tokenizer's",
        )
    context = getattr(config, "max_position_embeddings", max_tokens)  # absent where the context is unbounded
    if context < max_tokens:
        raise PhaselineError(
            f"{reference.name} reads {context:,} tokens, fewer than max_tokens {max_tokens:,}",
            f"lower scoring.max_tokens to {context}, or name a model with a longer context",
        )


def refuse_trained_on(reference: ReferenceModel, shards: Artifact, tokens_to_score: range) -> None:
    """Raise PhaselineError if a model was trained on what it would score, as far as that is known."""
    for text in reference.trained_on:
        if text.shards.asset != shards.asset:
            continue
        if text.shards.digest != shards.digest:
            other = f"{text.shards.asset}@{text.shards.version}"
            raise PhaselineError(
                f"{reference.name} was trained on {other}, which is not {shards.name}",
                f"train it on {shards.name}: what both hold of the same documents cannot be told",
            )
        if ((text.starts < tokens_to_score.stop) & (text.ends > tokens_to_score.start)).any():
            raise PhaselineError(
                f"{reference.name} was trained on tokens of {shards.name} up to {int(text.ends.max()):,}, and would "
                f"score those from {tokens_to_score.start:,} to {tokens_to_score.stop:,}",
                "score another part of the shards, or train the model on another",
            )
