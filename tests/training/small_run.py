"""A small manifest over real shards, for tests that train or walk one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from made_shards import TokenisedDocument, write_shards
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from pipelines.store import Artifact, Draft, Store
from training.compiler.catalogue import catalogue_of_store
from training.compiler.compile import BaseRun
from training.compiler.extents import write_extents
from training.compiler.publication import ensure_manifest
from training.declared.recipe import Recipe
from training.manifest import BaseModelReference, Manifest, write_manifest

END_OF_TEXT = "<|endoftext|>"
VOCAB_SIZE = 280


def make_tokenizer(store: Store) -> Artifact:
    """A byte-level BPE of 280 tokens."""

    def make(draft: Draft) -> None:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=VOCAB_SIZE,
            special_tokens=[END_OF_TEXT],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        words = ["the lesser part of the order is the greater part of the pattern that rests on the others"] * 50
        tokenizer.train_from_iterator(words, trainer)
        assert tokenizer.get_vocab_size() == VOCAB_SIZE
        tokenizer.save(str(draft.folder / "tokenizer.json"))
        draft.facts |= {"vocab_size": VOCAB_SIZE, "end_of_text": tokenizer.token_to_id(END_OF_TEXT)}

    return store.ensure("tokenizer", make, code_version="1", parameters={}).artifact


def make_shards(store: Store, tokenizer: Artifact, name: str, num_documents: int, seed: int) -> Artifact:
    """Documents of 5 to 60 random tokens, the low ids more frequent, so that there is something to learn."""

    def make(draft: Draft) -> None:
        random = np.random.default_rng(seed)
        documents = [
            TokenisedDocument(
                id=f"{seed:016x}{number:016x}",
                token_ids=1 + (random.random(random.integers(5, 60)) ** 3 * (VOCAB_SIZE - 1)).astype(np.int64),
                num_bytes=100,
                source=name,
                licence="CC0-1.0",
                language="en",
            )
            for number in range(num_documents)
        ]
        facts = tokenizer.record.facts
        num_tokens = write_shards(draft.folder, documents, VOCAB_SIZE, facts["end_of_text"])
        draft.facts |= {
            "domain": name,
            "bucket": None,
            "vocab_size": VOCAB_SIZE,
            "num_tokens": num_tokens,
            "tokens_by_licence": {"CC0-1.0": num_tokens},
            "tokens_by_language": {"en": num_tokens},
        }

    return store.ensure(
        f"shards/{name}", make, code_version="1", parameters={"seed": seed}, parents=[tokenizer]
    ).artifact


def small_recipe(steps: int = 12, peak_lr: float = 3e-3, **changes: Any) -> Recipe:
    """Two phases over three sources: 7/12 of the steps with 16 sequences of 16 tokens, the others with 12 of 32."""
    first_steps = round(steps * 7 / 12)
    tokens_per_step = {"first": 16 * 16, "second": 12 * 32}
    tokens = first_steps * tokens_per_step["first"] + (steps - first_steps) * tokens_per_step["second"]
    return Recipe.model_validate(
        {
            "name": "small",
            "title": "A small run",
            "seed": 7,
            "tokens": -(-tokens // tokens_per_step["second"]) * tokens_per_step["second"],
            "sequence_length": 32,
            "global_batch_size": 12,
            "model": "llama_test",
            "schedule": {
                "kind": "wsd",
                "peak_lr": peak_lr,
                "final_lr_ratio": 0.1,
                "warmup": {"fraction": 0.25},
                "decay": {"fraction": 0.4, "shape": "one_minus_sqrt"},
            },
            "phases": [
                {
                    "name": "first",
                    "blend": {"web": 0.75, "code": 0.25},
                    "until": {"samples": first_steps * 16},
                    "sequence_length": 16,
                    "global_batch_size": 16,
                },
                {"name": "second", "blend": {"web": 0.2, "math": 0.8}},
            ],
        }
        | changes
    )


def make_manifest(home: Path, recipe: Recipe | None = None) -> tuple[Store, Artifact]:
    """A store with a tokenizer, shards of three sources, and the recipe compiled against them."""
    store = Store(home)
    return store, compiled(store, recipe or small_recipe())


def compiled(
    store: Store,
    recipe: Recipe,
    base: BaseRun | BaseModelReference | None = None,
    base_models: Sequence[Artifact] = (),
) -> Artifact:
    """The newest manifest of a recipe over the store's shards."""
    tokenizer = make_tokenizer(store)
    sizes = {"web": 60, "code": 25, "math": 8}
    shards = {
        name: make_shards(store, tokenizer, name, num_documents, seed)
        for seed, (name, num_documents) in enumerate(sizes.items())
    }
    parents = [*shards.values(), tokenizer, *base_models]
    return ensure_manifest(store, recipe, catalogue_of_store(shards, tokenizer), base, parents, print).artifact


def publish(
    store: Store, manifest: Manifest, extents: Mapping[str, npt.NDArray[np.int64]], parents: Sequence[Artifact]
) -> Artifact:
    """The newest manifest of its recipe, with this content."""

    def make(draft: Draft) -> None:
        write_manifest(manifest, draft.folder)
        write_extents(draft.folder, extents)
        draft.facts |= {"manifest_digest": manifest.digest}

    return store.ensure(
        f"manifests/{manifest.recipe}",
        make,
        code_version="1",
        parameters=manifest.model_dump(mode="json"),
        parents=parents,
    ).artifact
