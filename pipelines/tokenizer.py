"""The tokenizer: a byte-level BPE trained on a balanced sample of the training documents, or one that exists."""

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Discriminator, Field, Tag

from pipelines.corpus import TRAIN, documents_of, survivors_within_rules
from pipelines.declared import Declared
from pipelines.digests import keyed_hash
from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Draft, Outcome, Store

TOKENIZER_ASSET = "tokenizer"
CODE_VERSION = "2"
TOKENIZER = "tokenizer.json"
END_OF_TEXT = "<|endoftext|>"
SAMPLE_KEY = "tokenizer"
ROUND_TRIP_DOCUMENTS = 500


class TokenizerDeclaration(Declared):
    """What the tokenizer is trained on: the same number of bytes of every domain, or all that it has.

    It is kept once it is trained, as what is made with it cannot be mixed with what another makes. Raising ``fit``
    trains it again on the corpus as it is then.
    """

    fit: Annotated[int, Field(ge=1)] = 1
    vocab_size: Annotated[int, Field(ge=257)]
    sample_bytes_per_domain: Annotated[int, Field(gt=0)]


class TokenizerFolder(Declared):
    """A tokenizer that somebody else has trained: that of the folder of a model, which training is to go on with.

    Args:
        folder: where ``tokenizer.json`` lies; it may name variables of the environment, and a relative path starts at
            the folder of the declaration.
        end_of_text: the token that ends a document.
        vocab_size: the rows of the model's embeddings, where they are more than there are tokens.
        sample_bytes_per_domain: how much text of each domain it is tried on.
    """

    folder: Annotated[str, Field(min_length=1)]
    end_of_text: Annotated[str, Field(min_length=1)]
    vocab_size: Annotated[int, Field(ge=257)] | None = None
    sample_bytes_per_domain: Annotated[int, Field(gt=0)]


def kind_of_tokenizer(value: Any) -> str:
    fields = value if isinstance(value, dict) else vars(value)
    return "folder" if "folder" in fields else "trained"


AnyTokenizer = Annotated[
    Annotated[TokenizerDeclaration, Tag("trained")] | Annotated[TokenizerFolder, Tag("folder")],
    Discriminator(kind_of_tokenizer),
]


def ensure_tokenizer(
    store: Store,
    declared: TokenizerDeclaration,
    corpus: Artifact,
    documents: Sequence[Artifact],
    report: Callable[[str], None],
) -> Outcome:
    """Train ``tokenizer`` on documents of the training split, chosen by a keyed hash of their ids, or keep it.

    Raises:
        PhaselineError: the documents hold too few distinct words for the declared vocabulary.
    """

    def make(draft: Draft) -> None:
        sample = training_sample(declared, corpus, documents)
        num_bytes = pc.sum(pc.binary_length(sample["text"])).as_py() or 0
        report(f"training a BPE of {declared.vocab_size:,} on {num_bytes / 1e6:.1f} MB of text")
        text = train(sample, declared.vocab_size)
        (draft.folder / TOKENIZER).write_text(text)
        vocab = json.loads(text)["model"]["vocab"]
        draft.facts |= {
            "vocab_size": len(vocab),
            "end_of_text": vocab[END_OF_TEXT],
            "sample_documents": len(sample),
            "sample_bytes": num_bytes,
            **round_trip(text, sample),
        }

    return store.ensure(
        TOKENIZER_ASSET,
        make,
        code_version=CODE_VERSION,
        parameters=declared.model_dump(),
        parents=[corpus, *documents],
        keep=True,
    )


def training_sample(
    declared: TokenizerDeclaration | TokenizerFolder, corpus: Artifact, documents: Sequence[Artifact]
) -> pa.Table:
    """Columns id and text: of each domain the documents with the smallest keyed hashes, up to the declared bytes."""
    rows = survivors_within_rules(corpus, split=TRAIN)
    parts = []
    for domain in sorted(pc.unique(rows["domain"]).to_pylist()):
        of_domain = rows.filter(pc.equal(rows["domain"], domain))
        order = np.argsort([keyed_hash(document, SAMPLE_KEY) for document in of_domain["id"].to_pylist()])
        lengths = of_domain["num_bytes"].to_numpy()[order]
        within = np.cumsum(lengths) - lengths < declared.sample_bytes_per_domain
        parts.append(documents_of(of_domain.take(order[within]), documents, ["text"]))
    return pa.concat_tables(parts)


def round_trip(tokenizer: str, sample: pa.Table) -> dict[str, float]:
    """How many documents of a sample differ after encoding and decoding, and their bytes per token."""
    from tokenizers import Tokenizer

    trained = Tokenizer.from_str(tokenizer)
    every = np.arange(0, len(sample), max(1, len(sample) // ROUND_TRIP_DOCUMENTS))
    texts = sample["text"].take(every).to_pylist()
    encoded = trained.encode_batch(texts, add_special_tokens=False)
    decoded = trained.decode_batch([encoding.ids for encoding in encoded], skip_special_tokens=False)
    num_tokens = sum(len(encoding.ids) for encoding in encoded)
    return {
        "num_altered_documents": sum(before != after for before, after in zip(texts, decoded, strict=True)),
        "bytes_per_token": round(sum(len(text.encode()) for text in texts) / num_tokens, 3),
    }


def train(sample: pa.Table, vocab_size: int) -> str:
    """Train a byte-level BPE with GPT-2's pre-tokenisation; returns the JSON that Hugging Face's libraries read."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator((batch["text"].to_pylist() for batch in sample.to_batches(1000)), trainer)
    if tokenizer.get_vocab_size() < vocab_size:
        raise PhaselineError(
            f"the sample gives only {tokenizer.get_vocab_size():,} of {vocab_size:,} tokens",
            "raise tokenizer.sample_bytes_per_domain, or lower tokenizer.vocab_size",
        )
    return str(tokenizer.to_str(pretty=True))
