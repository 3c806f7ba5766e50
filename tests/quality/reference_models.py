"""Tiny reference models, their tokenizer, and shards that it made, all as real artifacts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from made_shards import TokenisedDocument, write_shards
from tokenizers import Tokenizer, models, pre_tokenizers

from pipelines.digests import document_id, keyed_hash
from pipelines.store import Artifact, Draft, Store

VOCAB_SIZE = 40
END_OF_TEXT = 0
CONTEXT = 16

Change = Callable[[Any], None]


def word_tokenizer(prefix: str = "w") -> Tokenizer:
    """Token ``i`` is the word ``<prefix><i>``; the end-of-text token is none of them."""
    vocab = {"<|endoftext|>": END_OF_TEXT} | {f"{prefix}{token}": token for token in range(1, VOCAB_SIZE)}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<|endoftext|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def make_tokenizer(store: Store) -> Artifact:
    def make(draft: Draft) -> None:
        word_tokenizer().save(str(draft.folder / "tokenizer.json"))
        draft.facts |= {"vocab_size": VOCAB_SIZE, "end_of_text": END_OF_TEXT}

    return store.ensure("tokenizer", make, code_version="1", parameters={}).artifact


def make_shards(
    store: Store, name: str, documents: Sequence[Sequence[int]], languages: Sequence[str], *, domain: str = "web"
) -> Artifact:
    """Shards of documents given as token ids without the end-of-text token, in hashed order."""
    tokenizer = make_tokenizer(store)
    texts = [" ".join(f"w{token}" for token in tokens) for tokens in documents]
    tokenised = [
        TokenisedDocument(document_id(text), np.array(tokens), len(text), f"source_{name}", "MIT", language)
        for text, tokens, language in zip(texts, documents, languages, strict=True)
    ]
    tokenised.sort(key=lambda document: keyed_hash(document.id, "shards"))

    def make(draft: Draft) -> None:
        num_tokens = write_shards(draft.folder, tokenised, VOCAB_SIZE, END_OF_TEXT)
        draft.facts |= {"domain": domain, "vocab_size": VOCAB_SIZE, "end_of_text": END_OF_TEXT}
        draft.facts["num_tokens"] = num_tokens

    parameters = {"documents": [[*tokens] for tokens in documents], "domain": domain}
    return store.ensure(f"shards/{name}", make, code_version="1", parameters=parameters, parents=[tokenizer]).artifact


def random_documents(seed: int, lengths: Sequence[int]) -> list[list[int]]:
    generator = np.random.default_rng(seed)
    return [generator.integers(1, VOCAB_SIZE, length).tolist() for length in lengths]


def write_model(folder: Path, seed: int, change: Change | None = None, **config: Any) -> Path:
    """A Llama of two layers with large random weights, and its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.manual_seed(seed)
    shape = {
        "vocab_size": VOCAB_SIZE,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": CONTEXT,
        "initializer_range": 0.5,
    }
    model = LlamaForCausalLM(LlamaConfig(**(shape | config)))
    if change is not None:
        with torch.no_grad():
            change(model)
    model.save_pretrained(folder)
    word_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def make_model(store: Store, name: str, seed: int, facts: Mapping[str, Any]) -> Artifact:
    """The same as an artifact of the pipeline."""

    def make(draft: Draft) -> None:
        write_model(draft.folder, seed)
        draft.facts |= facts

    return store.ensure(f"models/{name}", make, code_version="1", parameters={"seed": seed, **facts}).artifact
