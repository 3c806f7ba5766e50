"""The input: a home with a tokenizer, shards of made-up tokens, and a manifest compiled against them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer, models

from pipelines.shards import ShardsWriter, token_dtype
from pipelines.store import Artifact, Draft, Store
from training.compiler.catalogue import catalogue_of_store
from training.compiler.publication import ensure_manifest
from training.declared.recipe import Recipe
from training.models.presets import model_preset
from training.planning.cost import flops_per_token
from training.runs.run import Run, create_run

END_OF_TEXT = 0
MEDIAN_DOCUMENT = 400  # tokens; log-normal, so the mean is twice that
SPREAD = 1.2
SHARES = {"web": 0.5, "code": 0.25, "math": 0.15, "wiki": 0.1}  # of the tokens, by source
FIRST_PHASE = 0.8  # of the steps, which is where all of them are measured
SEED = 7

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trained:
    """A model and the batches that it is trained on; the sizes are in tokens and in sequences."""

    model: str
    vocab_size: int
    sequence_length: int
    global_batch_size: int

    @property
    def tokens_per_step(self) -> int:
        return self.sequence_length * self.global_batch_size

    @property
    def flops_per_token(self) -> int:
        """FLOPs of a token forward and backward, attention counted in full."""
        return flops_per_token(model_preset(self.model).shape, self.vocab_size, self.sequence_length)


def write_run(folder: Path, trained: Trained, num_steps: int) -> tuple[Store, Run]:
    """A store with shards for so many steps of training in two phases, and the run, which has not begun.

    Each window of a source is read about once.
    """
    store = Store(folder)
    num_tokens = num_steps * trained.tokens_per_step
    tokenizer = make_tokenizer(store, trained.vocab_size)
    shards = {name: make_shards(store, tokenizer, name, round(share * num_tokens)) for name, share in SHARES.items()}
    catalogue = catalogue_of_store(shards, tokenizer)
    parents = [*shards.values(), tokenizer]
    manifest = ensure_manifest(store, recipe(trained, num_tokens), catalogue, None, parents, keep_to_itself).artifact
    return store, create_run(store, manifest)


def recipe(trained: Trained, num_tokens: int) -> Recipe:
    """Two phases, each with a blend of its own."""
    return Recipe.model_validate(
        {
            "name": "benchmark",
            "title": "A run to be timed",
            "seed": SEED,
            "tokens": num_tokens,
            "sequence_length": trained.sequence_length,
            "global_batch_size": trained.global_batch_size,
            "model": trained.model,
            "schedule": {
                "kind": "wsd",
                "peak_lr": 1e-3,
                "final_lr_ratio": 0.1,
                "warmup": {"fraction": 0.1},
                "decay": {"fraction": 0.2, "shape": "linear"},
            },
            "phases": [
                {"name": "diverse", "blend": SHARES, "until": {"fraction": FIRST_PHASE}},
                {"name": "quality", "blend": {"math": 0.5, "wiki": 0.5}},
            ],
        }
    )


def make_tokenizer(store: Store, vocab_size: int) -> Artifact:
    """A tokenizer of so many words, which no text is tokenised with."""

    def make(draft: Draft) -> None:
        words = {f"<{token}>": token for token in range(vocab_size)}
        Tokenizer(models.WordLevel(words, unk_token="<0>")).save(str(draft.folder / "tokenizer.json"))
        draft.facts |= {"vocab_size": vocab_size, "end_of_text": END_OF_TEXT}

    parameters = {"vocab_size": vocab_size}
    return store.ensure("tokenizer", make, code_version="1", parameters=parameters).artifact


def make_shards(store: Store, tokenizer: Artifact, name: str, num_tokens: int) -> Artifact:
    """Documents of random tokens."""
    vocab_size = tokenizer.record.facts["vocab_size"]

    def make(draft: Draft) -> None:
        random = np.random.default_rng([SEED, *name.encode()])
        tokens, lengths = random_documents(random, num_tokens, vocab_size)
        with ShardsWriter(draft.folder) as writer:
            writer.write(tokens.astype(token_dtype(vocab_size)), document_rows(name, lengths))
        draft.facts |= {
            "domain": name,
            "bucket": None,
            "vocab_size": vocab_size,
            "num_tokens": num_tokens,
            "tokens_by_licence": {"CC0-1.0": num_tokens},
            "tokens_by_language": {"en": num_tokens},
        }

    parameters = {"num_tokens": num_tokens}
    return store.ensure(f"shards/{name}", make, code_version="1", parameters=parameters, parents=[tokenizer]).artifact


def random_documents(random: np.random.Generator, num_tokens: int, vocab_size: int) -> tuple[Int64s, Int64s]:
    """Tokens of documents that all end, shape (num_tokens,), and the length of each document."""
    tokens = random.integers(END_OF_TEXT + 1, vocab_size, num_tokens)
    lengths = np.ceil(random.lognormal(np.log(MEDIAN_DOCUMENT), SPREAD, 10 + num_tokens // 100)).astype(np.int64)
    ends = np.cumsum(lengths)
    ends = np.append(ends[ends < num_tokens], num_tokens)
    tokens[ends - 1] = END_OF_TEXT
    return tokens, np.diff(ends, prepend=0)


def document_rows(source: str, lengths: Int64s) -> pa.Table:
    """The rows of the shards' index."""
    same = {"source": source, "licence": "CC0-1.0", "language": "en"}
    return pa.table(
        {
            "id": pa.array([f"{source}{number:016x}" for number in range(len(lengths))]),
            "length": lengths,
            "num_bytes": 4 * lengths,
            **{name: pa.array([value] * len(lengths)) for name, value in same.items()},
        }
    )


def keep_to_itself(_sentence: str) -> None:
    """What the compiler says of a made-up manifest interests nobody."""
