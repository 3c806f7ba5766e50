"""A small manifest over real shards, for tests that train or walk one."""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from pipelines.shards import TokenisedDocument, write_shards
from pipelines.store import Artifact, Draft, Store
from training.compile import ensure_manifest
from training.recipe import Phase, Recipe, ScheduleDeclaration

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
        draft.facts |= {"num_tokens": num_tokens, "vocab_size": VOCAB_SIZE}

    return store.ensure(
        f"shards/{name}", make, code_version="1", parameters={"seed": seed}, parents=[tokenizer]
    ).artifact


def small_recipe(steps: int = 12, peak_lr: float = 3e-3, global_batch_size: int = 8) -> Recipe:
    """Two phases over three sources, the first of them 7/12 of the steps."""
    return Recipe(
        name="small",
        title="A small run",
        seed=7,
        tokens=steps * global_batch_size * 32,
        sequence_length=32,
        global_batch_size=global_batch_size,
        model="llama_test",
        schedule=ScheduleDeclaration(
            kind="wsd",
            peak_lr=peak_lr,
            final_lr_ratio=0.1,
            warmup_fraction=0.25,
            decay_fraction=0.4,
            decay_shape="one_minus_sqrt",
        ),
        phases=[
            Phase(name="first", fraction=7 / 12, blend={"web": 0.75, "code": 0.25}),
            Phase(name="second", fraction=5 / 12, blend={"web": 0.2, "math": 0.8}),
        ],
    )


def make_manifest(home: Path, recipe: Recipe | None = None) -> tuple[Store, Artifact]:
    """A store with a tokenizer, shards of three sources, and the recipe compiled against them."""
    store = Store(home)
    tokenizer = make_tokenizer(store)
    sizes = {"web": 60, "code": 25, "math": 8}
    shards = {
        name: make_shards(store, tokenizer, name, num_documents, seed)
        for seed, (name, num_documents) in enumerate(sizes.items())
    }
    return store, ensure_manifest(store, recipe or small_recipe(), shards, tokenizer).artifact
