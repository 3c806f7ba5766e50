"""Prompts for looking at what a model writes: the beginnings of held-out documents, or a person's own."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.errors import PhaselineError
from pipelines.shards import open_shards
from pipelines.store import Artifact
from pipelines.tokenizer import TOKENIZER, TOKENIZER_ASSET

PROMPT_TOKENS = 32
LEAST_TOKENS = PROMPT_TOKENS + 16  # of a document, so that there is something to compare with


@dataclass(frozen=True)
class Prompt:
    """The tokens that a model continues; of a held-out document also the domain, the id and the tokens that follow."""

    token_ids: list[int]
    domain: str | None = None
    document: str | None = None
    following: tuple[int, ...] = ()


def written_prompt(text: str, folder: Path) -> Prompt:
    """A person's prompt for the model in a folder; an empty one asks for any document.

    It is encoded as documents are, without the tokens that a foreign tokenizer would add.
    """
    from tokenizers import Tokenizer

    if not text:
        return Prompt([json.loads((folder / "config.json").read_text())["eos_token_id"]])
    return Prompt(Tokenizer.from_file(str(folder / TOKENIZER)).encode(text, add_special_tokens=False).ids)


def held_out_prompts(
    model: Artifact, held_out: Mapping[str, Artifact], per_domain: int, max_tokens: int, seed: int
) -> Iterator[Prompt]:
    """The beginnings of documents that another seed would choose otherwise; short ones are passed over.

    A beginning takes up at most half of the model's context.

    Args:
        held_out: shards by domain.
        max_tokens: of the document after its beginning.
    """
    length = min(PROMPT_TOKENS, model.record.facts["context"] // 2)
    for domain, artifact in held_out.items():
        shards = open_shards(artifact)
        long_enough = np.flatnonzero(shards.index["length"].to_numpy() >= LEAST_TOKENS)
        chosen = np.random.default_rng(seed).permutation(long_enough)[:per_domain]
        for row in shards.index.take(chosen).to_pylist():
            tokens = shards.tokens[row["offset"] : row["offset"] + row["length"] - 1].tolist()
            yield Prompt(tokens[:length], domain, row["id"], tuple(tokens[length : length + max_tokens]))


def refuse_other_tokenizer(model: Artifact, held_out: Iterable[Artifact]) -> None:
    """Raise PhaselineError if held-out documents were tokenised otherwise than what a model was trained on."""
    (own,) = (parent for parent in model.record.parents if parent.asset == TOKENIZER_ASSET)
    for shards in held_out:
        if own not in shards.record.parents:
            raise PhaselineError(
                f"{shards.name} was not tokenised with {own.asset}@{own.version}, as {model.name} reads it",
                "materialise the held-out documents with that tokenizer, or name another model",
            )
